"""What the kernels cost at the start: their import from a warm cache, and the first trace beside the second."""

import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from rich.progress import track

from .load import load
from .report import Goal, Section, Table
from .service import get, post, save_random_model, worker

IMPORT = """
import torch
from time import perf_counter
begin = perf_counter()
import gatescope.recurrent.engine.compiled
print(perf_counter() - begin)
"""
ASKED = ("first", "second", "third")


def measure(rounds: int = 7) -> dict[str, float]:
    """Seconds: of an import in a process of its own, after torch's; and of a new worker's first traces."""
    texts, trace = random.Random(0), post("base64")
    imports: list[float] = []
    traces: dict[str, list[float]] = {name: [] for name in ASKED}
    with tempfile.TemporaryDirectory() as folder:
        save_random_model(Path(folder))
        for _ in track(range(rounds), "start"):
            imports.append(float(subprocess.check_output([sys.executable, "-c", IMPORT])))
            with worker(Path(folder)) as (_, address):
                load(address, [get(texts)], 1)  # which waits until the worker is up
                for seconds in traces.values():
                    seconds += load(address, [trace(texts)], 1).latencies
    return {name: median(seconds) for name, seconds in {"import": imports, **traces}.items()}


def section(results: dict[str, Any]) -> Section:
    """Present what ``measure`` returns."""
    return Section(
        "Start",
        "The import of Numba and of the compiled kernels, from the cache of earlier runs, in a process that has torch "
        "already; and traces of 20 words, H = 128, that a worker just started is asked for, one after the other.",
        [
            Table(
                ("trace", "time / that of the second", "ms"),
                [(name, results[name] / results["second"], 1e3 * results[name]) for name in ASKED],
            )
        ],
        [
            Goal("import of the kernels, s", results["import"], 1.0),
            Goal("first trace / second", results["first"] / results["second"], 1.5),
        ],
    )
