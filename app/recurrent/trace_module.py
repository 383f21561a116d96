"""Trace anyone's torch.nn.RNN, LSTM or GRU."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence

from .cells import cell_of, modules_in_words
from .cells.cell import Activations, Cell
from .editing import edits_of, unedited
from .edits.binding import Subject, bind
from .edits.data import edits_from
from .edits.edit import Edit
from .engine import compiled
from .module_call import States, call, left_as_it_was, time_major
from .module_check import require_plain_call
from .modules import (
    LayerWeights,
    for_numpy,
    is_plain,
    layer_weights_from,
    layer_weights_of,
    layers_of,
    tensors_of,
    weight_names,
    weight_shapes,
)
from .trace import Engine, Trace, activations_of, layer_traces

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


class Traces(Sequence[Trace]):
    """The traces of a batch, each made on access: making them all takes long, and few are looked at."""

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


@overload
def trace_module(
    module: nn.RNNBase,
    x: PackedSequence,
    hx: States | None = None,
    engine: Engine = "compiled",
    *,
    check: bool = True,
    edits: Iterable[Edit | Mapping[str, Any]] = (),
) -> Sequence[Trace]: ...
@overload
def trace_module(
    module: nn.RNNBase,
    x: Tensor,
    hx: States | None = None,
    engine: Engine = "compiled",
    *,
    check: bool = True,
    edits: Iterable[Edit | Mapping[str, Any]] = (),
) -> Trace | Sequence[Trace]: ...
def trace_module(
    module: nn.RNNBase,
    x: Tensor | PackedSequence,
    hx: States | None = None,
    engine: Engine = "compiled",
    *,
    check: bool = True,
    edits: Iterable[Edit | Mapping[str, Any]] = (),
) -> Trace | Sequence[Trace]:
    """Return every gate, candidate and state of ``module`` over ``x``, at every step.

    >>> import torch
    >>> from gatescope import trace_module
    >>> lstm = torch.nn.LSTM(input_size=5, hidden_size=7)
    >>> trace = trace_module(lstm, torch.randn(20, 5))
    >>> trace.layer()["f"].shape  # the forget gate: (T, H)
    (20, 7)
    >>> batch = trace_module(lstm, torch.randn(20, 3, 5))
    >>> [len(trace) for trace in batch]
    [20, 20, 20]

    A plain module is recognised by its structure and only read. Any other (a subclass, forward hooks, parametrizations,
    weights that are not parameters) is called a few times, without gradients, to learn which weights it uses and
    whether it does what torch.nn does with them. Its hooks run; weights, buffers, training flags and the states of
    random number generators are restored afterwards.

    Args:
        module: An ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` with any options. Dropout must be off: ``module.eval()``.
        x: What the module takes: one sequence (T, E), a batch (T, B, E), or (B, T, E) if ``module.batch_first``, or a
            packed batch of sequences that differ in length.
        hx: The states to start from, as the module takes them; zeros if None.
        engine: ``"compiled"``, the kernels for float32 on the CPU, or ``"reference"``; see ``trace``.
        check: False traces the current weights as those of a plain module of torch.nn, and calls nothing.
        edits: What to change inside the steps, such as ``hold("f", 1.0, steps=[3])``, in this order; see
            docs/experiments.md. Within ``gatescope.edit`` they come after those that are in force there.

    Returns:
        The ``Trace`` of one sequence, or those of a batch, in its order, each made on access. Arrays are NumPy's,
        (T, H), in the dtype of the module, but float32 for bfloat16, which NumPy does not have; the traces of a batch
        share their memory.

    Raises:
        TypeError: ``module``, ``x`` or ``hx`` has the wrong type, or a dtype other than that of the weights.
        EditError: An edit does not fit ``module`` or ``x``; a ValueError that names the edit and its field.
        ValueError: They do not fit together, there is no step to trace, or a number is NaN or infinite; the message
            names the tensor and the index. Or a call of ``module`` is random, or does not do what torch.nn does.
        OverflowError: A number leaves the range of the dtype; the message names letter, layer and step. A relu RNN may
            be traced further as ``module.double()``.
    """
    cell = _cell_that_can_be_traced(module)
    listed = (*edits_of(module), *edits_from(edits))
    if is_plain(module):
        return _trace(module, cell, layer_weights_of(module), x, hx, engine, listed)
    with left_as_it_was(module) as undo, unedited():
        if not check:
            return _trace(module, cell, layer_weights_from(module, tensors_of(module)), x, hx, engine, listed)
        for name, weight in module.named_parameters():
            _require_memory(name, weight)  # without memory, PyTorch may read out of bounds
        if (like := next(module.parameters(), None)) is not None:
            _require_fitting(module, cell, x, hx, like)
        called = call(module, x, hx, undo)
        layers = _kept_after(layer_weights_from(module, called.weights))
        traced = _trace(module, cell, layers, x, hx, engine, listed)
        require_plain_call(module, x, hx, called)
        return traced


def _trace(
    module: nn.RNNBase,
    cell: Cell,
    layers: Sequence[LayerWeights],
    x: Tensor | PackedSequence,
    hx: States | None,
    engine: Engine,
    edits: Sequence[Edit],
) -> Trace | Sequence[Trace]:
    """Return the trace or traces of ``module`` with the weights of ``layers``."""
    _require_traceable(module, layers)
    initial = _require_fitting(module, cell, x, hx, layers[0].weights.w_ih)
    batch, lengths = time_major(x, batch_first=module.batch_first)
    if not lengths:
        return []
    bound = bind(edits, Subject.of(cell, module, lengths))
    if batch.dtype == torch.bfloat16:
        layers, batch = _for_numpy(module, layers), for_numpy(batch)
        initial = initial and [{k: for_numpy(state) for k, state in each.items()} for each in initial]
    places: Sequence[int] = range(len(lengths))
    order: NDArray[np.int64] | None = None
    if not isinstance(x, Tensor):  # the longest first
        order = np.argsort(np.negative(lengths), stable=True)
        places = np.argsort(order).tolist()
        batch = batch[:, order]
        initial = initial and [{k: state[order] for k, state in each.items()} for each in initial]
    lengths_in_order = sorted(lengths, reverse=True)
    activations = activations_of(
        layers, cell, batch, lengths_in_order, initial, engine, overflow="refuse", bound=bound, order=order
    )
    no_outputs = np.empty((max(lengths), 0), activations[0]["h"].dtype)

    def trace_of(b: int) -> Trace:
        traces = layer_traces(layers, cell.name, activations, initial, places[b], lengths[b])
        return Trace((), traces, no_outputs[: lengths[b]], bound=bound.of_sequence(b) if bound.edits else bound)

    return trace_of(0) if isinstance(x, Tensor) and x.dim() == 2 else Traces(trace_of, len(lengths))


def _kept_after(layers: Sequence[LayerWeights]) -> list[LayerWeights]:
    """Return ``layers`` with copies of the weights that a trace refers to: what a call wrote there is undone."""
    return [
        layer
        if (w_hr := layer.weights.w_hr) is None
        else layer._replace(weights=layer.weights._replace(w_hr=w_hr.detach().clone()))
        for layer in layers
    ]


def _cell_that_can_be_traced(module: nn.RNNBase) -> Cell:
    """Return the cell of ``module``. Raises if it has none, or if dropout makes every call differ."""
    if not isinstance(module, nn.RNNBase):
        raise TypeError(_no_module(module))
    if module.training and module.dropout > 0 and module.num_layers > 1:
        raise ValueError(
            f"the module is in training mode with a dropout of {module.dropout}, which changes at every call: "
            "call module.eval() first"
        )
    return cell_of(module)


def _no_module(given: object) -> str:
    """Say what ``given`` is instead of a module, and what to trace in its place."""
    name = type(given).__name__
    match given:
        case str() | PathLike():
            hint = f"trace the module that is saved there, torch.load({str(given)!r}, weights_only=False)"
            return f"the module is a path: {hint}"
        case Mapping() if given and all(isinstance(value, Tensor) for value in given.values()):
            hint = "make the module, load the state dict into it by module.load_state_dict, and trace that"
            return f"the module is a state dict, which has weights but no sizes: {hint}"
        case Mapping() if inside := [key for key, value in given.items() if isinstance(value, nn.Module)]:
            return f"the module is a {name}: trace a module that it holds, under {' or '.join(map(repr, inside))}"
        case torch.jit.ScriptModule():
            hint = "trace the Python module that it was made from, or one that has loaded its state_dict()"
            return f"the module is scripted, and its Python code is gone: {hint}"
        case nn.RNNCellBase():
            hint = f"watch the loop that calls it, by gatescope.watch, or trace a torch.nn.{name.removesuffix('Cell')}"
            return f"{name} takes single steps: {hint}"
        case nn.Module() if "quantiz" in type(given).__module__:
            return f"this {name} is quantized ({type(given).__module__}): trace the module that it was made from"
        case nn.Module():
            inside = [name for name, each in given.named_modules() if isinstance(each, nn.RNNBase)]
            choices = " or ".join(f"module.get_submodule({each!r})" for each in inside)
            hint = f": trace what it holds, {choices}" if inside else ""
            return f"{name} is not a torch.nn.{modules_in_words()}{hint}"
    return f"the module is a {name}, not a torch.nn.{modules_in_words()}"


def _require_traceable(module: nn.RNNBase, layers: Sequence[LayerWeights]) -> None:
    """Raise unless the weights have the right type, shape and dtype, and finite numbers."""
    if all(layer.arrays is not None and layer.arrays.are_finite() for layer in layers):
        return
    like = layers[0].weights.w_ih
    for layer in layers:
        shapes = weight_shapes(module, layer.layer)
        for field, name in weight_names(module, layer.layer, layer.direction).items():
            weight = getattr(layer.weights, field)
            _require_like(like, name, weight)
            if weight.shape != shapes[field]:
                raise ValueError(f"{name} is {tuple(weight.shape)}: it must be {shapes[field]}")
            if weight.is_meta:
                raise ValueError("the module is on the meta device, where its weights have no numbers: load them first")
            if weight.dtype not in DTYPES:
                wanted = ", ".join(map(str, DTYPES))
                raise TypeError(f"{name} is {weight.dtype}, which is not traced: trace a copy in one of {wanted}")
            _require_finite(name, weight)


def _for_numpy(module: nn.RNNBase, layers: Sequence[LayerWeights]) -> list[LayerWeights]:
    """Return ``layers`` with weights in a dtype that NumPy has."""
    return layer_weights_from(
        module,
        {
            name: for_numpy(getattr(layer.weights, field))
            for layer in layers
            for field, name in weight_names(module, layer.layer, layer.direction).items()
        },
    )


def _require_fitting(
    module: nn.RNNBase, cell: Cell, x: Tensor | PackedSequence, hx: States | None, like: Tensor
) -> list[Activations] | None:
    """Return the states that each layer and direction starts from, (B, ·) each, None for zeros.

    Raises if ``module`` cannot take ``x`` and ``hx``; ``like`` has the dtype and device that they must have.
    """
    data = x.data if isinstance(x, PackedSequence) else x
    if isinstance(x, PackedSequence):
        name, dimensions, shape = "x.data", [2], "(steps of all sequences, E)"
    else:
        name, dimensions, shape = "x", [2, 3], f"(T, E) or {'(B, T, E)' if module.batch_first else '(T, B, E)'}"
    _require_like(like, name, data)
    if data.shape[-1:] != (module.input_size,) or data.dim() not in dimensions:
        raise ValueError(f"{name} is {tuple(data.shape)}: it must be {shape}, with E = {module.input_size}")
    _require_finite(name, data)
    if isinstance(x, Tensor) and not x.shape[1 if module.batch_first and x.dim() == 3 else 0]:
        raise ValueError("there is nothing to trace: x has no steps")
    if hx is None:
        return None
    if isinstance(x, PackedSequence):
        batch: tuple[int, ...] = (int(x.batch_sizes[0]),)
    else:
        batch = () if x.dim() == 2 else (x.shape[0 if module.batch_first else 1],)
    given = hx if isinstance(hx, tuple | list) else (hx,)
    if len(given) != len(cell.states):
        count = "1 tensor" if len(given) == 1 else f"{len(given)} tensors"
        expected = "a pair (h_0, c_0)" if "c" in cell.states else "h_0"
        raise TypeError(f"hx holds {count}: for {type(module).__name__} it must be {expected}")
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
    """Raise unless ``given`` is a dense tensor of the dtype and on the device of ``weight``."""
    if not isinstance(given, Tensor):
        raise TypeError(f"{name} is a {type(given).__name__}: it must be a torch.Tensor")
    if given.is_nested:
        raise TypeError(f"{name} is a nested tensor: pack its sequences by torch.nn.utils.rnn.pack_sequence")
    if given.layout is not torch.strided:
        raise TypeError(f"{name} is {given.layout}: convert it by .to_dense()")
    _require_memory(name, given)
    if given.dtype != weight.dtype:
        raise TypeError(f"{name} is {given.dtype}, the weights are {weight.dtype}: convert it by .to({weight.dtype})")
    if given.device != weight.device:
        raise ValueError(
            f"{name} is on {given.device}, the weights are on {weight.device}: move it by .to({str(weight.device)!r})"
        )


def _require_memory(name: str, tensor: Tensor) -> None:
    """Raise if the storage of ``tensor`` was freed."""
    is_dense = tensor.layout is torch.strided and not tensor.is_meta and not is_lazy(tensor)
    if is_dense and not compiled.holds_its_numbers(tensor):
        raise ValueError(f"{name} has no memory, as its storage was freed: trace it while the numbers are there")


def _require_finite(name: str, tensor: Tensor) -> None:
    """Raise if a number is NaN or infinite, and name the first."""
    if compiled.serves(tensor) and compiled.is_finite(tensor):
        return
    if len(places := (~tensor.isfinite()).nonzero()):
        place = places[0].tolist()
        raise ValueError(f"{name}{place} is {tensor[tuple(place)].item()}: a trace needs finite numbers")
