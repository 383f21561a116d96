"""What the Makefile and its scripts do on machines unlike this one: PATH holds only what a test puts there."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import chromium
import pytest

ROOT = Path(__file__).parent.parent
MAKE = shutil.which("make")
RUNS, FAILS = "exit 0", "exit 127"


class Machine:
    """A copy of the set-up in an empty folder, and programs that do what a line of shell says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "bin"
        self.programs.mkdir()
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "package.json", "package-lock.json"):
            shutil.copy(ROOT / name, folder / name)
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        for name in ("awk", "ln", "touch"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        self.program("id", "echo 1000")

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def touch(self, *names: str) -> None:
        """Make the files newer than all others."""
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (time.time() + 10, time.time() + 10))

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(MAKE), *arguments]
        environment = {"PATH": str(self.programs)}
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_make_alone_lists_every_target(machine: Machine) -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[1] for line in machine.make().stdout.splitlines()] == phony.split()


def test_second_run_asks_pip_for_nothing_until_the_dependencies_change(machine: Machine) -> None:
    machine.program("python3", RUNS)
    assert "pip --disable" in machine.make("-n", "test").stdout
    machine.touch(".venv/bin/pip", ".venv/.installed-test")
    assert "pip --disable" not in machine.make("-n", "test").stdout
    for changed in ("pyproject.toml", "constraints.txt"):
        machine.touch(".venv/.installed-test")
        os.utime(machine.folder / changed, (time.time() + 20, time.time() + 20))
        assert "install --constraint constraints.txt --editable '.[test]'" in machine.make("-n", "test").stdout


@pytest.mark.parametrize(
    ("target", "options"), [("test", "--quick --cov --cov-fail-under=95 --numprocesses"), ("check", "--numprocesses")]
)
def test_tests_run_on_every_core_and_the_quick_run_measures_coverage(
    machine: Machine, target: str, options: str
) -> None:
    machine.program("python3", RUNS)
    assert f"pytest {options}" in machine.make("-n", target).stdout.splitlines()[-1]
    chosen = machine.make("-n", target, "ARGS=tests/store -k model").stdout
    assert chosen.splitlines()[-1].endswith("pytest tests/store -k model")


def test_what_is_continuously_integrated_is_lint_and_every_test() -> None:
    assert (ROOT / ".ci/run").read_text().split("\n")[-4:] == ["make lint", "make test", "make check", ""]


def test_first_python_that_runs_and_is_new_enough_is_taken(machine: Machine) -> None:
    too_old = "import sys; sys.version_info = (3, 10); exec(sys.argv[2])"
    machine.program("python3", f'exec {sys.executable} -c "{too_old}" "$@"')
    machine.program("python3.13", FAILS)  # a shim of a version that is not installed
    machine.program("python3.12", RUNS)
    machine.program("python3.11", RUNS)
    assert "python3.12 -m venv .venv" in machine.make("-n", ".venv/bin/pip").stdout


def test_missing_python_is_named(machine: Machine) -> None:
    machine.program("python3", FAILS)
    run = machine.make("run")
    assert run.returncode == 2
    assert "Gatescope needs Python 3.11 or newer, and none is on PATH" in run.stderr


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("run", "venv for python3 is missing: install it, then run make again. {}python3-venv\n"),
        (
            "check",
            "rsvg-convert (which paints saved pictures) is missing: install it, then run make again. {}librsvg2-bin\n",
        ),
        ("node_modules/.package-lock.json", "Node.js is missing: install it, then run make again. {}nodejs npm\n"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_installs_it(
    machine: Machine, target: str, message: str
) -> None:
    machine.program("python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    if target == "check":
        machine.touch(".venv/bin/pip", ".venv/.installed-test", "node_modules/.package-lock.json")
    run = machine.make(target)
    assert run.returncode == 2
    assert message.format("On Debian and Ubuntu: sudo apt-get install ") in run.stderr


def test_root_gets_what_is_missing(machine: Machine) -> None:
    machine.program("id", "echo 0")
    machine.program("npm-of-debian", RUNS)
    machine.program("apt-get", f'echo "$*" >> log; ln -sf npm-of-debian {machine.programs}/npm')
    machine.touch("node_modules/.keep")
    assert machine.make("node_modules/.package-lock.json").returncode == 0
    log = (machine.folder / "log").read_text().splitlines()
    assert log == ["update -qq", "install -qq --no-install-recommends nodejs npm"]


@pytest.fixture
def without_browser(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine that has no browser, ours or Playwright's, and from which Playwright's cannot be downloaded."""
    monkeypatch.setenv("PATH", str(machine.programs))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(machine.folder))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(chromium, "PLAYWRIGHT", ["touch", str(machine.folder / "asked")])
    return machine


def test_first_browser_that_runs_is_taken(without_browser: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    without_browser.program("chromium-browser", FAILS)  # Ubuntu's stub where there is no snap
    without_browser.program("google-chrome", RUNS)
    assert chromium.find() == str(without_browser.programs / "google-chrome")
    without_browser.program("my-browser", RUNS)
    monkeypatch.setenv("CHROMIUM", "my-browser")
    assert chromium.find() == str(without_browser.programs / "my-browser")


@pytest.mark.slow("starts Playwright", seconds=2)
def test_browser_of_playwright_is_found(without_browser: Machine) -> None:
    with pytest.raises(chromium.ChromiumMissingError):
        chromium.find()
    command = [sys.executable, "-c", chromium.PLAYWRIGHTS_OWN]
    path = Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())
    path.parent.mkdir(parents=True)
    shutil.copy(without_browser.programs / "id", path)
    assert chromium.find() == str(path)


def test_missing_browser_is_named_once_installing_one_has_failed(without_browser: Machine) -> None:
    with pytest.raises(chromium.ChromiumMissingError, match=r"^no Chromium runs on this machine: install one "):
        chromium.main()
    assert (without_browser.folder / "asked").exists()


def test_chosen_browser_that_does_not_run_is_named(without_browser: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    without_browser.program("chromium", RUNS)
    monkeypatch.setenv("CHROMIUM", "/no/such/browser")
    with pytest.raises(chromium.ChromiumMissingError, match="CHROMIUM names '/no/such/browser', which does not run"):
        chromium.main()
    assert not (without_browser.folder / "asked").exists()


def test_root_gets_the_browser_of_debian(
    without_browser: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    without_browser.program("chromium-of-debian", RUNS)
    browser = without_browser.programs / "chromium"
    without_browser.program("apt-get", f"ln -sf chromium-of-debian {browser}")
    chromium.main()
    assert capsys.readouterr().out.splitlines()[-1] == f"Browser: {browser}"
    assert not (without_browser.folder / "asked").exists()
