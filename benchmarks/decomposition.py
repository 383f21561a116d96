"""A decomposition, against the trace that it is of."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import torch
from gatescope import Decomposition, Trace, decompose
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from rich.progress import track

from .report import Goal, Section, Table
from .timing import interleave, threads

CELLS: tuple[CellName, ...] = ("lstm", "gru", "coupled_lstm", "mingru")
INPUTS, VOCABULARY_SIZE = 32, 1000
LIMITS = {(60, 128): 0.5, (2000, 512): 3.0}  # goals by T and H, as multiples of the trace
GOALS_OF = ("lstm", "gru")


def measure(
    cells: Iterable[CellName] = CELLS, sizes: Iterable[tuple[int, int]] = tuple(LIMITS), budget: float = 3.0
) -> list[dict[str, Any]]:
    """Seconds of a trace, of its decomposition, and of all that a decomposition has; on one thread."""
    cases = [(cell, steps, size) for cell in cells for steps, size in sizes]
    with threads(1):
        return [measure_case(*case, budget) for case in track(cases, "decomposition")]


def measure_case(cell: CellName, steps: int, size: int, budget: float) -> dict[str, Any]:
    """A case, and its seconds."""
    network = Network(NetworkConfig(cell, VOCABULARY_SIZE, INPUTS, size, outputs=1)).eval()
    network.requires_grad_(requires_grad=False)
    tokens = [Token("word", 0, 4, each, known=True) for each in torch.randint(VOCABULARY_SIZE, (steps,)).tolist()]
    made = trace(network, tokens)
    ways = {
        "trace": partial(trace, network, tokens),
        "ours": partial(decompose, made),
        "everything": partial(everything, made),
    }
    return {"cell": cell, "steps": steps, "size": size, **interleave(ways, budget)}


def everything(made: Trace) -> list[Any]:
    """All arrays over steps and columns, those included that are computed only when they are asked for."""
    parts: Decomposition = decompose(made)
    return [parts.remaining, parts.new, parts.cancellation, parts.change, parts.memory_weights]


def section(results: list[dict[str, Any]]) -> Section:
    """What ``measure`` returned, for people."""
    rows = [
        (
            each["cell"],
            each["steps"],
            each["size"],
            each["ours"] / each["trace"],
            each["everything"] / each["trace"],
            1e3 * each["ours"],
            1e3 * each["trace"],
        )
        for each in results
    ]
    return Section(
        "Decomposition",
        "What the memory is made of at each step, against the compiled trace in float32 that it is of, on one thread. "
        "`ours` is `decompose(trace)`: the amounts and shares of every pair of steps, in float64. `everything` has "
        "what is computed only when it is asked for as well: how shares change, and the weights of a GRU. The trace "
        "of a cell without recurrent weights takes little: it grows with T, and the pairs with T².",
        [Table(("cell", "T", "H", "ours / trace", "everything / trace", "ours, ms", "trace, ms"), rows)],
        [
            Goal(f"{each['cell'].upper()}, T = {each['steps']}, H = {each['size']}: ours / trace", ratio, limit)
            for each in results
            if each["cell"] in GOALS_OF and (limit := LIMITS.get((each["steps"], each["size"])))
            for ratio in [each["ours"] / each["trace"]]
        ],
    )
