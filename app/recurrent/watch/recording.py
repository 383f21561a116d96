"""What calls did, as copies: of a whole module, or of a cell that is called step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..bits import copied, copied_input
from ..cells.cell import Cell
from ..edits.edit import Edit
from ..module_call import Input, time_major
from .weights import Kept

Given = tuple[Tensor, ...]  # states: h, and an LSTM's c


@dataclass(frozen=True)
class Circumstances:
    """What is the same at every step of a run."""

    cell: Cell
    options: Mapping[str, Any]  # of the module of torch.nn that replays the run
    weights: Kept
    edits: tuple[Edit, ...]  # that were in force
    device: str
    is_random: bool = False
    unlike: str = ""  # what sets the module apart from a plain one of torch.nn


class Recorded(NamedTuple):
    """What a module took and gave."""

    x: Input
    hx: Given | None  # (layers·directions, B, ·), or without B
    outputs: Tensor  # (T, B, P·directions); zeros past the end of a packed sequence
    states: Given  # the last ones, as hx


@dataclass(frozen=True)
class WholeCall:
    """A call of an nn.LSTM, GRU or RNN."""

    x: Input
    hx: Given | None
    outputs: Input
    states: Given

    @classmethod
    def of(cls, x: Input, hx: Given | None, outputs: Input, states: Given) -> "WholeCall":
        """Return a copy."""
        start = None if hx is None else tuple(map(copied, hx))
        return cls(copied_input(x), start, copied_input(outputs), tuple(map(copied, states)))

    @property
    def dtype(self) -> torch.dtype:
        """That of the outputs, in which the module computed."""
        return self.outputs.data.dtype

    def recorded(self, *, batch_first: bool) -> Recorded:
        """Return what the module took and gave."""
        return Recorded(self.x, self.hx, time_major(self.outputs, batch_first=batch_first)[0], self.states)

    def lengths(self, *, batch_first: bool) -> list[int]:
        """Return how many steps each sequence has."""
        if isinstance(self.x, PackedSequence):
            sizes = self.x.batch_sizes
            in_order = (sizes[:, None] > torch.arange(int(sizes[0]))).sum(dim=0)
            return (in_order if self.x.unsorted_indices is None else in_order[self.x.unsorted_indices]).tolist()
        if self.x.dim() == 2:
            return [len(self.x)]
        steps, batch = self.x.shape[:2][:: -1 if batch_first else 1]
        return [steps] * batch


@dataclass
class CellCalls:
    """Consecutive calls of an LSTMCell, GRUCell or RNNCell, each from the state that the one before returned."""

    start: Given | None  # (B, ·), or without B; None: left out, so zeros
    inputs: list[Tensor] = field(default_factory=list)  # (B, E) at each step
    hidden: list[Tensor] = field(default_factory=list)  # h (B, H) after each step
    states: Given = ()  # after the last step

    @classmethod
    def starting(cls, hx: Given | None) -> "CellCalls":
        """Return no calls yet, from a copy of ``hx``."""
        return cls(None if hx is None else tuple(map(copied, hx)))

    def add(self, x: Tensor, states: Given) -> None:
        """Take a copy of one more step."""
        self.inputs.append(copied(x))
        self.states = tuple(map(copied, states))
        self.hidden.append(self.states[0])

    @property
    def dtype(self) -> torch.dtype:
        """That of the states, in which the cell computed."""
        return self.hidden[0].dtype

    def recorded(self, *, batch_first: bool) -> Recorded:  # noqa: ARG002
        """Return what a module of one layer would have taken and given."""
        hidden = torch.stack(self.hidden)
        start = None if self.start is None else tuple(each[None] for each in self.start)
        outputs = hidden if hidden.dim() == 3 else hidden[:, None]
        return Recorded(torch.stack(self.inputs), start, outputs, tuple(each[None] for each in self.states))

    def lengths(self, *, batch_first: bool) -> Sequence[int]:  # noqa: ARG002
        """Return how many steps each sequence has."""
        return [len(self.inputs)] * (len(self.inputs[0]) if self.inputs[0].dim() == 2 else 1)
