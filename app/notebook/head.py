"""What reads the last layer of someone's own module: one output, as the logit of a probability."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from ..recurrent.option_error import OptionError
from ..recurrent.trace import Readout, Trace, Weight

OwnHead = nn.Linear | Tensor | ArrayLike | tuple[Tensor | ArrayLike, Tensor | ArrayLike | None]
NAME = "output"


def with_head(trace: Trace, head: OwnHead) -> Trace:
    """Return ``trace`` with the probability that ``head`` gives after each step. Raises OptionError if it misfits."""
    if isinstance(head, nn.Linear):
        head = head.weight, head.bias
    weight, bias = head if isinstance(head, tuple) and len(head) == 2 else (head, None)
    w, b = _in_double("weight", weight), torch.zeros(1).double() if bias is None else _in_double("bias", bias)
    last = [each["h"] for each in trace.layers if each.layer == trace.layers[-1].layer]
    h = torch.from_numpy(np.concatenate(last, axis=1, dtype=np.float64))  # (T, H·directions)
    width = h.shape[1]
    if w.shape not in {(width,), (1, width)}:
        raise OptionError(
            "head", f"its weight is {tuple(w.shape)}: it must be ({width},) or (1, {width}), what one output reads"
        )
    if b.numel() != 1:
        raise OptionError("head", f"its bias is {tuple(b.shape)}: it must be one number, that of one output")
    w, b = w.reshape(1, width), b.reshape(1)
    outputs = torch.sigmoid(h @ w.T + b).numpy()
    return replace(trace, head=Readout(Weight.of(w), Weight.of(b), "sigmoid", (NAME,)), outputs=outputs)


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
