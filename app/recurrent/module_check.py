"""Check that a call of a module does what torch.nn does with the weights that the call uses.

A subclass, a hook or a parametrization may make a call do something else, which only a call can tell. So the module is
called, and then a plain module of torch.nn with the weights of that call. Where both run the same code on the same
numbers they give the same bits, however much the network amplifies rounding; elsewhere they are compared in float64.
"""

import copy
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from .cells import cell_of
from .module_call import Call, Input, States, Weights, call_once, is_same, refusal, time_major
from .modules import base_of, for_numpy, layer_weights_from, options_of, plain_forward, plain_module
from .trace import FloatArray, activations_of


class _Rounding(NamedTuple):
    """By how much two correct engines may differ."""

    close: float  # in any network
    drift: float  # in a network that amplifies rounding: this many times as far as a second engine of ours


_ROUNDING = {torch.float64: _Rounding(1e-9, 1000), torch.float32: _Rounding(3e-5, 100)}


def require_plain_call(module: nn.RNNBase, x: Input, hx: States | None, called: Call) -> None:
    """Raise ValueError unless ``called`` returned what torch.nn returns with the same weights, up to rounding.

    Where the two differ at all, a copy of ``module`` must agree in float64 too. Warns if no such copy can be run.
    """
    if is_same(called, _call_plain(module, called.weights, x, hx)):
        return
    _require_agreement(module, x, hx, called)
    try:
        double, x_double, hx_double = copy.deepcopy(module).double(), _in_double(x), _in_double(hx)
        called = call_once(double, x_double, hx_double)
    except Exception:  # an attribute that cannot be copied, a dtype that forward insists on, …
        kind, dtype = f"torch.nn.{base_of(module).__name__}", called.outputs.dtype
        warnings.warn(
            f"this {type(module).__name__} cannot be run in float64: it was compared with {kind} only in {dtype}, "
            "where a small difference may be rounding",
            stacklevel=3,
        )
    else:
        _require_agreement(double, x_double, hx_double, called)


def _call_plain(module: nn.RNNBase, weights: Weights, x: Input, hx: States | None) -> Call:
    """Call a module of torch.nn with the sizes of ``module`` and these weights."""
    plain = plain_module(cell_of(module), options_of(module), weights)
    return call_once(plain, x, hx, plain_forward(plain))


def _in_double(given: Any) -> Any:
    if given is None or isinstance(given, Tensor | PackedSequence):
        return given if given is None else given.to(torch.float64)
    return tuple(each.to(torch.float64) for each in given)


def _require_agreement(module: nn.RNNBase, x: Input, hx: States | None, called: Call) -> None:
    """Raise ValueError unless ``called`` is as close to torch.nn as rounding explains."""
    if (what := disagreement(module, x, hx, called)) is not None:
        raise ValueError(refusal(module, what))


def disagreement(module: nn.RNNBase, x: Input, hx: States | None, called: Call) -> str | None:
    """Say how ``called`` differs from torch.nn with the same weights; None where rounding explains all.

    Another correct engine, the cells stepped by PyTorch, tells how far rounding can carry a network. Where it carries
    the two apart, every step is also compared by itself, from the states of the stepped cells.
    """
    plain = _call_plain(module, called.weights, x, hx)
    if is_same(called, plain):
        return None
    dtype = plain.outputs.dtype
    close, growth = _ROUNDING.get(dtype, _Rounding(4 * torch.finfo(dtype).eps, 4))
    shapes = [[tuple(each.shape) for each in (one.outputs, *one.states)] for one in (called, plain)]
    if shapes[0] != shapes[1]:
        return f"returns outputs and states of shapes {shapes[0]} where torch.nn returns {shapes[1]}"
    gaps, last = _gaps(called.outputs, plain.outputs), max(map(_gap, called.states, plain.states))
    if max(float(gaps.max()), last) <= close:
        return None
    zeros = tuple(torch.zeros_like(state) for state in plain.states)
    steps = _stepped(module, called.weights, x, zeros if hx is None else (hx,) if isinstance(hx, Tensor) else hx)
    drift = _gaps(steps.outputs.to(plain.outputs), plain.outputs)
    drift = drift.max().expand_as(drift) if module.bidirectional else drift.cummax(0).values
    allowed = (growth * drift).clamp(min=close)
    apart = (gaps > allowed).nonzero().flatten().tolist()
    if apart:
        return f"differs from torch.nn with the same weights, from step {apart[0]} on, by up to {float(gaps.max()):.2g}"
    if last > float(allowed[-1]):
        return f"differs from torch.nn with the same weights in its last states, by {last:.2g}"
    single = call_once(module, steps.x, steps.before)
    plain = _call_plain(module, called.weights, steps.x, steps.before)
    gap = max(map(_gap, (single.outputs, *single.states), (plain.outputs, *plain.states)))
    return f"differs from torch.nn with the same weights in single steps, by {gap:.2g}" if gap > close else None


def furthest(called: Call, other: Call) -> str | None:
    """Say how far two calls are apart; None if rounding explains it in any network."""
    gap = max(map(_gap, (called.outputs, *called.states), (other.outputs, *other.states)))
    dtype = other.outputs.dtype
    close = _ROUNDING.get(dtype, _Rounding(4 * torch.finfo(dtype).eps, 4)).close
    return None if gap <= close else f"differs from its edits with the same weights, by {gap:.2g}"


def _gaps(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the largest difference (T,) at each step of arrays (T, …), relative where ``theirs`` exceeds 1.

    It is infinite where they differ and either is NaN or infinite.
    """
    is_same = (ours == theirs) | (ours.isnan() & theirs.isnan())
    gaps = ((ours - theirs).abs() / theirs.abs().clamp(min=1)).nan_to_num(nan=torch.inf)
    return torch.where(is_same, 0, gaps).flatten(1).amax(1)


def _gap(ours: Tensor, theirs: Tensor) -> float:
    return float(_gaps(ours, theirs).max())


class _Steps(NamedTuple):
    """The N steps of all sequences, as a batch of N sequences of one step."""

    x: Tensor  # (1, N, E), or (N, 1, E) if the module takes the batch first
    before: States  # h, or (h, c), that each starts from: (layers·directions, N, ·)
    outputs: Tensor  # (T, B, P·directions) of the cells over the whole sequences


def _stepped(module: nn.RNNBase, weights: Weights, x: Input, starts: Sequence[Tensor]) -> _Steps:
    """Step the cells through ``x`` from the states ``starts``."""
    batch, lengths = time_major(x, batch_first=module.batch_first)
    order = np.argsort(np.negative(lengths), kind="stable")  # the longest first
    batch, ends = for_numpy(batch[:, order]), np.array(lengths)[order]
    layers = layer_weights_from(module, {name: for_numpy(weight) for name, weight in weights.items()})
    cell = cell_of(module)
    letters = sorted(cell.states, reverse=True)  # h before c, as PyTorch has them
    starts = [for_numpy(start).reshape(len(layers), len(ends), -1)[:, order] for start in starts]
    initial = [dict(zip(letters, (start[at] for start in starts), strict=True)) for at in range(len(layers))]
    activations = activations_of(layers, cell, batch, ends.tolist(), initial, "reference")
    top = np.concatenate(
        [each["h"] for layer, each in zip(layers, activations, strict=True) if layer.layer == layers[-1].layer], axis=-1
    )
    taken = np.arange(len(batch))[:, None] < ends  # (T, B)
    in_order = np.where(taken[..., None], top, 0)[:, np.argsort(order)]
    rows = batch[torch.from_numpy(taken)].to(x.data.dtype)
    states = [
        np.stack(
            [
                _shifted(each[letter], start[at].cpu().numpy(), ends, reverse=layer.direction == "backward")[taken]
                for at, (layer, each) in enumerate(zip(layers, activations, strict=True))
            ]
        )
        for letter, start in zip(letters, starts, strict=True)
    ]
    before = tuple(torch.from_numpy(each).to(rows) for each in states)
    return _Steps(
        rows[:, None] if module.batch_first else rows[None],
        before if len(before) > 1 else before[0],
        torch.from_numpy(in_order),
    )


def _shifted(states: FloatArray, start: FloatArray, ends: NDArray[np.int64], *, reverse: bool) -> FloatArray:
    """Return the states before each step, given those after it (T, B, ·) and those before the first (B, ·)."""
    before = np.empty_like(states)
    if reverse:
        before[:-1] = states[1:]
        before[ends - 1, np.arange(len(ends))] = start
    else:
        before[1:] = states[:-1]
        before[0] = start
    return before
