"""Traces of anyone's torch.nn.RNN, LSTM or GRU."""

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from . import compiled
from .cells import Activations, Cell
from .modules import Part, cell_of, layers_of, parts_of, weight_names
from .trace import Engine, Trace, activations_of, layer_traces

States = Tensor | tuple[Tensor, Tensor]


class Traces(Sequence[Trace]):
    """The traces of a batch, each made when it is asked for: many are dear, and few are looked at."""

    def __init__(self, trace_of: Callable[[int], Trace], count: int) -> None:
        self._trace_of = trace_of
        self._places = range(count)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Trace: ...
    @overload
    def __getitem__(self, place: slice) -> list[Trace]: ...
    def __getitem__(self, place: int | slice) -> Trace | list[Trace]:
        if isinstance(place, slice):
            return [self._trace_of(b) for b in self._places[place]]
        return self._trace_of(self._places[place])

    def __repr__(self) -> str:
        return f"<{len(self)} traces>"


_HX = {"lstm": "a pair (h_0, c_0)", "gru": "h_0", "rnn": "h_0"}


@overload
def trace_module(
    module: nn.RNNBase, x: PackedSequence, hx: States | None = None, engine: Engine = "compiled"
) -> Sequence[Trace]: ...
@overload
def trace_module(
    module: nn.RNNBase, x: Tensor, hx: States | None = None, engine: Engine = "compiled"
) -> Trace | Sequence[Trace]: ...
def trace_module(
    module: nn.RNNBase, x: Tensor | PackedSequence, hx: States | None = None, engine: Engine = "compiled"
) -> Trace | Sequence[Trace]:
    """Every gate, candidate and state of ``module`` over ``x``, at every step.

    >>> import torch
    >>> from gatescope import trace_module
    >>> lstm = torch.nn.LSTM(input_size=5, hidden_size=7)
    >>> trace = trace_module(lstm, torch.randn(20, 5))
    >>> trace.layer()["f"].shape  # the forget gate: (T, H)
    (20, 7)
    >>> batch = trace_module(lstm, torch.randn(20, 3, 5))
    >>> [len(trace) for trace in batch]
    [20, 20, 20]

    Args:
        module: An ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` with any options. Dropout must be off: ``module.eval()``. Its
            weights are read as its attributes give them; those of ``torch.nn.utils.prune`` and of the old
            ``weight_norm``, which a call of the module renews, are those of its last call.
        x: What the module takes: one sequence (T, E), a batch (T, B, E), or (B, T, E) if ``module.batch_first``, or a
            packed batch of sequences that differ in length.
        hx: The states to start from, as the module takes them; zeros if None.
        engine: The compiled kernels, for float32 on the CPU, or the reference; see ``trace``.

    Returns:
        The ``Trace`` of one sequence, or those of a batch, in its order, each made when it is asked for. Arrays are
        NumPy's, (T, H), in the dtype of the module; the traces of a batch share their memory.

    Raises:
        TypeError: ``module``, ``x`` or ``hx`` is of another kind, or of another dtype than the weights.
        ValueError: They do not fit together, there is no step to trace, or a number is NaN or infinite; the message
            names the tensor and the place.
        OverflowError: A number leaves the range of the dtype; the message names letter, layer and step. A relu RNN may
            be traced further as ``module.double()``.
    """
    cell = _cell_that_can_be_traced(module)
    parts = _parts_that_can_be_traced(module)
    like = parts[0].weights.w_ih
    batch, lengths = _time_major(module, x, like)
    is_single = isinstance(x, Tensor) and x.dim() == 2
    initial = _initial_states(module, cell, hx, () if is_single else (len(lengths),), like)
    if not batch.shape[0]:
        raise ValueError("there is nothing to trace: x has no steps")
    if not lengths:
        return []
    places: Sequence[int] = range(len(lengths))
    if not isinstance(x, Tensor):  # the longest first
        order = np.argsort(np.negative(lengths), stable=True)
        places = np.argsort(order).tolist()
        batch = batch[:, order]
        initial = initial and [{k: state[order] for k, state in each.items()} for each in initial]
    found = activations_of(parts, cell, batch, sorted(lengths, reverse=True), initial, engine, overflow="refuse")
    no_outputs = np.empty((max(lengths), 0), found[0]["h"].dtype)

    def trace_of(b: int) -> Trace:
        layers = layer_traces(parts, cell.name, found, places[b], lengths[b])
        return Trace((), layers, no_outputs[: lengths[b]])

    return trace_of(0) if is_single else Traces(trace_of, len(lengths))


def _cell_that_can_be_traced(module: nn.RNNBase) -> Cell:
    """The cell of ``module``. Raises if a trace would not show what the module does."""
    if not isinstance(module, nn.Module):
        raise TypeError(f"the module is a {type(module).__name__}, not a torch.nn.RNN, LSTM or GRU")
    if not isinstance(module, nn.RNNBase):
        inside = [name for name, part in module.named_modules() if isinstance(part, nn.RNNBase)]
        parts = " or ".join(f"module.get_submodule({name!r})" for name in inside)
        hint = f": trace what it holds, {parts}" if inside else ""
        raise TypeError(f"{type(module).__name__} is none of torch.nn.RNN, LSTM and GRU{hint}")
    if module.training and module.dropout > 0 and module.num_layers > 1:
        raise ValueError(
            f"the module is in training mode with a dropout of {module.dropout}, which changes at every call: "
            "call module.eval() first"
        )
    return cell_of(module)


def _parts_that_can_be_traced(module: nn.RNNBase) -> list[Part]:
    """The layers and directions of ``module``. Raises if their weights have no numbers, or other than finite ones."""
    parts = parts_of(module)
    if all(part.arrays is not None and part.arrays.are_finite() for part in parts):
        return parts
    like = parts[0].weights.w_ih
    if like.is_meta:
        raise ValueError("the module is on the meta device, where its weights have no numbers: load them first")
    if like.dtype == torch.bfloat16:
        raise TypeError("the weights are bfloat16, which NumPy does not have: trace module.float()")
    for part in parts:
        for field, name in weight_names(module, part.layer, part.direction).items():
            weight = getattr(part.weights, field)
            _require_like(like, name, weight)
            _require_finite(name, weight)
    return parts


def _time_major(module: nn.RNNBase, x: Tensor | PackedSequence, like: Tensor) -> tuple[Tensor, list[int]]:
    """The batch (T, B, E) that ``x`` is, and the length of each sequence. Raises if ``module`` cannot take it."""
    data = x.data if isinstance(x, PackedSequence) else x
    if isinstance(x, PackedSequence):
        name, dimensions, shape = "x.data", [2], "(steps of all sequences, E)"
    else:
        name, dimensions, shape = "x", [2, 3], f"(T, E) or {'(B, T, E)' if module.batch_first else '(T, B, E)'}"
    _require_like(like, name, data)
    if data.shape[-1:] != (module.input_size,) or data.dim() not in dimensions:
        raise ValueError(f"{name} is {tuple(data.shape)}: it must be {shape}, with E = {module.input_size}")
    _require_finite(name, data)
    if isinstance(x, PackedSequence):
        padded, lengths = pad_packed_sequence(x)
        return padded, lengths.tolist()
    if x.dim() == 2:
        return x[:, None], [x.shape[0]]
    batch = x.transpose(0, 1) if module.batch_first else x
    return batch, [batch.shape[0]] * batch.shape[1]


def _initial_states(
    module: nn.RNNBase, cell: Cell, hx: States | None, batch: tuple[int, ...], like: Tensor
) -> list[Activations] | None:
    """What each layer and direction starts from, (B, ·) each; ``batch`` is (B,), or () for a single sequence."""
    if hx is None:
        return None
    given = hx if isinstance(hx, tuple) else (hx,)
    if len(given) != len(cell.states):
        count = "1 tensor" if len(given) == 1 else f"{len(given)} tensors"
        raise TypeError(f"hx holds {count}: for {type(module).__name__} it must be {_HX[cell.name]}")
    places = len(list(layers_of(module)))
    states = dict(zip("hc", given, strict=False))
    for letter, state in states.items():
        size = module.proj_size or module.hidden_size if letter == "h" else module.hidden_size
        _require_like(like, f"{letter}_0", state)
        if state.shape != (wanted := (places, *batch, size)):
            raise ValueError(f"{letter}_0 is {tuple(state.shape)}: it must be {wanted}")
        _require_finite(f"{letter}_0", state)
    return [
        {letter: state[at].reshape(-1, state.shape[-1]) for letter, state in states.items()} for at in range(places)
    ]


def _require_like(weight: Tensor, name: str, given: object) -> None:
    """Raise unless ``given`` is a tensor of the dtype and on the device of ``weight``."""
    if not isinstance(given, Tensor):
        raise TypeError(f"{name} is a {type(given).__name__}: it must be a torch.Tensor")
    if given.dtype != weight.dtype:
        raise TypeError(f"{name} is {given.dtype}, the weights are {weight.dtype}: convert it by .to({weight.dtype})")
    if given.device != weight.device:
        raise ValueError(
            f"{name} is on {given.device}, the weights are on {weight.device}: move it by .to({str(weight.device)!r})"
        )


def _require_finite(name: str, tensor: Tensor) -> None:
    """Raise if a number is NaN or infinite, naming the first."""
    if compiled.serves(tensor) and compiled.is_finite(tensor):
        return
    if len(places := (~tensor.isfinite()).nonzero()):
        place = places[0].tolist()
        raise ValueError(f"{name}{place} is {tensor[tuple(place)].item()}: a trace needs finite numbers")
