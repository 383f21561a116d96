"""What reads the last layer: the logit of one output, or that of one less that of another, as that of a probability."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..recurrent.decomposition.output import Output, outputs_of
from ..recurrent.option_error import OptionError
from ..recurrent.trace import Readout, Trace, Weight

OwnHead = nn.Linear | Tensor | ArrayLike | tuple[Tensor | ArrayLike, Tensor | ArrayLike | None]
NAME = "output"
ONE_OF_MANY = (
    "the output is read by itself, as the logit of a probability of its own (sigmoid): of a softmax, give two outputs, "
    "one against the other"
)


@dataclass(frozen=True)
class Answer:
    """A trace whose head has one output, and how to speak of it."""

    trace: Trace
    opposite: str | None = ""  # what it is set against; "" for its contrary, None for that of the model's verdict
    notes: Sequence[str] = ()


def answer_of(
    trace: Trace,
    head: OwnHead | None = None,
    output: Output | Sequence[Output] | None = None,
    names: Sequence[str] | None = None,
) -> Answer:
    """Return ``trace`` with the probability that ``output`` of ``head`` has after each step.

    Of two outputs, it is the probability of the first, if it is one of the two. ``head`` is that of the trace if None.

    Raises OptionError for a head that does not fit the last layer, for names that do not fit the head, and for an
    output that it does not have.
    """
    w, b, function = _rows(trace, head, names)
    own = trace.head.names if trace.head is not None and head is None else ()
    called = tuple(own) if names is None else _checked(names, len(w))
    chosen = outputs_of(output, len(w), called, function) if output is not None or len(w) > 1 else (0,)
    told = [called[each] if called else f"output {each}" if len(w) > 1 else NAME for each in chosen]
    first, others = chosen[0], list(chosen[1:])
    row, offset = w[[first]] - w[others].sum(dim=0), b[[first]] - b[others].sum()
    outputs = torch.sigmoid(_last(trace) @ row.T + offset).numpy()
    readout = Readout(Weight.of(row), Weight.of(offset), "sigmoid", (told[0],))
    read = replace(trace, head=readout, outputs=outputs)
    if others:
        note = f"the verdict is how probable “{told[0]}” is, if it is “{told[0]}” or “{told[1]}”"
        return Answer(read, told[1], (note,))
    opposite = None if head is None and len(w) == 1 else ""
    return Answer(read, opposite, (ONE_OF_MANY,) if function is None and len(w) > 1 else ())


def _rows(trace: Trace, head: OwnHead | None, names: Sequence[str] | None) -> tuple[Tensor, Tensor, str | None]:
    """Return a weight (outputs, H·directions), a bias (outputs,), and what makes probabilities of outputs, if known."""
    if head is None:
        if (own := trace.head) is None:
            option, what = (
                ("output", "that it could be one of") if names is None else ("names", "whose outputs they could name")
            )
            raise OptionError(option, f"there is no head {what}: give head=")
        weight, bias = own.weight.numbers("the head's weight"), own.bias.numbers("the head's bias")
        return torch.from_numpy(weight), torch.from_numpy(bias), own.function
    if isinstance(head, nn.Linear):
        head = head.weight, head.bias
    given, offset = head if isinstance(head, tuple) and len(head) == 2 else (head, None)
    w = _in_double("weight", given)
    width = _last(trace).shape[1]
    if w.dim() not in {1, 2} or w.shape[-1] != width or not len(w):
        raise OptionError(
            "head", f"its weight is {tuple(w.shape)}: it must be (outputs, {width}), or ({width},) for one"
        )
    w = w.reshape(-1, width)
    b = torch.zeros(len(w)).double() if offset is None else _in_double("bias", offset)
    if b.numel() != len(w):
        raise OptionError("head", f"its bias is {tuple(b.shape)}: it must be ({len(w)},), a number for each output")
    return w, b.reshape(-1), None


def _last(trace: Trace) -> Tensor:
    """Return what a head reads (T, H·directions)."""
    last = [each["h"] for each in trace.layers if each.layer == trace.layers[-1].layer]
    return torch.from_numpy(np.concatenate(last, axis=1, dtype=np.float64))


def _checked(names: Sequence[str], count: int) -> tuple[str, ...]:
    """Return the names of outputs. Raises OptionError unless there is a different one for each."""
    called = (names,) if isinstance(names, str) else tuple(map(str, names))
    if len(called) != count:
        outputs = f"{count} output{'s' if count > 1 else ''}"
        raise OptionError("names", f"there are {len(called)} for {outputs}: give one for each")
    if twice := next((name for name in called if called.count(name) > 1), None):
        raise OptionError("names", f"“{twice}” stands there twice: give each output a name of its own")
    return called


def _in_double(name: str, numbers: Tensor | ArrayLike) -> Tensor:
    """Return a copy in float64. Raises OptionError for what holds no finite numbers."""
    try:
        given = numbers if isinstance(numbers, Tensor) else torch.from_numpy(np.asarray(numbers, dtype=np.float64))
        copy = given.detach().cpu().double().clone()
    except (TypeError, ValueError):
        hint = "give an nn.Linear, its weight, or (weight, bias)"
        raise OptionError("head", f"its {name} is a {type(numbers).__name__}: {hint}") from None
    if not copy.isfinite().all():
        raise OptionError("head", f"its {name} holds a number that is not finite")
    return copy
