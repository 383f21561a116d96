"""Edits of the modules of torch.nn inside a larger model: within a block, calls of it compute with them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from .cells import cell_of, modules_in_words
from .edited_cell import Progress, stepped_once
from .edits.binding import Subject, bind
from .edits.data import edits_from
from .edits.edit import Edit
from .engine import stepped
from .marked import marked
from .module_call import Input, States, describe, time_major
from .modules import StandIn, base_of, is_overridden, layers_of, weights_of_call

Recurrent = nn.RNNBase | nn.RNNCellBase


@dataclass(eq=False)
class _Block:
    """A block that edits a module."""

    module: Recurrent
    edits: tuple[Edit, ...]
    is_in_function: bool  # entered within the forward of an autograd.Function
    progress: Progress = field(default_factory=Progress)  # of a cell that is called step by step
    is_open: bool = True  # a task that was started in the block, or a generator, may see it after its end


# Of this thread or task: others that call the same module at the same time compute without them.
_IN_FORCE: ContextVar[tuple[_Block, ...]] = ContextVar("edits in force", default=())
_LOCK = Lock()  # while a module gets or loses its stand-in
_BLOCKS: dict[int, int] = {}  # id of a module → the blocks, of all threads, that edit it


def edits_of(module: nn.Module) -> tuple[Edit, ...]:
    """Return the edits of ``module`` that are in force here, those of outer blocks first."""
    return tuple(edit for block in _blocks_of(module) for edit in block.edits)


def _blocks_of(module: nn.Module) -> list[_Block]:
    return [block for block in _IN_FORCE.get() if block.module is module and block.is_open]


@contextmanager
def unedited() -> Iterator[None]:
    """Let no edit be in force here."""
    token = _IN_FORCE.set(())
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


@contextmanager
def edit(model: nn.Module, *edits: Edit | Mapping[str, Any], module: str | None = None) -> Iterator[nn.Module]:
    """Let calls of ``model`` within a ``with`` block compute with ``edits``, in their order.

    >>> import torch
    >>> from gatescope import edit, hold
    >>> model = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(3, 4)})
    >>> with edit(model, hold("o", 0, steps=[1])):
    ...     h, _ = model["rnn"](torch.randn(2, 3))
    >>> h[1].abs().tolist()
    [0.0, 0.0, 0.0, 0.0]

    The module computes step by step in PyTorch, on its device, in its dtype and with gradients. Of a cell that is
    called in a loop, such as an ``nn.LSTMCell``, steps count from 0 and go on while it is given the state that it
    returned, to the bit; with any other state, or none, they begin again. Blocks nest: the edits of the inner one come
    last. They are in force in the thread or asyncio task that entered the block, and in tasks started from it, but not
    in other threads. Leaving the block, also by an exception, leaves the module as it was.

    A checkpoint (torch.utils.checkpoint) calls the module again in the backward pass, which must compute with the same
    edits: enter the block inside the function that is checkpointed. Around it, a reentrant checkpoint is refused, and
    with ``use_reentrant=False`` PyTorch raises a CheckpointError where the edits in force in the backward pass differ.

    Args:
        model: An ``nn.LSTM``, ``nn.GRU`` or ``nn.RNN``, a cell of these, or any module that holds one.
        edits: As in ``trace_module``. Their steps and sequences are checked when the module is called; a cell does
            not know how many steps will follow, so that a step that never comes is not an error.
        module: The name of the module to edit, such as ``"encoder.rnn"``, where ``model`` holds several.

    Yields:
        ``model``.

    Raises:
        EditError: An edit does not fit the module; a ValueError that names the edit and its field.
        TypeError: ``model`` is not a module of PyTorch.
        ValueError: There is no such module, or several and no name; or a call of it does not run torch.nn's forward.
        RuntimeError: Raised by a call of the module in a reentrant checkpoint within the block.
    """
    chosen = _chosen(model, module)
    listed = edits_from(edits)
    bind(listed, _subject(chosen))
    block = _Block(chosen, listed, _is_in_function())
    _IN_FORCE.set((*(each for each in _IN_FORCE.get() if each.is_open), block))
    _install(chosen)
    try:
        yield model
    finally:  # blocks of generators may be left in any order, and in another thread
        block.is_open = False
        _IN_FORCE.set(tuple(each for each in _IN_FORCE.get() if each is not block))
        _remove(chosen)


def _subject(module: Recurrent) -> Subject:
    if isinstance(module, nn.RNNCellBase):
        return Subject.of_steps(cell_of(module), module.hidden_size)
    return Subject.of(cell_of(module), module)


def _is_in_function() -> bool:
    """Return whether this runs within the forward of an autograd.Function: there, forward derivatives are off too."""
    return not (torch._C._is_fwd_grad_enabled() or torch.is_inference_mode_enabled())


def _install(module: Recurrent) -> None:
    with _LOCK:
        _BLOCKS[id(module)] = _BLOCKS.get(id(module), 0) + 1
        if not isinstance(vars(module).get("forward"), _Edited):
            vars(module)["forward"] = _Edited(module)


def _remove(module: Recurrent) -> None:
    with _LOCK:
        _BLOCKS[id(module)] -= 1
        if _BLOCKS[id(module)] == 0:
            del _BLOCKS[id(module)]
            if isinstance(vars(module).get("forward"), _Edited):
                del vars(module)["forward"]


def _chosen(model: nn.Module, name: str | None) -> Recurrent:
    """Return the module to edit. Raises TypeError or ValueError if there is none, or it cannot be edited."""
    if not isinstance(model, nn.Module):
        hint = ": call its trace(text, edits=…)" if hasattr(model, "trace") else ""
        raise TypeError(f"the model is a {type(model).__name__}, not a torch.nn.Module{hint}")
    if any(hasattr(each, "_orig_mod") or each._compiled_call_impl is not None for each in model.modules()):
        raise ValueError("the model is compiled, and might compute without the edit: edit it before it is compiled")
    inside = {place: each for place, each in model.named_modules() if isinstance(each, Recurrent)}
    listed = ", ".join(place or "the model itself" for place in inside)
    if not inside:
        raise ValueError(
            f"this {type(model).__name__} holds no torch.nn.{modules_in_words()}: there is nothing to edit"
        )
    if name is None and len(inside) > 1:
        raise ValueError(
            f"this {type(model).__name__} holds several recurrent modules: choose one by module=… from {listed}"
        )
    if name is not None and name not in inside:
        raise ValueError(f"this {type(model).__name__} holds no module {name!r} to edit: it holds {listed}")
    chosen = inside[name] if name is not None else next(iter(inside.values()))
    if is_overridden(chosen):
        raise ValueError(
            f"a call of this {type(chosen).__name__} does not run the forward of torch.nn.{base_of(chosen).__name__}, "
            f"inside which edits act ({describe(chosen)}): edit a plain module with its weights"
        )
    return chosen


class _Edited(StandIn):
    """The forward of a module that computes with the edits in force, and as its own where there are none."""

    def __init__(self, module: Recurrent) -> None:
        self._module = module

    def __call__(self, input: Input, hx: States | None = None) -> Any:  # noqa: A002
        module, blocks = self._module, _blocks_of(self._module)
        if id(module) not in _BLOCKS:  # a copy that was made within a block
            vars(module).pop("forward", None)
        edits = tuple(edit for block in blocks for edit in block.edits)
        if not edits:
            return type(module).forward(module, input, hx)
        if _is_in_function() and not all(block.is_in_function for block in blocks):
            raise RuntimeError(
                f"this {type(module).__name__} is called within an autograd.Function, such as a reentrant checkpoint, "
                "whose backward pass may call it again without the edits: enter the block inside the function that is "
                "checkpointed, or pass use_reentrant=False to torch.utils.checkpoint"
            )
        if isinstance(module, nn.RNNCellBase):
            return stepped_once(module, input, hx, edits, blocks[0].progress)  # type: ignore[arg-type]
        return _forward(module, input, hx, edits)


def _forward(module: nn.RNNBase, x: Input, hx: States | None, edits: Sequence[Edit]) -> tuple[Input, Any]:
    """Return what a call of ``module`` does, computed with ``edits``."""
    cell, is_packed = cell_of(module), isinstance(x, PackedSequence)
    batch, lengths = time_major(x, batch_first=module.batch_first)
    _require_fitting(module, x, hx)
    bound = bind(edits, Subject.of(cell, module, lengths))
    is_single = isinstance(x, Tensor) and x.dim() == 2
    given = None if hx is None else (hx,) if isinstance(hx, Tensor) else tuple(hx)
    starts = None if given is None else [each[:, None] if is_single else each for each in given]
    ends = torch.tensor(lengths, dtype=torch.long, device=batch.device)
    is_step = torch.arange(len(batch), device=batch.device)[:, None, None] < ends[:, None]
    last: dict[str, list[Tensor]] = {letter: [] for letter in cell.states}
    weights = weights_of_call(module)
    outputs: list[Tensor] = []
    for at, (layer, direction) in enumerate(layers_of(module)):
        if layer > 0 and direction == "forward":
            batch = dropout(torch.cat(outputs, dim=-1), module.dropout, module.training)
        if direction == "forward":
            outputs = []
        initial = None if starts is None else dict(zip("hc", (each[at] for each in starts), strict=False))
        changes = bound.of(layer, direction, 0, len(batch))
        is_backward = direction == "backward"
        steps = stepped.unroll(cell, weights[at], batch, lengths, initial, reverse=is_backward, edits=changes)
        for letter, states in last.items():
            ended = steps[letter]
            states.append(ended[0] if is_backward else ended[ends - 1, torch.arange(len(ends), device=batch.device)])
        outputs.append(torch.where(is_step, steps["h"], 0))
    joined = torch.cat(outputs, dim=-1)
    joined = marked(joined, bound)
    states = [torch.stack(last[letter]) for letter in "hc" if letter in last]
    if is_single:
        joined, states = joined[:, 0], [each[:, 0] for each in states]
    elif is_packed:
        joined = _packed_like(x, joined, lengths)  # type: ignore[arg-type,assignment]
    elif module.batch_first:
        joined = joined.transpose(0, 1)
    return joined, states[0] if len(states) == 1 else tuple(states)


def _require_fitting(module: nn.RNNBase, x: Input, hx: States | None) -> None:
    """Raise what a call of ``module`` raises for an input or states of the wrong shape."""
    hidden: Any = hx
    if isinstance(x, PackedSequence):
        hidden = _zeros(module, x.data, int(x.batch_sizes[0])) if hx is None else hx
        module.check_forward_args(x.data, hidden, x.batch_sizes)
        return
    if x.dim() not in (2, 3):
        raise ValueError(f"{type(module).__name__}: Expected input to be 2D or 3D, got {x.dim()}D instead")
    if x.shape[1 if module.batch_first and x.dim() == 3 else 0] == 0:
        type(module).forward(module, x, hx)  # raises, as there is no step
    if x.dim() == 2:
        x = x.unsqueeze(0 if module.batch_first else 1)
        if hx is not None:
            hidden = hx.unsqueeze(1) if isinstance(hx, Tensor) else tuple(each.unsqueeze(1) for each in hx)
    batch = x.shape[0 if module.batch_first else 1]
    module.check_forward_args(x, _zeros(module, x, batch) if hidden is None else hidden, None)


def _zeros(module: nn.RNNBase, x: Tensor, batch: int) -> Any:
    places = len(list(layers_of(module)))
    h = x.new_zeros(places, batch, module.proj_size or module.hidden_size)
    return (h, x.new_zeros(places, batch, module.hidden_size)) if "c" in cell_of(module).states else h


def _packed_like(x: PackedSequence, padded: Tensor, lengths: Sequence[int]) -> PackedSequence:
    """Return (T, B, ·), in the order in which the sequences were given, packed as ``x`` is."""
    order = torch.arange(len(lengths)) if x.sorted_indices is None else x.sorted_indices.cpu()
    in_order = padded[:, order.to(padded.device)]
    packed = pack_padded_sequence(in_order, torch.tensor(lengths)[order])
    return PackedSequence(packed.data, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
