"""How little a network that predicts the next token expected each: −log₂ of the chance that it gave it, in bits."""

from collections.abc import Iterator

import numpy as np

from .columns import Columns
from .finding.surprise import chances_of
from .numbers import at, plain
from .subject import Array, Subject
from .svg import text
from .text_width import text_width

SIZE = 13.0
LABELLED = 5
WIDEST = 26.0  # px, of a bar
LOUD = 3.0  # bits, from which a bar is dark


def bits_of(subject: Subject) -> Array:
    """Return the surprise (T,) in bits; NaN where the network gave no chance."""
    with np.errstate(divide="ignore"):
        bits: Array = np.minimum(-np.log2(chances_of(subject)), 99)
    return bits


def bars_svg(subject: Subject, columns: Columns, top: float, height: float) -> Iterator[str]:
    """Yield a bar for each token; the highest have their number."""
    bits = bits_of(subject)
    largest = float(np.nanmax(bits, initial=1.0))
    bottom, room = top + height, text_width("9.9", SIZE, bold=True) + 4
    labelled: list[float] = []
    order = [t for t in np.argsort(-np.nan_to_num(bits), kind="stable").tolist() if np.isfinite(bits[t])]
    for place, t in enumerate(order):
        tall = float(bits[t]) / largest * (height - SIZE - 4)
        wide = min(0.8 * float(columns.widths[t]), WIDEST)
        x, width = columns.percent(float(columns.centres[t]) - wide / 2), columns.percent(wide)
        kind = "bar unusual" if bits[t] >= LOUD else "bar"
        yield f'<rect class="{kind}" data-t="{t}" x="{x}" width="{width}" y="{at(bottom - tall)}" height="{at(tall)}"/>'
        centre = float(columns.centres[t])
        if place < LABELLED and all(abs(centre - other) >= room for other in labelled):
            labelled.append(centre)
            yield text(columns.percent(centre), bottom - tall - 4, SIZE, plain(float(bits[t]), 1), "value")
