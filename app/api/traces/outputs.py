"""What an answer says of the outputs besides the probability of each: the most probable ones, and what was expected."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...recurrent.expected import expected, following, shifted
from ...recurrent.reading import MANY, Integers
from ...recurrent.trace import Trace

Likely = list[list[dict[str, Any]]]  # a ``LikelyOutput`` each, step by step

SHOWN = 3  # outputs that a page ranks after a step


def shown_top(outputs: int) -> int | None:
    """Return how many of the ``outputs`` of a head the page asks for after each step; None: all."""
    return SHOWN if outputs > MANY else None


def outputs_content(
    trace: Trace, top: int | None, plain: Trace | None, names: Sequence[str], next_outputs: Sequence[int | None]
) -> dict[str, Any]:
    """Return the fields of ``TracedOutputs`` besides ``values``.

    ``top`` is how many of the most probable are wanted after each step; None: all are sent. ``plain`` is the trace of
    the same steps without edits; None: there are none, or all are sent.
    """
    if top is None:
        came = expected(trace, next_outputs) if next_outputs else None
        return {"names": names} | _expected(trace, came)
    likely, came = likely_outputs(trace, top, plain, names, next_outputs)
    return {"names": [], "top": likely} | _expected(trace, came)


def likely_outputs(
    trace: Trace, top: int, plain: Trace | None, names: Sequence[str], next_outputs: Sequence[int | None] = ()
) -> tuple[Likely, NDArray[np.float64] | None]:
    """Return the ``top`` most probable outputs after each step of ``trace``, and what ``expected`` gives.

    That is None unless there are ``next_outputs``.
    """
    outputs = following(trace, next_outputs) if next_outputs else np.empty((len(trace), 0), np.int64)
    places, values, came = trace.likeliest(top, np.maximum(outputs, 0))
    columns = {"output": places, "probability": values}
    if plain is not None:
        columns["unedited"] = plain.probability(np.arange(len(trace)), places)
    likely = [
        [
            {"output": int(output), "name": names[output]} | {name: each[t, k] for name, each in columns.items()}
            for k, output in enumerate(row)
        ]
        for t, row in enumerate(places)
    ]
    return likely, shifted(came, outputs) if next_outputs else None


def places_of(likely: Likely) -> Integers:
    """Return the outputs (T, n) that ``likely`` lists."""
    return np.array([[each["output"] for each in after] for after in likely], np.int64)


def _expected(trace: Trace, chances: NDArray[np.float64] | None) -> dict[str, Any]:
    if chances is None:
        return {}
    return {"expected": [None if np.isnan(each) else each for each in chances.astype(trace.outputs.dtype)]}
