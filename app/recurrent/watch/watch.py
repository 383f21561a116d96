"""Watch a model: hooks on every recurrent module inside it, within a block."""

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
from torch import nn

from ..cells import TABLE, modules_in_words
from ..module_call import is_own_call
from ..modules import Observer
from .entry import Budget, Entry, Recurrent
from .watched import Watched

NAMES = {
    kind.__name__ for cell in TABLE for kind in (cell.module, cell.step_module) if kind is not None
}  # of the classes that are watched


@contextmanager
def watch(
    model: nn.Module,
    only: str | Collection[str] | None = None,
    *,
    calls: int = 100,
    bytes: float = 1e9,  # noqa: A002
    join: bool = True,
) -> Iterator[Watched]:
    """Record what every recurrent module inside ``model`` does within a ``with`` block.

    >>> import torch
    >>> import gatescope
    >>> model = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(3, 4), "head": torch.nn.Linear(4, 1)})
    >>> with gatescope.watch(model) as seen:
    ...     h, _ = model["rnn"](torch.randn(5, 2, 3))
    >>> seen["rnn"][0].trace(sequence=1).layer()["f"].shape  # the forget gate: (T, H)
    (5, 4)

    Every ``nn.LSTM``, ``GRU`` and ``RNN`` is watched, and every ``LSTMCell``, ``GRUCell`` and ``RNNCell``. What the
    model computes stays the same to the bit. Inputs, initial states, outputs and weights are copied, the weights once
    for each content that they had; nothing is traced before it is asked for. ``seen[name][k]`` is a run: a call, and
    those after it that each start from the state that the one before returned, to the bit: a loop over a cell, or over
    steps or chunks of a sequence. Calls of a module are not joined where it reads a packed input or both directions, or
    computes with edits. Leaving the block removes the hooks; if an exception leaves it, what was recorded before stays.

    Args:
        model: Any module of PyTorch.
        only: Names of modules: these, and all inside them, are watched; all if None.
        calls: The most runs to keep of each module; later ones are dropped, and counted.
        bytes: The most memory that all copies may take; from the first call on that exceeds it, calls are dropped.
        join: Whether calls that go on where the one before stopped are one run; else each is a run of its own.

    Yields:
        What was seen: its ``repr`` is a table, and its ``notes`` say what was dropped and why. Its ``forget()`` makes
        room in a long block.

    Raises:
        TypeError: ``model`` is not a module of PyTorch.
        ValueError: Nothing inside it can be watched, or has a name in ``only``; or a limit is negative.

    Warns:
        UserWarning: No call was seen, and why.
    """
    _require_module(model)
    for name, limit in (("calls", calls), ("bytes", bytes)):
        if not limit >= 0:
            raise ValueError(f"{name} is {limit}: it must be at least 0")
    budget, lock = Budget(bytes), Lock()
    modules, aliases, others = _inside(model, only)
    entries = {name: Entry(name, module, budget, calls, joins=join) for name, module in modules.items()}
    seen = Watched(entries, aliases, others, budget)
    observers = {name: _Recorder(entry, lock, is_compiled=_is_compiled(model)) for name, entry in entries.items()}
    was_called = _Flag()
    hooks = [module.register_forward_hook(observers[name], with_kwargs=True) for name, module in modules.items()]
    hooks += [hook for entry in entries.values() for hook in entry.computed.hooks]
    if not isinstance(model, torch.jit.ScriptModule):
        hooks.append(model.register_forward_pre_hook(was_called))
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
        for observer in observers.values():
            observer.entry = None
        seen.unseen = _why_unseen(model, was_called=was_called.is_set)
    if not any(entry.calls for entry in entries.values()):
        warnings.warn(f"the watch saw nothing: {seen.notes[0]}", stacklevel=3)


class _Recorder(Observer):
    """The hook of a module, which records until the block ends; its copy, in a copy of the module, does nothing."""

    def __init__(self, entry: Entry | None, lock: Any, *, is_compiled: bool = False) -> None:
        self.entry, self._lock = entry, lock  # calls may come from several threads, as those of DataParallel do
        self._act = torch.compiler.disable(self._record) if is_compiled else self._record  # type: ignore[no-untyped-call]

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Record a call of the model's owner."""
        self._act(module, args, kwargs, output)

    def _record(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        entry = self.entry
        if entry is None or is_own_call():
            return
        with self._lock:
            if torch.is_inference_mode_enabled():
                with torch.inference_mode(mode=False):
                    entry.record(module, args, kwargs, output)
            else:
                entry.record(module, args, kwargs, output)

    def __reduce__(self) -> Any:
        return _Recorder, (None, None)


class _Flag(Observer):
    """A hook that knows whether the model was called."""

    is_set = False

    def __call__(self, module: nn.Module, args: Any, kwargs: Any = None, output: Any = None) -> None:  # noqa: ARG002
        """Remember the call."""
        self.is_set = True


def _require_module(model: object) -> None:
    if not isinstance(model, nn.Module):
        hint = ": call its trace(text), which shows all" if hasattr(model, "trace") else ""
        raise TypeError(f"the model is a {type(model).__name__}, not a torch.nn.Module{hint}")


def _inside(
    model: nn.Module, only: str | Collection[str] | None
) -> tuple[dict[str, Recurrent], dict[str, str], dict[str, str]]:
    """Return the modules to watch by their names, other names of these, and those that cannot be watched, with why.

    Raises ValueError if there is nothing to watch.
    """
    wanted = None if only is None else {only} if isinstance(only, str) else set(only)
    modules: dict[str, Recurrent] = {}
    name_of: dict[int, str] = {}
    aliases: dict[str, str] = {}
    others: dict[str, str] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            if id(module) in name_of:
                aliases[name] = name_of[id(module)]
            elif (why := _why_not(module)) is not None:
                others[name] = why
            else:
                modules[name], name_of[id(module)] = module, name
                aliases |= {unwrapped: name} if (unwrapped := _unwrapped(name)) != name else {}
        elif (why := _why_not(module)) is not None:
            others[name] = why
    this = type(model).__name__
    if not modules:
        there = "".join(f"; {name or 'the model'}: {why}" for name, why in others.items())
        raise ValueError(
            f"this {this} holds no torch.nn.{modules_in_words()}, nor a cell of these, that can be watched{there}"
        )
    if wanted is not None:
        chosen = {name: each for name, each in modules.items() if _is_in(name, wanted)}
        chosen |= {aliases[name]: modules[aliases[name]] for name in aliases if _is_in(name, wanted)}
        if not chosen:
            raise ValueError(f"only={only!r} names no recurrent module of this {this}: it holds {_listed(modules)}")
        others = {name: why for name, why in others.items() if _is_in(name, wanted)}
        modules = {name: each for name, each in modules.items() if name in chosen}
    return modules, aliases, others


def _unwrapped(name: str) -> str:
    """Return the name of a module without those that torch.compile and DataParallel put before it."""
    return name.replace("_orig_mod.", "").removeprefix("module.")


def _is_in(name: str, wanted: Collection[str]) -> bool:
    return any(each in {"", name} or name.startswith(f"{each}.") for each in wanted)


def _listed(names: Collection[str]) -> str:
    return ", ".join(name or "the model itself" for name in names)


def _why_not(module: nn.Module) -> str | None:
    """Say why a recurrent ``module`` cannot be watched; None if it can, or is none."""
    if isinstance(module, torch.jit.ScriptModule):
        kind = module.original_name
        return (
            f"this {kind} is scripted, and takes no hooks: watch the Python model that it was made from"
            if kind in NAMES
            else None
        )
    kind = type(module).__name__
    if isinstance(module, nn.RNNBase | nn.RNNCellBase):
        if any(cell.computes(module) for cell in TABLE):
            return None
        return f"this {kind} follows no cell that is known: trace a torch.nn.{modules_in_words()} in its place"
    if kind in NAMES and "quantiz" in type(module).__module__:
        return f"this {kind} is quantized ({type(module).__module__}): watch the model that it was made from"
    return None


def _why_unseen(model: nn.Module, *, was_called: bool) -> str:
    """Say why a module may have had no call within a block."""
    if _is_compiled(model):
        return "the model is compiled, and its compiled code may run without hooks: watch it before it is compiled"
    if not was_called:
        return "the model was not called within the block"
    return "the model was called and did not call it, or used its weights without calling it"


def _is_compiled(model: nn.Module) -> bool:
    return any(hasattr(each, "_orig_mod") or each._compiled_call_impl is not None for each in model.modules())
