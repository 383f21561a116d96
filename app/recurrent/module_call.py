"""Call a module: learn what it returns and which weights it uses, and leave it as it was."""

import copy
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules import module as torch_module
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from .engine.compiled import holds_its_numbers
from .modules import StandIn, base_of, hooks_of

Input = Tensor | PackedSequence
States = Tensor | Sequence[Tensor]  # h_0, or an LSTM's pair (h_0, c_0)
Weights = Mapping[str, Tensor]  # by name, as the module's parameters are called


_IS_OWN: ContextVar[bool] = ContextVar("a call of our own", default=False)


def is_own_call() -> bool:
    """Return whether the module is called here by us, to learn what it does, and not by its owner."""
    return _IS_OWN.get()


class Call(NamedTuple):
    """What a call returned, and the weights that it used."""

    outputs: Tensor  # (T, B, P·directions); zeros past the end of a packed sequence
    states: tuple[Tensor, ...]  # h_n, and an LSTM's c_n
    weights: Weights


def time_major(x: Input, *, batch_first: bool) -> tuple[Tensor, list[int]]:
    """Return ``x`` as a batch (T, B, ·), padded with zeros where it was packed, and the length of each sequence."""
    if isinstance(x, PackedSequence):
        padded, lengths = pad_packed_sequence(x)
        return padded, lengths.tolist()
    if x.dim() == 2:
        return x[:, None], [x.shape[0]]
    batch = x.transpose(0, 1) if batch_first else x
    return batch, [batch.shape[0]] * batch.shape[1]


@contextmanager
def left_as_it_was(module: nn.Module) -> Iterator[Callable[[], None]]:
    """Undo on exit what calls change: weights, buffers, attributes, training flags and random number generators.

    Attributes that are dictionaries, lists or sets get their items back, but objects nested deeper are not restored. A
    stand-in of ours stays: another thread may enter or leave a block that edits the module.
    Yields a function that undoes everything at once, except for the random number generators.
    """
    submodules = list(module.modules())
    attributes = [
        {k: copy.copy(v) if isinstance(v, dict | list | set) else v for k, v in vars(m).items() if not _is_ours(v)}
        for m in submodules
    ]
    loose = [value for each in attributes for value in each.values() if isinstance(value, Tensor)]
    tensors = [each for each in (*module.parameters(), *module.buffers(), *loose) if _can_be_copied(each)]
    values = [each.detach().clone() for each in tensors]
    accelerators = {each.device for each in tensors if each.device.type != "cpu"}
    python, numpy = random.getstate(), np.random.get_state()

    def undo() -> None:
        for submodule, before in zip(submodules, attributes, strict=True):
            _restore(vars(submodule), before)
        for tensor, value in zip(tensors, values, strict=True):
            if not torch.equal(tensor, value):
                tensor.data.copy_(value)

    device_type = next((device.type for device in accelerators), "cuda")
    with torch.random.fork_rng([device.index for device in accelerators], device_type=device_type):
        try:
            yield undo
        finally:
            undo()
            random.setstate(python)
            np.random.set_state(numpy)


def _is_ours(attribute: object) -> bool:
    return isinstance(attribute, StandIn)


def _can_be_copied(tensor: Tensor) -> bool:
    """Return whether ``tensor`` is dense and holds numbers.

    A tensor on the meta device, one of a lazy module, or one whose storage was freed does not.
    """
    return not is_lazy(tensor) and not tensor.is_meta and tensor.layout is torch.strided and holds_its_numbers(tensor)


def _restore(attributes: dict[str, Any], before: Mapping[str, Any]) -> None:
    """Give ``attributes`` their values from ``before`` back; dictionaries, sets and lists stay the same objects."""
    for name in attributes.keys() - before.keys():
        if not _is_ours(attributes[name]):
            del attributes[name]
    for name, value in before.items():
        held = attributes.get(name)
        if isinstance(held, dict | set) and isinstance(value, dict | set):
            held.clear()
            held.update(value)
        elif isinstance(held, list) and isinstance(value, list):
            held[:] = value
        else:
            attributes[name] = value


def call(module: nn.RNNBase, x: Input, hx: States | None, undo: Callable[[], None]) -> Call:
    """Call ``module`` twice, with ``undo`` (of ``left_as_it_was``) in between, and return the second call.

    Raises ValueError if a call fails or returns anything but outputs and states, or if the two differ.
    """
    first = call_once(module, x, hx)
    undo()
    second = call_once(module, x, hx)
    if not is_same(first, second):
        is_training = any(each.training for each in module.modules())
        advice = "call module.eval() first" if is_training else f"remove what makes them differ ({describe(module)})"
        what = "it is random, or depends on earlier calls"
        raise ValueError(f"two calls of this {type(module).__name__} differ, as {what}: {advice}")
    return second


def call_once(module: nn.RNNBase, x: Input, hx: States | None, run: Callable[..., Any] | None = None) -> Call:
    """Call ``module``, or ``run`` in its place.

    Raises ValueError if the call fails or returns anything but outputs and states.
    """
    module._compiled_call_impl = None  # compiling takes seconds and does not change the numbers
    device = x.data.device if isinstance(x, PackedSequence) else x.device
    with _own_call(), torch.no_grad(), torch.autocast(device.type, enabled=False), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the module's owner sees them when calling it
        try:
            returned = (run or module)(*([x] if hx is None else [x, hx]))
        except Exception as error:
            message = f"a call of this {type(module).__name__} fails: {type(error).__name__}: {error}"
            raise ValueError(message) from error
    try:
        given, states = outputs_and_states(returned)
    except TypeError as error:
        raise ValueError(refusal(module, f"returns {error}")) from None
    if isinstance(given, PackedSequence) or given.dim() in (2, 3):
        given, _ = time_major(given, batch_first=module.batch_first)
    return Call(given, states, weights_in_use(module))


def outputs_and_states(returned: object) -> tuple[Input, tuple[Tensor, ...]]:
    """Return the outputs and last states in what a call of a module returned. Raises TypeError for anything else."""
    match returned:
        case (Tensor() | PackedSequence() as given, Tensor() as h_n):
            return given, (h_n,)
        case (Tensor() | PackedSequence() as given, (Tensor() as h_n, Tensor() as c_n)):
            return given, (h_n, c_n)
    raise TypeError(f"a {type(returned).__name__}, not outputs and states")


def weights_in_use(module: nn.RNNBase) -> dict[str, Tensor]:
    """Return the weights that the last call of ``module`` used."""
    return dict(zip(module._flat_weights_names, cast("list[Tensor]", module._flat_weights), strict=True))


@contextmanager
def _own_call() -> Iterator[None]:
    token = _IS_OWN.set(True)
    try:
        yield
    finally:
        _IS_OWN.reset(token)


def is_same(one: Call, other: Call) -> bool:
    """Return whether two calls returned the same bits."""
    pairs = zip((one.outputs, *one.states), (other.outputs, *other.states), strict=False)
    return len(one.states) == len(other.states) and all(
        a.shape == b.shape and a.dtype == b.dtype and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
        for a, b in pairs
    )


def describe(module: nn.Module) -> str:
    """Say what sets ``module`` apart from a plain module of torch.nn."""
    owner = next(each for each in type(module).__mro__ if "forward" in vars(each))
    hooks = [getattr(hook, "__qualname__", type(hook).__name__) for hook in hooks_of(module)]
    parametrized = list(getattr(module, "parametrizations", ()))
    reasons = {
        "its forward was replaced": not isinstance(vars(module).get("forward", StandIn()), StandIn),
        f"{owner.__name__} has a forward of its own": owner is not base_of(module),
        f"forward hooks: {', '.join(hooks)}": hooks,
        f"parametrizations of {', '.join(parametrized)}": parametrized,
        "forward hooks on all modules": torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks,
    }
    return "; ".join(reason for reason, holds in reasons.items() if holds) or "it is not a plain module"


def refusal(module: nn.RNNBase, what: str) -> str:
    """Return the error message for a ``module`` that cannot be traced because of ``what`` a call of it does."""
    base = f"torch.nn.{base_of(module).__name__}"
    return (
        f"a call of this {type(module).__name__} {what} ({describe(module)}), but a trace shows what {base} computes: "
        f"pass check=False to trace its weights as those of a plain {base}"
    )
