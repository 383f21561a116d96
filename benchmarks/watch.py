"""Watching: calls of torch.nn's modules with and without a recording of what they did."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import product
from typing import Any

import torch
from gatescope.recurrent.watch.watch import watch
from gatescope.recurrent.watch.watched import Watched
from gatescope.recurrent.watch.weights import Kept, weights_of_call
from rich.progress import track
from torch import Tensor, nn

from .report import Goal, Section, Table
from .timing import interleave, threads

Kind = tuple[str, Callable[..., Any], Callable[..., object]]  # its name, its class, and how it is called

INPUTS = 64
SIZES = ((50, 1, 128), (50, 32, 128), (50, 32, 512))  # T, B, H
GOAL = (50, 32, 128)
OF_MODULE, OF_LOOP = 0.1, 0.5  # of the time of a forward pass, at most
MISSED = "Each call reads the weights and their copy once more, which takes longer where others use the memory too."


def measure(sizes: Iterable[tuple[int, int, int]] = SIZES, budget: float = 3.0) -> list[dict[str, Any]]:
    """Seconds of a forward pass, and of one that is recorded; on one thread, with gradients off."""
    with threads(1), torch.no_grad():
        cases = list(product(KINDS, sizes))
        return [measure_case(*each, budget) for each in track(cases, "watch")]


def measure_case(kind: Kind, size: tuple[int, int, int], budget: float) -> dict[str, Any]:
    """A case, with the seconds of a call that is not watched, of one that is, and of a copy of the weights."""
    (name, module, call), (steps, batch, hidden) = kind, size
    plain, watched = module(INPUTS, hidden), module(INPUTS, hidden)
    x = torch.randn(steps, batch, INPUTS)
    with watch(watched, calls=1 << 60, bytes=float("inf")) as seen:
        contestants = {
            "plain": partial(call, plain, x),
            "watched": partial(recorded, call, watched, x, seen),
            "copy": partial(Kept, weights_of_call(plain)),
        }
        seconds = interleave(contestants, budget)
    return {"kind": name, "steps": steps, "batch": batch, "hidden": hidden} | seconds


def recorded(call: Callable[..., object], module: nn.Module, x: Tensor, seen: Watched) -> None:
    """Call ``module``, and forget the recording, so that memory does not grow."""
    call(module, x)
    seen.forget()


def whole(module: nn.Module, x: Tensor) -> object:
    """One call of a module over all steps."""
    return module(x)


def loop(cell: nn.Module, x: Tensor) -> object:
    """A call of a cell for each step."""
    state = None
    for each in x:
        state = cell(each, state)
    return state


KINDS: tuple[Kind, ...] = (("LSTM", nn.LSTM, whole), ("LSTMCell in a loop", nn.LSTMCell, loop))


def section(results: list[dict[str, Any]]) -> Section:
    """What ``measure`` returned, for people."""
    rows = [
        (
            each["kind"],
            each["steps"],
            each["batch"],
            each["hidden"],
            each["watched"] / each["plain"] - 1,
            each["copy"] / each["plain"],
            1e3 * each["plain"],
        )
        for each in results
    ]
    goals = [
        Goal(
            f"{each['kind']}, B = {each['batch']}, H = {each['hidden']}: recording / forward",
            each["watched"] / each["plain"] - 1,
            OF_MODULE if each["kind"] == "LSTM" else OF_LOOP,
        )
        for each in results
        if (each["steps"], each["batch"], each["hidden"]) == GOAL
    ]
    return Section(
        "Watching",
        "What `gatescope.watch` adds to a forward pass, as a share of it, while the weights stay as they are; "
        f"E = {INPUTS}, one thread, no gradients. Each call copies inputs, states and outputs, and compares all "
        "weights with the copy that is kept, bit for bit: at batch 1, and more so step by step, that is as much "
        "work as the call itself. `copy` is what a new copy of the weights costs in addition, once for each change.",
        [Table(("module", "T", "B", "H", "recording / forward", "copy / forward", "forward, ms"), rows)],
        goals,
        {goal.what: MISSED for goal in goals},
    )
