"""How far a step is from the least that it can take: reading the recurrent weights once, at the speed of the cache."""

from collections.abc import Iterable
from typing import Any

import numba
import numpy as np
import torch
from gatescope import trace_module
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.modules import weights_of
from rich.progress import track
from torch.nn.functional import linear

from .cases import CELLS, module_and_input
from .report import Section, Table
from .timing import interleave, threads

SIZES, STEPS = (32, 64, 128, 256, 512), 500
PASSES = 16  # over the weights in one call of ``read``, so that the call itself costs little beside them


@numba.njit(fastmath=True)
def read(array: np.ndarray, passes: int) -> float:
    """Read all of a vector again and again, four quarters side by side, which must be of one length; gives the sum."""
    quarter = len(array) // 4
    a, b, c, d = array[:quarter], array[quarter : 2 * quarter], array[2 * quarter : 3 * quarter], array[3 * quarter :]
    s = t = u = v = np.float32(0)
    for _ in range(passes):
        for k in range(quarter):
            s += a[k]
            t += b[k]
            u += c[k]
            v += d[k]
    return s + t + u + v


def measure(sizes: Iterable[int] = SIZES, steps: int = STEPS, budget: float = 1.0) -> list[dict[str, Any]]:
    """The parts of a step's time for every cell and hidden size, at batch 1 and on one thread."""
    cases = [(cell, size) for cell in CELLS for size in sizes]
    return [measure_case(cell, size, steps, budget) for cell, size in track(cases, "roofline")]


@torch.inference_mode()
def measure_case(cell: CellName, size: int, steps: int, budget: float) -> dict[str, Any]:
    """Bytes of the recurrent weights; seconds to read them, in two ways, of a step, and of its input product."""
    module, x = module_and_input(cell, size, steps, 1)
    weights, h = weights_of(module, 0, "forward"), torch.randn(size)
    flat = weights.w_hh.detach().flatten().numpy()
    with threads(1):
        seconds = interleave(
            {
                "sum": lambda: read(flat, PASSES),
                "mv": lambda: torch.mv(weights.w_hh, h),
                "ours": lambda: trace_module(module, x),
                "inputs": lambda: linear(x, weights.w_ih, weights.b_ih),
            },
            budget,
        )
    return {
        "cell": cell,
        "size": size,
        "bytes": flat.nbytes,
        "sum": seconds["sum"] / PASSES,
        "mv": seconds["mv"],
        "step": seconds["ours"] / steps,
        "inputs": seconds["inputs"] / steps,
    }


def section(results: list[dict[str, Any]]) -> Section:
    """Present what ``measure`` returns."""
    rows = []
    for each in results:
        least, way = min((each[way], way) for way in ("sum", "mv"))
        taken = each["step"] - each["inputs"]
        gigabytes = each["bytes"] / least / 1e9
        rows.append(
            (each["cell"].upper(), each["size"], taken / least, 1e6 * taken, 1e6 * least, each["bytes"], gigabytes, way)
        )
    return Section(
        "Roofline",
        f"A step must read the recurrent weights once. `step` is the time of `trace_module` at B = 1, T = {STEPS}, on "
        "one thread, less the product of all inputs as PyTorch makes it, divided by T. `least` is the time to read as "
        "many bytes again and again from the cache that holds them: by a compiled sum or by `torch.mv`, whichever is "
        "faster.",
        [Table(("cell", "H", "step / least", "step, µs", "least, µs", "bytes", "GB/s", "by"), rows)],
    )
