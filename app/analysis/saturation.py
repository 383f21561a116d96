"""Draw how often each gate is nearly shut and nearly open, unit by unit.

As in figure 3 of Karpathy, Johnson & Fei-Fei (2015), there is a panel for each gate, in rows by layer and direction,
with a dot for each unit: x is the share of steps at which it is above 0.9, and y the share at which it is below 0.1.
The two add up to at most 1, so that no dot lies beyond the diagonal.
"""

from itertools import groupby
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..recurrent.cells import NAMES
from ..store.fields import Statistics

TEMPLATE = "saturation.svg.j2"


def saturation_svg(statistics: Statistics) -> str:
    """Return the figure as SVG, for a light or a dark page.

    Empty if there is nothing to show: a cell without gates, or statistics without the shares.
    """
    gates = [each for each in statistics.activations if each.left_saturated and each.right_saturated]
    rows = [list(row) for _, row in groupby(gates, key=lambda gate: (gate.layer, gate.direction))]
    if not rows:
        return ""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(rows=rows, names=NAMES, zip=zip) + "\n"
