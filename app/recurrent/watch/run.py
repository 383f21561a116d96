"""Run: calls of a module or a cell that was watched, each of which goes on where the one before stopped."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from ..decomposition.measure import decompose
from ..decomposition.output import Head, Output
from ..decomposition.report import Decomposition
from ..editing import edit
from ..edits.binding import Subject, bind
from ..edits.data import edits_from
from ..edits.edit import Edit, counted
from ..memory.measure import memory
from ..memory.plan import MemoryPart
from ..memory.report import Memory
from ..module_call import Call, Input, States, call_once, time_major
from ..module_check import disagreement, furthest
from ..modules import Direction, plain_module
from ..trace import Engine, Trace
from ..trace_module import Traces, trace_module
from .recording import Calls, CellCalls, Circumstances, Given

REPLAYED = (
    "recorded inputs were replayed: inputs that the model computed from earlier outputs were not recomputed "
    "(gatescope.edit(model, …) does that)"
)
FROM_CALLS = ("_as_ran", "_edits", "_refusal")  # what a run computes once, until another call is added
HALVES = (torch.float16, torch.bfloat16)


class Replay(NamedTuple):
    """A module of torch.nn on the CPU, and what it reads to do again what a run did: ``trace_module(*replay)``."""

    module: nn.RNNBase
    x: Input
    hx: States | None


@dataclass(frozen=True, eq=False)
class Run:
    """What a call did, and those after it that started from the state it returned, to be traced when asked.

    It holds copies: inputs, states, outputs, and the weights that it ran with.
    """

    name: str  # of the module in the model
    kind: str  # its class
    circumstances: Circumstances = field(repr=False)
    calls: Calls = field(repr=False)
    began: str = ""  # why it began, where another went before

    def add(self, x: Input, outputs: Input, states: Given) -> None:
        """Take a copy of one more call, which goes on where the last one stopped."""
        self.calls.add(x, outputs, states)
        for name in FROM_CALLS:
            vars(self).pop(name, None)

    def __len__(self) -> int:
        """T, the number of steps of the longest sequence."""
        return max(self.lengths, default=0)

    @property
    def lengths(self) -> Sequence[int]:
        """How many steps each sequence has."""
        return self.calls.lengths(batch_first=self._is_batch_first)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know about a trace of it: on which device and in which dtype the module ran."""
        ran, dtype = self.circumstances, self.calls.dtype
        notes = []
        if ran.device != "cpu":
            notes.append(f"the module ran on {ran.device}: it is traced on the CPU")
        if dtype in HALVES:
            notes.append(f"the module computed in {dtype}: it is traced in torch.float32")
        if ran.edits:
            was, are = ("was", "it is") if len(ran.edits) == 1 else ("were", "they are")
            notes.append(f"{counted(len(ran.edits), 'edit')} of the module {was} in force: {are} part of the trace")
        return tuple(notes)

    def __repr__(self) -> str:
        sizes = f"{counted(len(self), 'step')}, {counted(len(self.lengths), 'sequence')}"
        began = f", began as {self.began}" if self.began else ""
        return f"<run of {self._this}: {sizes}{began}{''.join(f'; {note}' for note in self.notes)}>"

    def replay(self) -> Replay:
        """Return a plain module with the weights of the run, and its inputs and initial states.

        They are on the CPU, and in float32 where the module computed in half precision.
        """
        as_ran = self._as_ran
        if self.calls.dtype not in HALVES:
            return as_ran
        x, hx = as_ran.x.float(), _each(as_ran.hx, Tensor.float)
        return Replay(self._module(torch.float32), x, hx)

    def input(self, sequence: int = 0) -> Tensor:
        """Return what one sequence read (T, E), on the CPU. Raises IndexError if there is no such sequence."""
        self._require(sequence)
        module, x, _ = self.replay()
        batch, lengths = time_major(x, batch_first=module.batch_first)
        return batch[: lengths[sequence], sequence]

    def trace(
        self, sequence: int = 0, *, edits: Iterable[Edit | Mapping[str, Any]] = (), engine: Engine = "compiled"
    ) -> Trace:
        """Return every gate, candidate and state of one sequence, at every step.

        Args:
            sequence: Its place in the batch, from 0.
            edits: What to change inside the steps, after the edits that were in force. The recorded inputs are
                replayed, which ``notes`` of the trace say.
            engine: See ``trace_module``.

        Raises:
            IndexError: There is no such sequence.
            EditError: An edit does not fit; a ValueError that names the edit and its field.
            ValueError: The call was random, or did not do what torch.nn does with the recorded inputs and weights.
            OverflowError: A number leaves the range of the dtype.
        """
        module, x, hx = self._one(sequence)
        given = edits_from(edits)
        listed = (*self._edits, *given)
        if listed:
            bind(listed, Subject.of(self.circumstances.cell, module, self.lengths))
            chosen = [each for each in listed if each.sequences is None or sequence in each.sequences]
            listed = tuple(replace(each, sequences=None) for each in chosen)
        traced = cast("Trace", trace_module(module, x, hx, engine, edits=listed))
        return replace(traced, remarks=(*self.notes, REPLAYED) if given else self.notes)

    def traces(self, *, edits: Iterable[Edit | Mapping[str, Any]] = (), engine: Engine = "compiled") -> Sequence[Trace]:
        """Return the traces of all sequences, each made on access. See ``trace`` for the rest."""
        given = edits_from(edits)
        return Traces(lambda sequence: self.trace(sequence, edits=given, engine=engine), len(self.lengths))

    def decompose(
        self,
        sequence: int = 0,
        head: Head | None = None,
        output: Output | Sequence[Output] | None = None,
        *,
        layer: int | None = None,
        direction: Direction = "forward",
        edits: Iterable[Edit | Mapping[str, Any]] = (),
    ) -> Decomposition:
        """Return what the memory of one sequence is made of, with shares if ``head`` reads the last layer.

        See ``gatescope.decompose`` for the options, and ``trace`` for ``edits`` and errors.
        """
        parts = decompose(self.trace(sequence, edits=edits), head, output, layer=layer, direction=direction)
        return replace(parts, notes=tuple(dict.fromkeys((*parts.notes, REPLAYED))))

    def memory(self, sequence: int = 0, parts: Collection[MemoryPart] | None = None, **options: Any) -> Memory:
        """Return how far back one sequence is remembered, from the states that it started from.

        See ``gatescope.memory`` for ``parts`` and ``options``, and ``trace`` for errors. Raises ValueError if edits
        were in force in the run.
        """
        if self.circumstances.edits:
            raise ValueError("edits were in force in this run, and memory is that of a plain run: watch one without")
        module, x, hx = self._one(sequence)
        measured = memory(module, x, parts, hx=hx, **options)
        return replace(measured, notes=(*self.notes, REPLAYED))

    @property
    def _this(self) -> str:
        return f"{self.name or 'the model'} ({self.kind})"

    @cached_property
    def _edits(self) -> list[Edit]:
        """The edits that were in force, without steps that a loop over a cell did not come to."""
        edits, steps = self.circumstances.edits, range(len(self))
        if not isinstance(self.calls, CellCalls):
            return list(edits)
        taken = [None if each.steps is None else tuple(step for step in each.steps if step in steps) for each in edits]
        return [replace(each, steps=left) for each, left in zip(edits, taken, strict=True) if left != ()]

    @property
    def _is_batch_first(self) -> bool:
        return bool(self.circumstances.options.get("batch_first"))

    @cached_property
    def _as_ran(self) -> Replay:
        """The replay in the dtype in which the module computed, which autocast may have chosen."""
        recorded, dtype = self.calls.recorded(batch_first=self._is_batch_first), self.calls.dtype
        return Replay(self._module(dtype), recorded.x.to(dtype), _each(recorded.hx, lambda each: each.to(dtype)))

    def _module(self, dtype: torch.dtype) -> nn.RNNBase:
        ran = self.circumstances
        names = {name if "_l" in name else f"{name}_l0": name for name in ran.weights.tensors}
        low = self.calls.dtype
        weights = {name: ran.weights.tensors[own].to("cpu", low).to(dtype) for name, own in names.items()}
        return plain_module(ran.cell, ran.options, weights)

    def _one(self, sequence: int) -> tuple[nn.RNNBase, Tensor, States | None]:
        """Return the replay of one sequence (T, E), without a batch. Raises if it cannot be traced, or is not there."""
        self._require(sequence)
        self._require_what_ran()
        module, _, hx = self.replay()
        starts = _each(hx, lambda each: each[:, sequence] if each.dim() == 3 else each)
        return module, self.input(sequence), starts

    def _require(self, sequence: int) -> None:
        """Raise IndexError if there is no such sequence."""
        last = len(self.lengths) - 1
        if not 0 <= sequence <= last:
            have = f"sequences go from 0 to {last}" if last > 0 else "the only one is 0"
            raise IndexError(f"there is no sequence {sequence} in this run of {self._this}: {have}")

    def _require_what_ran(self) -> None:
        """Raise ValueError unless torch.nn does what was recorded, with the same inputs and weights."""
        if self._refusal:
            raise ValueError(self._refusal)

    @cached_property
    def _refusal(self) -> str:
        ran, this = self.circumstances, f"this run of {self._this}"
        if ran.is_random:
            return f"{this} was random, as dropout was on in training mode: call module.eval() before it is watched"
        module, x, hx = self._as_ran
        recorded = self.calls.recorded(batch_first=self._is_batch_first)
        called = Call(recorded.outputs, recorded.states, dict(module.named_parameters()))
        if ran.edits:
            with edit(module, *self._edits):
                what = furthest(called, call_once(module, x, hx))
        else:
            what = disagreement(module, x, hx, called)
        unlike = f" ({ran.unlike})" if ran.unlike else ""
        return f"{this} {what}{unlike}: its gates are not those of a trace" if what else ""


def _each(states: Given | States | None, change: Any) -> States | None:
    """Return the states, each changed, as torch.nn takes them."""
    if states is None:
        return None
    changed = tuple(map(change, (states,) if isinstance(states, Tensor) else states))
    return changed if len(changed) > 1 else changed[0]
