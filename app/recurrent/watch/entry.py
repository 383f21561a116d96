"""Entry: what is recorded of one module, call by call, within limits."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..bits import is_same, size_of
from ..cells import cell_of
from ..editing import edits_of
from ..edits.edit import Edit
from ..module_call import describe, outputs_and_states
from ..modules import is_plain, options_of
from .recording import CellCalls, Circumstances, Given, ModuleCalls
from .run import Run
from .weights import Computed, Copies, Kept, weights_of_call

Recurrent = nn.RNNBase | nn.RNNCellBase


class Budget:
    """How many bytes copies may take, of all modules together."""

    def __init__(self, limit: float) -> None:
        self.limit, self.taken, self.is_spent = limit, 0, False

    def take(self, size: int) -> bool:
        """Return whether ``size`` bytes fit, and count them. Once some do not, nothing does."""
        self.is_spent = self.is_spent or self.taken + size > self.limit
        if not self.is_spent:
            self.taken += size
        return not self.is_spent

    def start_again(self, taken: int) -> None:
        """Count anew, from the bytes that are still held."""
        self.taken, self.is_spent = taken, False


class _Given(NamedTuple):
    """What a call took, and what it gave."""

    x: Any
    hx: Given | None
    outputs: Any
    states: Given


class _Now(NamedTuple):
    """Under which circumstances a call ran."""

    kept: Kept | None  # the copy of its weights; None if these are new
    edits: tuple[Edit, ...]
    is_random: bool


class Entry:
    """What was recorded of a module."""

    def __init__(self, name: str, module: Recurrent, budget: Budget, most_runs: int, *, joins: bool = True) -> None:
        self.name, self.kind, self.sizes = name, type(module).__name__, _sizes(module)
        self.runs: list[Run] = []
        self.calls = 0
        self.dropped: Counter[str] = Counter()  # why → how many calls
        self.copies = Copies()
        self.computed = Computed(module)
        self._budget, self._most_runs, self._is_over = budget, most_runs, False
        self._joins, self._is_cell = joins, isinstance(module, nn.RNNCellBase)
        self._cell, self._options, self._unlike = cell_of(module), _options(module), ""
        if isinstance(module, nn.RNNBase) and not is_plain(module):
            self._unlike = describe(module)

    @property
    def steps(self) -> int:
        """How many steps were kept."""
        return sum(map(len, self.runs))

    def forget(self) -> None:
        """Drop all runs."""
        self.runs.clear()
        self._is_over = False

    def record(self, module: Recurrent, args: Sequence[Any], kwargs: Mapping[str, Any], returned: Any) -> None:
        """Take a copy of what a call did, or count it as dropped."""
        self.calls += 1
        try:
            why = self._record(module, args, kwargs, returned)
        except Exception as error:  # the model's owner must not suffer from what a recording cannot do
            why = f"could not be recorded: {error}"
        if why:
            self.dropped[why] += 1

    def _record(self, module: Recurrent, args: Sequence[Any], kwargs: Mapping[str, Any], returned: Any) -> str:
        """Return why the call was dropped, or ""."""
        if self._budget.is_spent or self._is_over:
            return self._limit()
        if torch._C._functorch.peek_interpreter_stack() is not None:
            return "ran inside a transform of torch.func, which hides the numbers"
        if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
            return "ran while the model was compiled or exported"
        given = _given(args, kwargs, returned, is_cell=self._is_cell)
        if given.x.data.is_meta:
            return "ran on the meta device, where there are no numbers"
        weights = weights_of_call(module, self.computed)
        kept = self.copies.of(weights)
        is_random = isinstance(module, nn.RNNBase) and module.training and module.dropout > 0 and module.num_layers > 1
        now = _Now(kept, edits_of(module), is_random)
        run = self.runs[-1] if self._joins and self.runs else None
        began = "" if run is None else _why_new(run, given, now, is_two_way=self._options.get("bidirectional", False))
        if run is not None and not began:
            if not self._budget.take(size_of((given.x, given.outputs))):
                return self._limit()
            run.add(given.x, given.outputs, given.states)
            return ""
        if len(self.runs) >= self._most_runs:
            self._is_over = True
            return self._limit()
        held = (given.x, *(given.hx or ()), *given.states, *(() if self._is_cell else (given.outputs,)))
        kept = self._affordable(size_of(held), kept, weights)
        if kept is None:
            return self._limit()
        calls = (CellCalls if self._is_cell else ModuleCalls).starting(given.hx)
        calls.add(given.x, given.outputs, given.states)
        device = str(given.x.data.device)
        ran = Circumstances(self._cell, self._options, kept, now.edits, device, is_random, self._unlike)
        self.runs.append(Run(self.name, self.kind, ran, calls, began))
        return ""

    def _affordable(self, size: int, kept: Kept | None, weights: Mapping[str, Tensor]) -> Kept | None:
        """Return ``kept``, or a new copy of the weights; None if there is no memory for it and ``size`` bytes more."""
        if not self._budget.take(size + (size_of(weights.values()) if kept is None else 0)):
            return None
        if kept is None:
            kept = Kept(weights)
            self.copies.add(kept)
        return kept

    def _limit(self) -> str:
        """Say which limit was reached."""
        if self._is_over:
            return f"calls={self._most_runs} was reached"
        return f"bytes={self._budget.limit:.3g} was reached"


def _given(args: Sequence[Any], kwargs: Mapping[str, Any], returned: Any, *, is_cell: bool) -> _Given:
    """Return what a call took and gave. Raises TypeError if that is not what modules of torch.nn take and give."""
    x = args[0] if args else kwargs.get("input")
    hx = args[1] if len(args) > 1 else kwargs.get("hx")
    if not isinstance(x, Tensor if is_cell else Tensor | PackedSequence):
        raise TypeError(f"its input is a {type(x).__name__}")
    start = None if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
    if not is_cell:
        try:
            return _Given(x, start, *outputs_and_states(returned))
        except TypeError as error:
            raise TypeError(f"it returned {error}") from None
    states = (returned,) if isinstance(returned, Tensor) else tuple(returned)
    return _Given(x, start, states[0], states)


def _why_new(run: Run, given: _Given, now: _Now, *, is_two_way: bool) -> str:
    """Say why a call does not go on with ``run``; "" if it does."""
    ran, last = run.circumstances, run.calls.states
    if given.hx is None:
        return "the call left out the state, which starts from zeros"
    if now.kept is not ran.weights:
        return "the weights changed"
    if now.edits != ran.edits:
        return "other edits were in force"
    if now.is_random != ran.is_random:
        return "dropout was switched on or off"
    hx = [each if each.is_cpu else each.detach().cpu() for each in given.hx]
    if all(map(is_same, hx, last)):
        return _why_apart(run, given, now, is_two_way=is_two_way)
    if [each.shape for each in hx] != [each.shape for each in last]:
        return f"the states had other shapes than those that the last call returned ({tuple(given.hx[0].shape)})"
    if not any(each.any() for each in hx):
        return "the state was reset to zeros"
    axis = 0 if isinstance(run.calls, CellCalls) else 1  # of the batch, where there is one
    of = ""
    if hx[0].dim() == axis + 2 and hx[0].shape[axis] > 1:
        pairs = [zip(a.unbind(axis), z.unbind(axis), strict=True) for a, z in zip(hx, last, strict=True)]
        rows = sum(any(not is_same(a, z) for a, z in row) for row in zip(*pairs, strict=True))
        of = f" of {rows} of {hx[0].shape[axis]} sequences"
    return f"the state{of} was not the one that the last call returned (reset, masked or replaced by the caller)"


def _why_apart(run: Run, given: _Given, now: _Now, *, is_two_way: bool) -> str:
    """Say why a call is a run of its own although it was given the state that the last one returned; "" if it joins."""
    before, is_module = run.calls.inputs[-1], isinstance(run.calls, ModuleCalls)
    if is_two_way:
        return "it reads each call in both directions, the backward one from its end"
    if isinstance(given.x, PackedSequence) or isinstance(before, PackedSequence):
        return "a packed input is a run of its own"
    if is_module and now.edits:
        return "edits are in force, whose steps count within each call of a module"
    if given.x.dtype != before.dtype or given.outputs.dtype != run.calls.dtype:
        return "the input or the output had another dtype"
    return ""


def _options(module: Recurrent) -> dict[str, Any]:
    """Return the options of the module of torch.nn that replays runs of ``module``."""
    if isinstance(module, nn.RNNBase):
        return options_of(module)
    return {"input_size": module.input_size, "hidden_size": module.hidden_size, "bias": module.bias}


def _sizes(module: Recurrent) -> str:
    sizes = f"{module.input_size} → {module.hidden_size}"
    if isinstance(module, nn.RNNBase):
        parts = {
            f"{module.num_layers} layers": module.num_layers > 1,
            "two directions": module.bidirectional,
            f"projected to {module.proj_size}": module.proj_size,
        }
        sizes = ", ".join([sizes, *(part for part, holds in parts.items() if holds)])
    return sizes
