"""What calls did, as copies: of a module over many steps, or of a cell that takes one at a time."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

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


@dataclass
class Calls(ABC):
    """Consecutive calls of a module or a cell, each from the state that the one before returned."""

    start: Given | None  # as ``Recorded.hx``; of a cell without layers. None: left out, so zeros
    inputs: list[Any] = field(default_factory=list)  # of each call
    outputs: list[Any] = field(default_factory=list)
    states: Given = ()  # after the last call

    @classmethod
    def starting(cls, hx: Given | None) -> Self:
        """Return no calls yet, from a copy of ``hx``."""
        return cls(None if hx is None else tuple(map(copied, hx)))

    @abstractmethod
    def add(self, x: Any, outputs: Any, states: Given) -> None:
        """Take a copy of one more call."""

    @property
    def dtype(self) -> torch.dtype:
        """That of the outputs, in which the module computed."""
        dtype: torch.dtype = self.outputs[0].data.dtype
        return dtype

    @abstractmethod
    def recorded(self, *, batch_first: bool) -> Recorded:
        """Return what one call over all steps would have taken and given."""

    @abstractmethod
    def lengths(self, *, batch_first: bool) -> Sequence[int]:
        """Return how many steps each sequence has."""


class ModuleCalls(Calls):
    """Calls of an nn.LSTM, GRU or RNN: of any number of steps, or a single one of a packed input."""

    def add(self, x: Input, outputs: Input, states: Given) -> None:
        """Take a copy of one more call."""
        self.inputs.append(copied_input(x))
        self.outputs.append(copied_input(outputs))
        self.states = tuple(map(copied, states))

    def recorded(self, *, batch_first: bool) -> Recorded:
        """Return what one call over all steps would have taken and given."""
        x, *others = self.inputs
        if others:
            x = torch.cat(self.inputs, dim=_step_axis(x, batch_first=batch_first))
        outputs = torch.cat([time_major(each, batch_first=batch_first)[0] for each in self.outputs])
        return Recorded(x, self.start, outputs, self.states)

    def lengths(self, *, batch_first: bool) -> list[int]:
        """Return how many steps each sequence has."""
        x = self.inputs[0]
        if isinstance(x, PackedSequence):
            sizes = x.batch_sizes
            in_order = (sizes[:, None] > torch.arange(int(sizes[0]))).sum(dim=0)
            return (in_order if x.unsorted_indices is None else in_order[x.unsorted_indices]).tolist()
        axis = _step_axis(x, batch_first=batch_first)
        steps = sum(each.shape[axis] for each in self.inputs)
        return [steps] if x.dim() == 2 else [steps] * x.shape[1 - axis]


class CellCalls(Calls):
    """Calls of an LSTMCell, GRUCell or RNNCell: inputs (B, E) and outputs h (B, H), or without B."""

    def add(self, x: Tensor, outputs: Tensor, states: Given) -> None:  # noqa: ARG002
        """Take a copy of one more step."""
        self.inputs.append(copied(x))
        self.states = tuple(map(copied, states))
        self.outputs.append(self.states[0])

    def recorded(self, *, batch_first: bool) -> Recorded:  # noqa: ARG002
        """Return what one call over all steps of a module of one layer would have taken and given."""
        hidden = torch.stack(self.outputs)
        start = None if self.start is None else tuple(each[None] for each in self.start)
        outputs = hidden if hidden.dim() == 3 else hidden[:, None]
        return Recorded(torch.stack(self.inputs), start, outputs, tuple(each[None] for each in self.states))

    def lengths(self, *, batch_first: bool) -> Sequence[int]:  # noqa: ARG002
        """Return how many steps each sequence has."""
        return [len(self.inputs)] * (len(self.inputs[0]) if self.inputs[0].dim() == 2 else 1)


def _step_axis(x: Tensor, *, batch_first: bool) -> int:
    return 1 if batch_first and x.dim() == 3 else 0
