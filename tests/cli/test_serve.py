"""gatescope serve, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

SERVE = [sys.executable, "-m", "gatescope.cli", "serve"]


def test_serves_from_any_directory_and_prints_its_address(models: Path, tmp_path: Path) -> None:
    command = [*SERVE, "--port", "0", "--models", str(models)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        try:
            line = process.stdout.readline()
            found = re.fullmatch(r"Gatescope is at (http://127\.0\.0\.1:\d+/) \(Ctrl-C stops it\)\n", line)
            assert found, line + process.stderr.read()
            assert httpx2.get(f"{found.group(1)}readyz").json()["models"] == 5
            httpx2.get(f"{found.group(1)}api/v1/models/lstm/trace", params={"text": "xylophone"})
        finally:
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read() + process.stderr.read()
    assert process.returncode == 0
    assert "xylophone" not in rest, "what people type must not be logged"


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (
            ["--port", "70000"],
            {},
            "gatescope: the setting port (GATESCOPE_PORT): Input should be less than or equal to 6",
        ),
        ([], {"GATESCOPE_PORT": "x"}, "(GATESCOPE_PORT): Input should be a valid integer, unable to parse string"),
        (
            [],
            {"GATESCOPE_LOG_LEVEL": "loud"},
            "(GATESCOPE_LOG_LEVEL): Input should be 'debug', 'info', 'warning' or 'error'",
        ),
    ],
)
def test_bad_setting(arguments: list[str], environment: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [*SERVE, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
