"""What the kernels unroll in their tests, and how far they are from the cells."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.cell import Activations, Cell, CellWeights
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.engine import compiled, stepped
from hypothesis import strategies as st
from torch import Tensor

from .engines import Array, error

CELLS = {cell.variant: cell for cell in TABLE}
# Cell and size of its projection; 0 is none.
KINDS = {name: (cell, 0) for name, cell in CELLS.items()} | {"projected lstm": (LSTM, 3)}

each_kind = pytest.mark.parametrize(("cell", "projection"), KINDS.values(), ids=KINDS.keys())
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])


class Case(NamedTuple):
    """What an engine unrolls."""

    cell: Cell
    weights: CellWeights
    x: Tensor
    lengths: list[int]
    initial: Activations
    reverse: bool = False

    def __call__(self, unroll: Callable[..., Any] | None = None) -> dict[str, Any]:
        """What ``unroll`` makes of it; the kernels, if None."""
        if unroll is None:
            return compiled.unroll(
                self.cell, compiled.arrays_of(self.cell, self.weights), *self[2:-1], reverse=self.reverse
            )
        return unroll(*self[:-1], reverse=self.reverse)


def random_case(
    cell: Cell,
    lengths: list[int],
    *,
    hidden: int = 5,
    inputs: int = 3,
    projection: int = 0,
    bias: bool = True,
    reverse: bool = False,
    seed: int = 0,
    scale: float = 1.0,
) -> Case:
    """Weights of PyTorch's default initialisation times ``scale``; inputs and initial states of unit size."""
    generator = torch.Generator().manual_seed(seed)
    width, rows = projection or hidden, len(cell.blocks) * hidden

    def uniform(*shape: int, bound: float = scale / hidden**0.5) -> Tensor:
        return (2 * torch.rand(shape, generator=generator) - 1) * bound

    has_recurrent_weights = cell.recurrence != "none"
    weights = CellWeights(
        uniform(rows, inputs),
        uniform(rows if has_recurrent_weights else 0, width),
        uniform(rows) if bias else None,
        uniform(rows) if bias and has_recurrent_weights else None,
        uniform(projection, hidden) if projection else None,
        uniform(len(cell.peepholes), hidden) if cell.peepholes else None,
    )
    x = uniform(lengths[0], len(lengths), inputs, bound=2.0)
    states = {"h": width, "c": hidden}
    initial = {letter: uniform(len(lengths), states[letter], bound=1.0) for letter in cell.states}
    return Case(cell, weights, x, lengths, initial, reverse)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """Any small layer in one direction over any batch, its weights from near nothing to somewhat large."""
    cell = draw(st.sampled_from(list(CELLS.values())))
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    return random_case(
        cell,
        sorted(lengths, reverse=True),
        hidden=draw(st.integers(1, 10)),
        inputs=draw(st.integers(1, 6)),
        projection=draw(st.integers(0, 5)) if cell is LSTM else 0,
        bias=draw(st.booleans()),
        reverse=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32 - 1)),
        scale=draw(st.sampled_from([0.01, 1.0])),  # above, a relu network doubles an error from step to step
    )


def steps_taken(case: Case, activations: dict[str, Any]) -> dict[tuple[str, int], Array]:
    """Letter and sequence → (steps, ·): what is of meaning."""
    return {(k, b): np.asarray(a[:n, b]) for k, a in activations.items() for b, n in enumerate(case.lengths)}


def in_float64(case: Case) -> Case:
    """The same numbers, for an engine that rounds as good as nothing."""
    weights = CellWeights(*(None if w is None else w.double() for w in case.weights))
    initial = {letter: state.double() for letter, state in case.initial.items()}
    return case._replace(weights=weights, x=case.x.double(), initial=initial)


def tolerance(case: Case) -> float:
    """How far ``error_against_cells`` may go: 1e-6, or as far as PyTorch's own float32 comes from float64, times 3.

    The latter only where a candidate has no bound: it keeps the rounding of its sum, which tanh would shrink.
    """
    if all(math.isfinite(each.high) for each in case.cell.letters if each.kind == "candidate"):
        return 1e-6
    exact, theirs = (steps_taken(case, each(stepped.unroll)) for each in (in_float64(case), case))
    return max(1e-6, 3 * max(error(theirs[key], exact[key]) for key in exact))


def error_against_cells(case: Case) -> float:
    """Largest error of any activation at any step that a sequence takes, against the cells in float64."""
    ours, theirs = steps_taken(case, case()), steps_taken(case, in_float64(case)(stepped.unroll))
    assert list(ours) == list(theirs)
    return float(np.max([error(ours[key], theirs[key]) for key in theirs]))
