"""How the time of a trace grows with the length of the sequence, and with the hidden size."""

from collections.abc import Sequence
from functools import partial
from math import log
from statistics import linear_regression
from typing import Any

import torch
from gatescope import trace_module
from rich.progress import track

from .cases import CELLS, module_and_input
from .report import Section, Table
from .timing import interleave, threads

LENGTHS, SIZE = (100, 300, 1_000, 3_000, 10_000), 128
SIZES, LENGTH = (64, 128, 256, 512, 1024), 100
Pairs = Sequence[tuple[int, int]]  # of T and H
SWEEPS: dict[str, Pairs] = {
    "T": [(length, SIZE) for length in LENGTHS],
    "H": [(LENGTH, size) for size in SIZES],
}


@torch.inference_mode()
def measure(sweeps: dict[str, Pairs] = SWEEPS, budget: float = 5.0) -> list[dict[str, Any]]:
    """Seconds of a trace at batch 1 and on one thread, along every sweep; ``budget`` is for one sweep of one cell."""
    results = []
    with threads(1):
        for cell, (over, pairs) in track([(cell, sweep) for cell in CELLS for sweep in sweeps.items()], "scaling"):
            runs = {(t, h): partial(trace_module, *module_and_input(cell, h, t, 1)) for t, h in pairs}
            seconds = interleave(runs, budget)
            results += [{"cell": cell, "over": over, "T": t, "H": h, "seconds": s} for (t, h), s in seconds.items()]
    return results


def section(results: list[dict[str, Any]]) -> Section:
    """Present what ``measure`` returns."""
    sweeps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for each in results:
        sweeps.setdefault((each["cell"], each["over"]), []).append(each)
    exponents = [
        (cell.upper(), over, f"{points[0][over]:,} … {points[-1][over]:,}", exponent(points, over))
        for (cell, over), points in sweeps.items()
    ]
    times = [
        (
            each["cell"].upper(),
            each["over"],
            each["T"],
            each["H"],
            1e3 * each["seconds"],
            1e6 * each["seconds"] / each["T"],
        )
        for each in results
    ]
    return Section(
        "Scaling",
        "`trace_module` at B = 1 on one thread, E = H. The exponent is the slope of a straight line through the "
        "logarithms: 1 is linear. The products grow with the square of H, all else linearly.",
        [
            Table(("cell", "over", "range", "exponent"), exponents),
            Table(("cell", "over", "T", "H", "trace, ms", "a step, µs"), times),
        ],
    )


def exponent(points: list[dict[str, Any]], over: str) -> float:
    """The slope of the logarithm of the time over that of ``over``."""
    return linear_regression(*([log(each[name]) for each in points] for name in (over, "seconds"))).slope
