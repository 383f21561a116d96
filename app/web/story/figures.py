"""The figures on the cards of the story: drawn from numbers that ``scripts/story.py`` has measured."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
from markupsafe import Markup

from ...figures.small_chart import Axis, Curve, small_chart

MEASURED = Path(__file__).with_name("measured.json")
KINDS = ("solid", "dashed", "dotted")

# Powers of ten from 10⁻⁶ to 10⁸.
GRADIENTS = Axis(-6, 8, ((8, "10⁸"), (4, "10⁴"), (0, "1"), (-6, "10⁻⁶")))
VERDICTS = Axis(0, 1, ((1, "+ 1"), (0, "− 0")))


@cache
def figures() -> dict[str, Markup]:
    """Return the figures by their names, as SVG."""
    measured = orjson.loads(MEASURED.read_bytes())
    gradients = small_chart(
        [_curves(measured["gradients"][weights]) for weights in ("as trained", "doubled")],
        GRADIENTS,
        "How far a change of the input reaches: the median of its gradient by distance, on a logarithmic axis. As "
        "trained, the curve of the plain RNN falls below those of LSTM and GRU; with recurrent weights doubled, "
        "all three rise.",
        "gradient, 0 to 40 characters back",
        height=112,
    )
    flag = small_chart(
        [_curves(measured["flag"])],
        VERDICTS,
        "What LSTM, GRU and plain RNN say of a flag over fifty letters: LSTM and GRU stay at plus, the plain RNN at "
        "one half.",
        "verdict after “+”, then at 50 letters",
        height=52,
    )
    return {"gradients": Markup(gradients), "flag": Markup(flag)}  # noqa: S704


def _curves(values: dict[str, Any]) -> list[Curve]:
    return [Curve(name, kind, each) for kind, (name, each) in zip(KINDS, values.items(), strict=True)]
