"""How what is shown is traced again, with edits: a trace by itself does not say what it is of."""

from collections.abc import Callable, Sequence

import numpy as np

from ..recurrent.edits.edit import Edit
from ..recurrent.trace import Trace

Again = Callable[[Sequence[Edit]], Trace]
"""What traces something again, with edits; without any, the trace is the one that is shown."""


def require_same(shown: Trace, now: Trace) -> None:
    """Raise ValueError unless a trace without edits is, bit for bit, the one that is shown."""
    pairs = [(a[letter], b[letter]) for a, b in zip(shown.layers, now.layers, strict=True) for letter in a.activations]
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in [*pairs, (shown.outputs, now.outputs)]):
        raise ValueError(
            "the weights or the input have changed since this was shown, so that an edit would be set against "
            "another run: show it again"
        )
