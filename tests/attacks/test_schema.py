"""Requests made from the OpenAPI document, by Schemathesis: right, wrong, and at every edge of a schema."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from quick import Length

HERE = Path(__file__).parent
EXAMPLES, FEW = 2_000, 20  # of each operation; besides them come some hundred at the edges of its schema
COMMAND = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"), "run"]


@pytest.mark.attack("some 1,900 requests, chosen by a process of its own", seconds=25)
def test_every_answer_is_as_the_document_says(attacked: str, length: Length, tmp_path: Path) -> None:
    options = ["--checks", "all", "--phases", "examples,coverage,fuzzing", "--seed", str(length.seed), "--no-color"]
    many = str(EXAMPLES if length.is_full else FEW)
    done = subprocess.run(
        [*COMMAND, f"{attacked}/api/v1/openapi.json", *options, "--max-examples", many],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    selected, known = re.findall(r"Operations: +(\d+) selected / (\d+) total", done.stdout)[0]
    assert selected == known
    assert int(re.findall(r"(\d+) generated", done.stdout)[0]) > 1_000
