"""What every test shares: the browser, and the application over small random models."""

import os
import signal
from pathlib import Path
from typing import Any

import chromium
import hypothesis
import pytest
from serving import client, random_models
from starlette.testclient import TestClient

pytest_plugins = ["quick"]

hypothesis.settings.register_profile("untimed", deadline=None)  # how fast a machine is decides no test
hypothesis.settings.load_profile("untimed")

os.environ.setdefault("GATESCOPE_ALLOWED_HOSTS", "testserver")  # what a TestClient calls the application
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # inherited, as by what a shell starts in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["GATESCOPE_IMPORTED"] = ""  # what whoever runs the tests has imported is not looked at


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """How pytest-playwright starts the browser: the Chromium of this machine, silent towards the network."""
    try:
        path = chromium.find()
    except chromium.ChromiumMissingError as error:
        pytest.fail(f"{error}; `make check` does so where it can", pytrace=False)
    quiet = ["background-networking", "component-update", "sync", "quic"]
    # Pages of one context share a process, in which scripts that are compiled stay so (see `visiting`).
    args = [*(f"--disable-{each}" for each in quiet), "--no-first-run", "--process-per-site"]
    if os.geteuid() == 0:
        args.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": path, "args": args}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small random models, one of them broken."""
    return random_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def api(models: Path) -> TestClient:
    """A client of the application over those models."""
    return client(models)
