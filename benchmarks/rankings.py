"""Rankings: every unit of a layer silenced in turn, against a batch of as many different sentences."""

from collections.abc import Iterable
from functools import partial
from itertools import product
from typing import Any

import torch
from gatescope import rank, trace_module
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from rich.progress import track

from .report import Goal, Section, Table
from .timing import interleave, threads

CELLS: tuple[CellName, ...] = ("lstm", "gru")
INPUTS, VOCABULARY_SIZE = (32, 128), 1000
MISSED = (
    "At this E the input products, which are all that runs share, are a fifth of the multiplications. Amending each "
    "step takes half of what that gains, and checking, binding and reporting takes about a millisecond."
)
LIMIT = 1.0  # of the time that a batch of as many sentences takes


def measure(
    cells: Iterable[CellName] = CELLS,
    inputs: Iterable[int] = INPUTS,
    steps: int = 30,
    size: int = 128,
    budget: float = 5.0,
) -> list[dict[str, Any]]:
    """Seconds of a batch of traces, and of rankings; on one thread."""
    cases = list(product(cells, inputs))
    with threads(1):
        return [measure_case(*case, steps, size, budget) for case in track(cases, "rankings")]


def measure_case(cell: CellName, inputs: int, steps: int, size: int, budget: float) -> dict[str, Any]:
    """A case, and its seconds."""
    return {"cell": cell, "inputs": inputs, "steps": steps, "size": size} | interleave(
        contestants(cell, inputs, steps, size), budget
    )


def contestants(cell: CellName, inputs: int, steps: int, size: int) -> dict[str, Any]:
    """The ways that are measured."""
    network = Network(NetworkConfig(cell, VOCABULARY_SIZE, inputs, size, outputs=1)).eval()
    network.requires_grad_(requires_grad=False)
    ids = torch.randint(VOCABULARY_SIZE, (size, steps))
    tokens = [Token("word", 0, 4, each, known=True) for each in ids[0].tolist()]

    @torch.inference_mode()
    def batch() -> object:
        return trace_module(network.recurrent, network.embedding(ids))

    return {
        "batch": batch,
        "units": partial(rank, network, tokens, "units", together=()),
        "groups": partial(rank, network, tokens, "units"),
        "words": partial(rank, network, tokens, "words", together=()),
    }


def section(results: list[dict[str, Any]]) -> Section:
    """What ``measure`` returned, for people."""
    rows = [
        (
            each["cell"],
            each["inputs"],
            each["units"] / each["batch"],
            each["groups"] / each["batch"],
            each["words"] / each["batch"],
            1e3 * each["units"],
            1e3 * each["batch"],
        )
        for each in results
    ]
    steps, size = results[0]["steps"], results[0]["size"]
    return Section(
        "Rankings",
        f"`gatescope.rank` over {steps} words with H = {size}, against `batch`, which traces a batch of {size} "
        "different sentences of that length by `trace_module`, embedded, without outputs; on one thread. `units` "
        f"silences each of the {size} units in a run of its own; `groups` then edits the first 1, 2, 4 … and all of "
        "them together; `words` keeps each word from being written. All runs read the same words, whose input "
        "products are made once: that gains the more, the larger E is.",
        [Table(("cell", "E", "units / batch", "groups / batch", "words / batch", "units, ms", "batch, ms"), rows)],
        [
            Goal(f"{each['cell'].upper()}, E = {each['inputs']}: units / batch", each["units"] / each["batch"], LIMIT)
            for each in results
        ],
        {f"{cell.upper()}, E = {min(INPUTS)}: units / batch": MISSED for cell in CELLS},
    )
