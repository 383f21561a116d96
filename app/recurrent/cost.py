"""Count what a step costs, and time it on this machine in PyTorch's engine and in ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import quantiles
from time import perf_counter
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .engine import stepped
from .modules import layer_weights_of
from .network import Network
from .trace import Engine, activations_of


@dataclass(frozen=True)
class Time:
    """Seconds per step: the quartiles over rounds in which the engines took turns."""

    lower: float
    median: float
    upper: float
    rounds: int


def parameters(network: Network) -> int:
    """Return the number of parameters of the recurrent layers."""
    return sum(weight.numel() for weight in network.recurrent.parameters())


def multiply_adds(network: Network) -> int:
    """Return the multiply-adds per step in the recurrent layers' matrix products: each weight is used once."""
    return sum(weight.numel() for weight in network.recurrent.parameters() if weight.dim() == 2)


class _Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the tensor operations that compute something: views are free."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, _types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.count += not func.is_view
        return func(*args, **(kwargs or {}))


@torch.no_grad()
def tensor_operations(network: Network) -> int:
    """Return the tensor operations of a step through all layers, with the cells' equations as they are written.

    A fused program executes fewer.
    """
    cell, count = network.config.cell_definition, 0
    for layer, direction in network.layers():
        weights = network.weights(layer, direction)
        x = weights.w_ih.new_zeros(1, 1, weights.w_ih.shape[1])
        state = stepped.zeros(cell, weights, x)
        with _Counter() as counter:
            cell.step(x[0], state, weights)
        count += counter.count
    return count


@torch.inference_mode()
def times(network: Network, steps: int, engine: Engine = "compiled", budget: float = 0.2) -> dict[str, Time]:
    """Return the seconds per step forward, by engine, with as many threads as PyTorch may now use.

    The time of the whole call is divided by ``steps``: over few of them, much of it is the call itself. ``ours`` keeps
    every activation; ``torch`` is the fused module, which keeps only h, and is missing if the cell has none. Takes
    about ``budget`` seconds, and at least five rounds.
    """
    x = torch.randn(steps, 1, network.config.inputs, generator=torch.Generator().manual_seed(0)).to(network.dtype)
    layers, cell = layer_weights_of(network.recurrent), network.config.cell_definition
    engines: dict[str, Callable[[], object]] = {"ours": lambda: activations_of(layers, cell, x, [steps], None, engine)}
    if cell.module is not None:
        batch = x.transpose(0, 1)
        engines["torch"] = lambda: network.states(batch)
    per_step = {}
    for name, taken in _rounds(engines, budget).items():
        lower, median, upper = (seconds / steps for seconds in quantiles(taken, n=4))
        per_step[name] = Time(lower, median, upper, len(taken))
    return per_step


def _rounds(calls: Mapping[str, Callable[[], object]], budget: float) -> dict[str, list[float]]:
    """Return the seconds of each call in every round; calls take turns, and a first round for warming up is omitted."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    end = perf_counter() + budget
    for call in calls.values():
        call()
    while len(next(iter(seconds.values()))) < 5 or perf_counter() < end:
        for name, call in calls.items():
            start = perf_counter()
            call()
            seconds[name].append(perf_counter() - start)
    return seconds
