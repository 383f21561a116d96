"""Which logit the shares are of, and the weights with which it reads the last layer."""

import operator
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ..option_error import OptionError
from ..trace import LayerTrace, Trace
from .pairs import Array

Output = int | str
Pair = tuple[ArrayLike | Tensor, ArrayLike | Tensor | None]  # weight (outputs, H·directions) and bias (outputs,)
Head = nn.Linear | Pair

_IN_DOUBLE = 4_000_000  # weights of a head that are copied to float64 at a time
LISTED = 10  # outputs, up to which a message names them all


class Logit(NamedTuple):
    """The logit of an output, or that of one minus that of another."""

    outputs: tuple[int, ...]  # one, or one and the one that it is set against
    names: tuple[str, ...]  # of these; empty where outputs have none
    weights: Array  # (H,) of the layer, or (P,) under a projection
    bias: float


def logit_of(trace: Trace, layer: LayerTrace, head: Head | None, output: Output | Sequence[Output] | None) -> Logit:
    """Return the logit that ``output`` asks for, as it reads ``layer``, which is one of the last.

    Raises OptionError where the output does not exist or must be given, or where the head does not fit the layer.
    """
    function: str | None = None
    names: tuple[str, ...] = ()
    verdict: str | None = None
    weight: NDArray[np.floating]
    bias: NDArray[np.floating]
    if head is not None:
        weight, bias = _numbers(head)
    elif (own := trace.head) is not None:
        weight, bias = own.weight.array("the head's weight"), own.bias.array("the head's bias")
        function, names, verdict = own.function, own.names, own.verdict
        _require_head_of(trace, weight, bias, function)
    else:
        raise OptionError("head", "this trace has none: pass head=(weight, bias), with a row of weight for each output")
    last = [each for each in trace.layers if each.layer == layer.layer]
    width = layer["h"].shape[1]
    if weight.shape[1] != width * len(last):
        of = "h of the last layer has" if len(last) == 1 else "the two h of the last layer have together"
        raise OptionError("head", f"its weight reads {weight.shape[1]} numbers, and {of} {width * len(last)}")
    usual = _default(trace, weight, bias, function, names, verdict) if output is None else ()
    chosen = outputs_of(usual if output is None else output, len(weight), names, function)
    at = next(place for place, each in enumerate(last) if each.direction == layer.direction)
    (row, *others), (offset, *offsets) = (each[list(chosen)].astype(np.float64) for each in (weight, bias))
    row, offset = (row - others[0], offset - offsets[0]) if others else (row, offset)
    of_layer = row[at * width : (at + 1) * width]
    return Logit(chosen, tuple(names[each] for each in chosen) if names else (), of_layer, float(offset))


def outputs_of(
    output: Output | Sequence[Output] | None, count: int, names: Sequence[str], function: str | None
) -> tuple[int, ...]:
    """Return the places of one output, or of one and the one that it is set against, of the ``count`` of a head.

    ``function`` makes probabilities of its outputs; None: not known. Raises OptionError if there is no such output, or
    where its logit means nothing.
    """
    given = () if output is None else output
    wanted = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    chosen = tuple(_index(each, count, names) for each in wanted)
    _require_meaning(chosen, function, count, names)
    return chosen


def _require_head_of(trace: Trace, weight: NDArray[np.floating], bias: NDArray[np.floating], function: str) -> None:
    """Raise ValueError if the head gives other outputs than those of the trace: not every write to a weight is counted.

    A trace may be without its outputs.
    """
    if trace.outputs.shape[1] != len(weight) or not np.isfinite(trace.outputs[-1]).all():
        return
    logits = torch.from_numpy(logits_in_double(last_hidden(trace)[None], weight, bias)[0])
    outputs = torch.softmax(logits, dim=-1) if function == "softmax" else torch.sigmoid(logits)
    tolerance = 1000 * np.finfo(trace.outputs.dtype).eps
    if np.abs(outputs.numpy() - trace.outputs[-1]).max() > tolerance:
        raise ValueError("the head has changed since the trace was made: trace again, and decompose that trace")


def logits_in_double(hidden: Array, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> Array:
    """Return the logits (n, outputs) for ``hidden`` (n, H·directions), without copying the whole weight to float64."""
    size = max(1, _IN_DOUBLE // weight.shape[1])
    logits = np.empty((len(hidden), len(weight)))
    for start in range(0, len(weight), size):
        rows = slice(start, start + size)
        logits[:, rows] = hidden @ weight[rows].astype(np.float64).T + bias[rows]
    return logits


def last_hidden(trace: Trace) -> Array:
    """Return what the head reads after the last step, (H·directions,)."""
    last = [each for each in trace.layers if each.layer == trace.layers[-1].layer]
    return np.concatenate([each["h"][-1] for each in last], dtype=np.float64)


def _numbers(head: Head) -> tuple[Array, Array]:
    """Return weight and bias in float64. Raises OptionError if they are not two, or their shapes do not fit."""
    if isinstance(head, nn.Linear):
        head = head.weight, head.bias
    if not isinstance(head, tuple | list) or len(head) != 2:
        raise OptionError("head", f"is a {type(head).__name__}: it must be an nn.Linear, or (weight, bias)")
    weight, bias = head
    w = _in_double(weight)
    b = np.zeros(w.shape[:1]) if bias is None else _in_double(bias)
    if w.ndim != 2 or b.shape != w.shape[:1] or not len(w):
        raise OptionError(
            "head", f"its weight is {w.shape} and its bias {b.shape}: they must be (outputs, H) and (outputs,)"
        )
    return w, b


def _in_double(numbers: ArrayLike | Tensor) -> Array:
    if isinstance(numbers, Tensor):
        numbers = numbers.detach().cpu().double().numpy()
    return np.asarray(numbers, dtype=np.float64)


def _default(
    trace: Trace,
    weight: NDArray[np.floating],
    bias: NDArray[np.floating],
    function: str | None,
    names: Sequence[str],
    verdict: str | None,
) -> tuple[int, ...]:
    """Return what is decomposed where nothing was asked for; () if that must be said."""
    if function == "softmax":
        logits = logits_in_double(last_hidden(trace)[None], weight, bias)[0]
        return tuple(np.argsort(-logits, kind="stable")[:2].tolist())
    if len(weight) == 1:
        return (0,)
    return () if verdict is None else (names.index(verdict),)


def _index(output: Output, count: int, names: Sequence[str]) -> int:
    """Return the place of an output. Raises OptionError if there is no such output."""
    if isinstance(output, str) and output in names:
        return names.index(output)
    if not isinstance(output, bool) and hasattr(output, "__index__") and 0 <= (place := operator.index(output)) < count:
        return place
    raise OptionError("output", f"there is no output {output!r}: {_choice(count, names)}")


def _choice(count: int, names: Sequence[str]) -> str:
    """Say which outputs there are."""
    if not names or count > LISTED:
        return f"choose from 0 to {count - 1}"
    return "choose from " + ", ".join(f"{place} ({name!r})" for place, name in enumerate(names))


def _require_meaning(chosen: tuple[int, ...], function: str | None, count: int, names: Sequence[str]) -> None:
    """Raise OptionError unless the logit of what was ``chosen`` means something under the head's function."""
    if function == "softmax" and count == 1:
        reason = "a softmax over a single output is always 1: its logit means nothing"
    elif len(chosen) > 2 or len(set(chosen)) < len(chosen):
        reason = f"give one output, or two that differ, one against the other: {_choice(count, names)}"
    elif function == "softmax" and len(chosen) < 2:
        reason = (
            "one logit of a softmax means nothing by itself: give two outputs, one against the other: "
            f"{_choice(count, names)}"
        )
    elif function == "sigmoid" and len(chosen) != 1:
        reason = (
            f"the head gives {count} outputs, each with a probability of its own (sigmoid): give one of them: "
            f"{_choice(count, names)}"
        )
    elif not chosen:
        reason = (
            f"the head gives {count} outputs: give one, or, of a softmax, two, one against the other: "
            f"{_choice(count, names)}"
        )
    else:
        return
    raise OptionError("output", reason)
