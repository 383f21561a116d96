"""The state of a cell that carries nothing: one block for each step, as high as the state is large."""

from collections.abc import Iterator

import numpy as np

from .columns import Columns
from .frame import Place
from .numbers import at, signed
from .push_colours import level
from .subject import Array, Subject
from .svg import anchored, text
from .text_width import text_width

LARGEST = 34.0
LEAST = 13.0
GAP = 8.0  # px, left and right of a block
LEAST_FOR_BOXES = 240.0  # px, of the memory, so that words stand clear of them
BOX = 44.0  # px, the width of what a step does to the state, drawn between two blocks
REACH = 40.0  # px, from the base to its top


def amounts_of(subject: Subject) -> Array:
    """Return the size of the state at each step: Σ_units |h|."""
    amounts: Array = np.abs(subject.layer["h"].astype(np.float64)).sum(axis=1)
    return amounts


def pushes_of(subject: Subject) -> Array | None:
    """Return the push of the whole state at each step: the logit without the head's bias; None without a verdict."""
    head, verdict = subject.trace.head, subject.verdict
    if head is None or verdict is None:
        return None
    weights = verdict.of(head.weight.numbers("the head's weight"))
    last = [each["h"] for each in subject.trace.layers if each.layer == subject.trace.layers[-1].layer]
    pushes: Array = np.concatenate(last, axis=1, dtype=np.float64) @ weights
    return pushes


def blocks_svg(subject: Subject, frame: Place, columns: Columns, largest: float, scale: float) -> Iterator[str]:
    """Yield the blocks; one that is ``largest`` fills the height."""
    heights = amounts_of(subject) * (frame.memory / largest if largest else 0)
    pushes = pushes_of(subject)
    gap = min(GAP, 0.08 * float(columns.widths.min()))
    has_boxes = columns.widths.min() > 1.6 * BOX and frame.memory >= LEAST_FOR_BOXES
    for t, height in enumerate(heights.tolist()):
        kind = "age0" if pushes is None else f"p{level(float(pushes[t]), scale)}"
        x, width = columns.percent(float(columns.edges[t]) + gap), columns.percent(float(columns.widths[t]) - 2 * gap)
        yield (
            f'<rect class="band {kind}" data-t="{t}" x="{x}" width="{width}" y="{at(frame.base - height)}" '
            f'height="{at(height)}"/>'
        )
        clear = BOX if has_boxes else 0.0
        yield from _words(subject, columns, t, frame.base - height, height, kind, pushes, gap, clear)
    if has_boxes:
        yield from _boxes(subject, frame, columns)


def _words(
    subject: Subject,
    columns: Columns,
    t: int,
    top: float,
    height: float,
    kind: str,
    pushes: Array | None,
    gap: float,
    clear: float,
) -> Iterator[str]:
    """Yield a word and its push; ``clear`` of the width stays free where they come down to the boxes."""
    word, room = subject.words[t], float(columns.widths[t]) - 2 * gap - 6
    size = min(LARGEST, 0.6 * height, room / text_width(word, 1, bold=True))
    if height - 4 - 2.2 * size < REACH:
        room -= clear
        size = min(size, room / text_width(word, 1, bold=True))
    if size < LEAST:
        return
    x = columns.percent(float(columns.centres[t]))
    number = "" if pushes is None else signed(float(pushes[t]), 1)
    lines = text(x, top + 4 + 0.95 * size, size, word, "word")
    if number and 2.2 * size + 8 <= height and text_width(number, 0.8 * size, bold=True) <= room:
        lines += text(x, top + 4 + 2.0 * size, max(0.8 * size, LEAST), number, "number")
    yield f'<g class="on {kind}" data-t="{t}">{lines}</g>'


def _boxes(subject: Subject, frame: Place, columns: Columns) -> Iterator[str]:
    """Yield what lies between two states: the function through which everything goes."""
    function = next((node.sign for node in subject.cell.circuit.nodes.values() if node.kind == "layer"), "")
    y, half = frame.base - 28, BOX / 2
    for t in range(1, len(subject)):
        box = (
            f'<path class="leader" d="M{at(-half - 14)} {at(y)}H{at(half + 14)}m-6 -4l6 4l-6 4"/>'
            f'<rect class="box" x="{at(-half)}" y="{at(y - 12)}" width="{at(BOX)}" height="24" rx="4"/>'
            f"{text(0, y + 5, 14, function, 'middle')}"
        )
        yield anchored(columns.percent(float(columns.edges[t])), box)
