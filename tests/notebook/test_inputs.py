"""Columns of the input that are shown: which they are, and what is wrong with others."""

import re
from pathlib import Path
from xml.etree import ElementTree

import gatescope
import numpy as np
import pandas as pd
import pytest
import torch
from gatescope.notebook.inputs import Inputs, columns_of_input
from torch import nn

X = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
VALUES = [0.0, 1.5, np.nan, 2.0, 4.0]


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ([2, 0], ["input 2", "input 0"]),
        (range(2), ["input 0", "input 1"]),
        ({"rain": 1, ("heat", "°C"): np.int64(2)}, ["rain", "heat"]),
    ],
)
def test_columns_of_the_input_by_number(inputs: Inputs, names: list[str]) -> None:
    columns = columns_of_input(inputs, X.bfloat16().requires_grad_(), 5)
    assert [each.name for each in columns] == names
    places = {"rain": 1, "heat": 2} | {f"input {n}": n for n in range(3)}
    for each in columns:
        np.testing.assert_array_equal(each.values, X.bfloat16().double()[:, places[each.name]])
    assert [each.unit for each in columns if each.name == "heat"] in ([], ["°C"])


@pytest.mark.parametrize("given", [VALUES, np.array(VALUES), torch.tensor(VALUES)])
def test_values_of_ones_own(given: list[float]) -> None:
    for table in ({("rain", "mm"): given}, pd.DataFrame({("rain", "mm"): given})):
        [column] = columns_of_input(table, None, 5)
        assert (column.name, column.unit) == ("rain", "mm")
        np.testing.assert_array_equal(column.values, VALUES)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([3], "there is no column 3 in the input: columns go from 0 to 2"),
        ({"rain": -1}, "there is no column -1 in the input: columns go from 0 to 2"),
        ({"rain": [1, 2]}, "“rain” has the shape (2,) for 5 steps: it must be (5,)"),
        ({"rain": np.ones((5, 1))}, "“rain” has the shape (5, 1) for 5 steps: it must be (5,)"),
        ({"rain": "mm"}, "“rain” is a str: give the number of a column, or a number for each step"),
        ({"rain": [np.nan] * 5}, "“rain” holds no finite number"),
        (["rain"], "'rain' is a str: a list holds numbers of columns, and names stand in a mapping, {'rain': 0}"),
        (3, "this is a int: give numbers of columns, [0, 3], or names, {'rain': 0}"),
        ([0] * 13, "there are 13 columns, and a picture has room for 12: choose some"),
    ],
)
def test_columns_that_do_not_fit(inputs: Inputs, message: str) -> None:
    with pytest.raises(ValueError, match=f"^inputs: {re.escape(message)}$"):
        gatescope.show(nn.GRU(3, 4), X, inputs=inputs)


def test_a_trace_has_no_input_to_take_a_column_of() -> None:
    trace = gatescope.trace_module(nn.GRU(3, 4), X)
    message = "inputs: there is no input here to take column 0 of: give its values, as in inputs={'rain': values}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gatescope.show(trace, inputs=[0])  # type: ignore[arg-type]


def test_names_are_drawn_as_they_can_be_seen(tmp_path: Path) -> None:
    name = "\u202e\ud800<b>"
    shown = gatescope.show(nn.GRU(3, 4), X, inputs={(name, name): 0}, path=tmp_path / "x.svg")
    told = "".join(ElementTree.parse(tmp_path / "x.svg").getroot().itertext())
    assert not {"\u202e", "\ud800"} & {*told, *repr(shown), *shown.html()}
    assert "<b>" in repr(shown)


def test_they_stand_above_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    shown = gatescope.show(nn.GRU(3, 4), X, inputs={("rain", "mm"): VALUES})
    assert capsys.readouterr().out.split("\n\n")[1] == "rain  ▁▄ ▅█  0 to 4 mm"
    assert shown._repr_html_().count('class="curve input"') == 3  # one in each form
    assert "<title>Gatescope: 0 to 4</title>" in shown.html()
