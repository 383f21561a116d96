"""Take pictures of the page in named states: `python -m browser.screenshots FOLDER [STATE ...]`."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import chromium
from playwright.sync_api import sync_playwright

from .states import STATES, show

PATIENCE = 300_000  # ms, on a machine that has much else to do


def main(folder: Path, names: list[str]) -> None:
    """Write a PNG for each state."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "gatescope.cli", "serve", "--port", str(port)])
    try:
        wait_for(f"{address}/readyz")
        with sync_playwright() as playwright:
            arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=arguments)
            for name in names or STATES:
                state = STATES[name]
                size = {"width": state.width, "height": state.height}
                page = browser.new_page(
                    viewport=size, color_scheme=state.scheme, device_scale_factor=1.5, reduced_motion="reduce"
                )
                page.set_default_timeout(PATIENCE)
                show(page, address, state)
                path = folder / f"{name}.png"
                if state.part:
                    page.locator(state.part).screenshot(path=path)
                else:
                    page.screenshot(path=path, full_page=state.width < 500)
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    """Wait up to half a minute for an answer."""
    for _ in range(300):
        try:
            urlopen(url).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer within 30 s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
