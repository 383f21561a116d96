"""What the memory in a picture is made of: the decomposition that a trace has by itself."""

from dataclasses import replace

from ..recurrent.cells import cell_named
from ..recurrent.cells.cell import Cell
from ..recurrent.decomposition.measure import decompose
from ..recurrent.decomposition.report import Decomposition
from ..recurrent.modules import Direction
from ..recurrent.trace import Trace

MOST_STEPS = 500  # in one picture, of a longer text those from its first step on


def parts_of(
    trace: Trace, place: tuple[int, Direction] | None = None, cell: Cell | None = None
) -> Decomposition | None:
    """Return what the memory of a layer is made of, with shares where the head has a logit; None without a memory.

    ``place`` is the layer and its direction; None: the last, forward. ``cell`` is the variant of the cell, None the
    usual form.
    """
    if (cell or cell_named(trace.layers[-1].cell)).memory is None:
        return None
    read = trace if _has_logit(trace) else replace(trace, head=None)
    layer, direction = place or (trace.layers[-1].layer, "forward")
    return decompose(read, layer=layer, direction=direction)


def _has_logit(trace: Trace) -> bool:
    """Whether the head has a logit that the memory pushes: of several probabilities, one must be the verdict."""
    if trace.head is None:
        return False
    outputs = len(trace.head.weight.tensor)
    return outputs > 1 if trace.head.function == "softmax" else outputs == 1 or trace.head.verdict is not None
