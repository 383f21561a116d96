"""Find the Chromium that the browser tests drive; as a script, install one if there is none, and print its path."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
ADVICE = (
    "install one (Debian: sudo apt-get install chromium; others: .venv/bin/playwright install --with-deps chromium), "
    "or name one by the environment variable CHROMIUM"
)
PLAYWRIGHT = [sys.executable, "-m", "playwright", "install", "chromium"]
APT = [
    ["apt-get", "update", "-qq"],
    ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"],
]
# In a process of its own, because a thread cannot hold two of Playwright's event loops, and pytest's may be running.
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
)


class ChromiumMissingError(Exception):
    """There is no Chromium that runs; the message says what to do."""


def find() -> str:
    """The path of a Chromium that runs: $CHROMIUM, one on PATH, or Playwright's own.

    Raises ChromiumMissingError if there is none, or if $CHROMIUM does not run.
    """
    if chosen := os.environ.get("CHROMIUM"):
        if path := _running(chosen):
            return path
        raise ChromiumMissingError(f"the environment variable CHROMIUM names {chosen!r}, which does not run: {ADVICE}")
    for name in NAMES:
        if path := _running(name):
            return path
    own = subprocess.run([sys.executable, "-c", PLAYWRIGHTS_OWN], capture_output=True, text=True, check=False)
    if path := _running(own.stdout.strip()):
        return path
    raise ChromiumMissingError(f"no Chromium runs on this machine: {ADVICE}")


def install() -> None:
    """Install a Chromium: Debian's for root, otherwise Playwright's. Whether it worked, `find` tells."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in APT:
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        # Ubuntu's package of this name is a stub for a snap, which does not run in a container.
        if any(_running(name) for name in NAMES):
            return
    subprocess.run(PLAYWRIGHT, check=False)


def main() -> None:
    """Print the path of a Chromium, after installing one if there is none."""
    try:
        path = find()
    except ChromiumMissingError:
        if os.environ.get("CHROMIUM"):
            raise
        print("Installing Chromium for the browser tests", flush=True)
        install()
        path = find()
    print(f"Browser: {path}")


def _running(name: str) -> str | None:
    """The path of a program, if it can say its version."""
    path = shutil.which(name)
    try:
        if path and subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0:
            return path
    except (OSError, subprocess.TimeoutExpired):
        pass
    return None


if __name__ == "__main__":
    try:
        main()
    except ChromiumMissingError as error:
        sys.exit(f"The browser tests cannot run: {error}.")
