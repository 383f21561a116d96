"""How what is shown is traced again, with edits: a trace by itself does not say what it is of."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..recurrent.edits.edit import Edit
from ..recurrent.trace import Trace
from ..recurrent.trace_module import trace_module
from ..store.model import Model

Again = Callable[[Sequence[Edit]], Trace]


def again_of(what: object, x: Any, finish: Callable[[Trace], Trace]) -> Again | None:
    """Return what traces ``what`` with edits, each trace finished as the first one was; None of what is a trace."""
    match what:
        case Trace():
            return None
        case Model():
            return lambda edits: finish(what.trace(x, edits))
        case _:
            return lambda edits: finish(cast("Trace", trace_module(cast(Any, what), x, edits=edits)))


def require_same(shown: Trace, now: Trace) -> None:
    """Raise ValueError unless a trace without edits is, bit for bit, the one that is shown."""
    pairs = [(a[letter], b[letter]) for a, b in zip(shown.layers, now.layers, strict=True) for letter in a.activations]
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in [*pairs, (shown.outputs, now.outputs)]):
        raise ValueError(
            "the weights or the input have changed since this was shown, so that an edit would be set against "
            "another run: show it again"
        )
