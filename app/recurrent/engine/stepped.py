"""Step any cell through time in PyTorch: the definition, and the path that gradients take."""

from collections.abc import Sequence

import torch
from torch import Tensor

from ..cells.cell import Activations, Cell, CellWeights
from .edits import NO_EDITS, Edits, change_at


def unroll(
    cell: Cell,
    weights: CellWeights,
    x: Tensor,
    lengths: Sequence[int],
    initial: Activations | None,
    *,
    reverse: bool,
    edits: Edits = NO_EDITS,
) -> Activations:
    """Return every activation of a batch, letter → (T, B, ·), for the inputs ``x`` (T, B, E).

    Sequence b takes ``lengths[b]`` steps; its rows past them have no meaning. ``initial`` holds the states (B, ·) to
    start from, zeros if it is None; ``reverse`` starts at each sequence's last step.
    """
    ends = torch.tensor(lengths, device=x.device)[:, None]  # (B, 1)
    state, steps = initial or zeros(cell, weights, x), []
    for t in reversed(range(len(x))) if reverse else range(len(x)):
        step = cell.step(x[t], state, weights, change_at(edits, cell, t, state))
        state = {letter: torch.where(t < ends, step[letter], state[letter]) for letter in cell.states}
        steps.append({letter: step[letter] for letter in cell.activations})
    if reverse:
        steps.reverse()
    return {letter: torch.stack([step[letter] for step in steps]) for letter in cell.activations}


def zeros(cell: Cell, weights: CellWeights, x: Tensor) -> Activations:
    """Return the states (B, ·) that a batch ``x`` (T, B, E) starts from, all zero."""
    sizes = {"h": weights.w_hh.shape[1], "c": len(weights.w_ih) // len(cell.blocks)}
    return {letter: x.new_zeros(x.shape[1], sizes[letter]) for letter in cell.states}
