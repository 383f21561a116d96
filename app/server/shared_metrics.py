"""Metrics of several processes: the folder into which each writes its figures.

This imports nothing of prometheus_client, which reads the variable when it is imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """Let the processes that are started meanwhile add up their metrics, in a folder that is removed at the end.

    A folder that the environment names already is used, without the figures of an earlier run, and is kept.
    """
    if named := os.environ.get(VARIABLE):
        folder = Path(named)
        folder.mkdir(parents=True, exist_ok=True)
        for figures in folder.glob("*.db"):
            figures.unlink()
        yield folder
        return
    with TemporaryDirectory(prefix="gatescope-metrics-") as temporary:
        os.environ[VARIABLE] = temporary
        try:
            yield Path(temporary)
        finally:
            del os.environ[VARIABLE]
