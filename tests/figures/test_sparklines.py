"""Lines of bars in a terminal: one for each step or for the mean of several, on one axis."""

import numpy as np
import pytest
from gatescope.figures.input_column import InputColumn
from gatescope.figures.sparklines import sparklines
from gatescope.figures.terminal_text import encodable
from rich.text import Text

BARS = "▁▂▃▄▅▆▇█"


def test_a_bar_for_each_step() -> None:
    inputs = [
        InputColumn("rain", np.array([0.0, 8.0, np.nan, 4.1, 1.5]), "mm"),
        InputColumn("a name that is too long", np.full(5, 2.0)),
    ]
    rain, other = (each.plain for each in sparklines(inputs, 80))
    assert rain == "rain            ▁█ ▅▂  0 to 8 mm"
    assert other == "a name that i…  ▅▅▅▅▅  always 2"
    assert encodable(Text(rain), "ascii").plain == "rain            _# =.  0 to 8 mm"


@pytest.mark.parametrize("width", [24, 60, 200])
def test_bars_of_many_steps_are_their_means_on_one_axis(width: int) -> None:
    values = np.random.default_rng(0).normal(size=333)
    inputs = [InputColumn("a", values), InputColumn("b", np.arange(333.0), "kilometres")]
    first, second, said = (each.plain for each in sparklines(inputs, width))
    bars = [[BARS.index(each) for each in line if each in BARS] for line in (first, second)]
    assert len(bars[0]) == len(bars[1])
    assert max(map(len, (first, second))) <= max(width, 34)
    parts = np.array_split((values - values.min()) / np.ptp(values), len(bars[0]))
    assert bars[0] == [int(8 * part.mean()) for part in parts]
    sizes = sorted({len(part) for part in parts})
    assert said == f"A bar is the mean of {sizes[0]} or {sizes[-1]} steps."
