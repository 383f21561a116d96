"""A cell of torch.nn that is called step by step, computed with edits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from .bits import is_same
from .cells import cell_of
from .cells.cell import CellWeights
from .edits.binding import Subject, bind
from .edits.edit import Edit
from .engine.edits import change_at
from .marked import marked
from .module_call import States


@dataclass
class Progress:
    """How far a loop over a cell has got: which step a call takes, by the state that it starts from."""

    states: tuple[Tensor, ...] = ()  # copies of those that the last call returned
    step: int = -1  # of the last call

    def step_from(self, given: Sequence[Tensor] | None) -> int:
        """Return the step of a call that starts from the states ``given``: 0 unless the last call returned them."""
        is_next = given is not None and len(given) == len(self.states) and all(map(is_same, given, self.states))
        return self.step + 1 if is_next else 0

    def took(self, step: int, states: Sequence[Tensor]) -> None:
        """Remember what a call returned."""
        self.step, self.states = step, tuple(each.detach().clone() for each in states)


def stepped_once(
    module: nn.RNNCellBase, x: Tensor, hx: States | None, edits: Sequence[Edit], progress: Progress
) -> Any:
    """Return what a call of ``module`` returns, computed with those of ``edits`` that change its step of the run."""
    with torch.no_grad():
        type(module).forward(module, x, hx)  # raises what a call raises
    cell, is_single = cell_of(module), x.dim() == 1
    given = None if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
    step = progress.step_from(given)
    batch = x[None] if is_single else x
    weights = CellWeights(module.weight_ih, module.weight_hh, module.bias_ih, module.bias_hh)
    if given is None:
        states = {letter: batch.new_zeros(len(batch), module.hidden_size) for letter in cell.states}
    else:
        states = {k: each[None] if is_single else each for k, each in zip("hc", given, strict=False)}
    now = [replace(each, steps=(step,)) for each in edits if each.steps is None or step in each.steps]
    bound = bind(now, Subject.of_steps(cell, module.hidden_size, [step + 1] * len(batch)))
    change = change_at(bound.of(0, "forward", step, step + 1), cell, 0, states)
    after = cell.step(batch, states, weights, change)
    after = after | {"h": marked(after["h"], bound)}
    returned = tuple(after[k][0] if is_single else after[k] for k in "hc" if k in cell.states)
    progress.took(step, returned)
    return returned if len(returned) > 1 else returned[0]
