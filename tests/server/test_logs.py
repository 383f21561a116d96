"""Logging."""

import logging

import pytest
from gatescope.server.logs import configure_logging


def test_logging_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logging("warning")
        logging.getLogger("gatescope.test").warning("seen")
        logging.getLogger("gatescope.test").info("not seen")
        out, err = capfd.readouterr()
    finally:
        root.handlers, root.level = before
    assert out == ""
    assert err.endswith(" WARNING gatescope.test: seen\n")
