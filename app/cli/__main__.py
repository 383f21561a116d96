"""Run the command line as ``python -m gatescope.cli``."""

from . import app

app(prog_name="gatescope")
