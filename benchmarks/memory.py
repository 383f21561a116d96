"""What it takes to know how every state depends on every earlier one: ours, and by automatic differentiation."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.memory.distance import norms
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from rich.progress import track
from torch import Tensor

from .report import Goal, Section, Table, written
from .timing import interleave, threads

CELLS: tuple[CellName, ...] = ("rnn", "gru", "lstm")
STEPS, SIZE, INPUTS, VOCABULARY_SIZE = 60, 128, 32, 1000
SAMPLE = 64  # of the pairs of a step and a state, each of which would take a backward pass
CHUNK = 256  # rows that jacrev carries back at a time

LIMITS = {"rnn": 250, "gru": 250, "lstm": 700}  # goals, in milliseconds
LEAST = {"jacrev": 20, "backward": 100}  # goals, as multiples of ours


def measure(
    cells: Iterable[CellName] = CELLS, steps: int = STEPS, size: int = SIZE, budget: float = 5.0
) -> list[dict[str, Any]]:
    """Seconds of every way, for every cell, on one thread."""
    results = []
    with threads(1):
        for cell in track(list(cells), "memory"):
            ways = contestants(cell, steps, size)
            states = steps * size * (2 if cell == "lstm" else 1)
            seconds = interleave(ways, budget)
            seconds["backward"] *= states / min(SAMPLE, states)
            results.append({"cell": cell, "steps": steps, "size": size, **seconds})
    return results


def contestants(cell: CellName, steps: int, size: int) -> dict[str, Callable[[], Any]]:
    """A call for each way, over the same trace; ``backward`` does only a sample of its work."""
    network = (
        Network(NetworkConfig(cell, VOCABULARY_SIZE, INPUTS, size, outputs=1))
        .eval()
        .requires_grad_(requires_grad=False)
    )
    ids = torch.randint(VOCABULARY_SIZE, (steps,))
    whole = trace(network, [Token("word", 0, 4, id_, known=True) for id_ in ids.tolist()])
    x, states = network.embedding(ids), size * (2 if cell == "lstm" else 1)
    sample = np.linspace(0, steps * states - 1, min(SAMPLE, steps * states)).astype(int).tolist()

    def ours() -> np.ndarray:
        [(_, jacobians)] = layer_jacobians(network, whole)
        return norms(jacobians)

    def pushed(pushes: Tensor) -> Tensor:
        """The states (T, S), to which ``pushes`` (T, S) are added: their derivatives by these are those wanted."""
        weights, definition = network.weights(0, "forward"), network.config.cell_definition
        letters = "".join(reversed(definition.states))
        state, results = torch.zeros(states), []
        for x_t, push in zip(x, pushes, strict=True):
            step = definition.step(x_t, dict(zip(letters, state.chunk(len(letters)), strict=True)), weights)
            state = torch.cat([step[letter] for letter in letters]) + push
            results.append(state)
        return torch.stack(results)

    def jacrev() -> Tensor:
        whole_jacobian = torch.func.jacrev(pushed, chunk_size=CHUNK)(torch.zeros(steps, states))  # (T, S, T, S)
        return torch.linalg.vector_norm(whole_jacobian, dim=(1, 3)).log10()

    def backward() -> list[Tensor]:
        pushes = torch.zeros(steps, states, requires_grad=True)
        numbers = pushed(pushes).flatten()
        return [torch.autograd.grad(numbers[each], pushes, retain_graph=True)[0] for each in sample]

    return {"ours": ours, "jacrev": jacrev, "backward": backward}


def section(results: list[dict[str, Any]]) -> Section:
    """Present what ``measure`` returns."""
    rows = [
        (
            each["cell"].upper(),
            each["steps"],
            each["size"],
            each["jacrev"] / each["ours"],
            each["backward"] / each["ours"],
            1e3 * each["ours"],
            1e3 * each["jacrev"],
            1e3 * each["backward"],
        )
        for each in results
    ]
    return Section(
        "Memory",
        "The Frobenius norms ‖∂s_t/∂s_k‖ of all pairs of steps, from a trace, in float32 on one thread; s is h, and of "
        "an LSTM h and c. `ours` takes the Jacobians of a step in closed form. `jacrev` is one call of "
        f"`torch.func.jacrev` for all states, {CHUNK} rows at a time. `backward` is a backward pass for each step and "
        f"unit, reckoned from {SAMPLE} of them.",
        [Table(("cell", "T", "H", "jacrev / ours", "backward / ours", "ours, ms", "jacrev, ms", "backward, ms"), rows)],
        [
            *(Goal(f"{each['cell'].upper()}: ours, ms", 1e3 * each["ours"], LIMITS[each["cell"]]) for each in results),
            *(
                Goal(f"{each['cell'].upper()}: {way} / ours", each[way] / each["ours"], least, at_least=True)
                for way, least in LEAST.items()
                for each in results
            ),
        ],
        {f"{each['cell'].upper()}: jacrev / ours": why_jacrev(each) for each in results},
    )


def why_jacrev(each: dict[str, Any]) -> str:
    """Why ours is not as many times as fast as the goal asks."""
    steps, size, cell = each["steps"], each["size"], each["cell"]
    states, blocks = size * (2 if cell == "lstm" else 1), {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    # Its T·S rows are carried back through all T steps; ours makes about T·log T products, and a Gram matrix of each.
    more = steps * states * steps * blocks * size**2 / (steps * math.log2(steps) * (states**2 * size + states**3))
    return (
        f"`jacrev` too is products of matrices, with about {written(more)} times our multiply-adds. The goal asks ours "
        f"to make {written(LEAST['jacrev'] / more)} times as many in a second; it makes "
        f"{written(each['jacrev'] / each['ours'] / more)} times as many."
    )
