"""How large the pushes of words get over held-out text: the scale of their colours."""

from collections.abc import Iterable

import numpy as np

from ..recurrent.decomposition.measure import decompose
from ..recurrent.trace import FloatArray, Trace

PERCENTILE = 99


def push_scale(traces: Iterable[Trace], output: int) -> float:
    """Return the 99th percentile, over all steps of ``traces``, of the largest |push| at a step.

    A push is the signed share that one word has of the logit of ``output``, in the last layer; of a network that runs
    both ways, the words of both directions count.

    Raises NoPathError for a cell without a path of memory, and ValueError if there are no traces.
    """
    largest = [_largest(trace, output) for trace in traces]
    if not largest:
        raise ValueError("there is nothing to measure: no text was traced")
    return float(np.percentile(np.concatenate(largest), PERCENTILE))


def _largest(trace: Trace, output: int) -> FloatArray:
    """Return the largest |push| at each step, (T,)."""
    last = [each for each in trace.layers if each.layer == trace.layers[-1].layer]
    pushes = [decompose(trace, output=output, direction=each.direction).shares for each in last]
    sizes: FloatArray = np.abs(np.concatenate([each for each in pushes if each is not None], axis=1))
    largest: FloatArray = sizes.max(axis=1)
    return largest
