"""The panel of a cell: its numbers are those of the trace, and its circuit computes the state."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from gatescope.figures.cell.panel import cell_panel, panel_data
from gatescope.figures.cell.unit import unit_at
from gatescope.figures.subject import subject_of
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.recurrent.trace import trace as trace_of
from networks import VARIANTS, random_network, random_tokens

from ..pictures import NAMES, NOT_GOOD, shipped, subject, traced


@pytest.mark.parametrize("name", NAMES)
def test_it_is_well_formed_at_the_first_and_the_last_step(name: str) -> None:
    text = shipped(name).config.examples[0]
    of = subject(name, text)
    for step in (0, len(of) - 1):
        root = ElementTree.fromstring(cell_panel(of, step))
        assert "style" not in {attribute for each in root.iter() for attribute in each.attrib}
        sliders = [each.get("name") for each in root.iter("input") if each.get("type") == "range"]
        assert sorted(map(str, sliders)) == sorted(of.cell.gates)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_circuit_computes_the_state_of_the_unit(variant: str) -> None:
    network = random_network(**{"outputs": 1, **VARIANTS[variant]})
    trace = trace_of(network, random_tokens(5), pre_activations=True)
    of = subject_of(trace, None, None)
    for step in range(5):
        unit = unit_at(of, step, 3)
        for state in of.cell.states:
            assert unit.values[state] == pytest.approx(trace.layer()[state][step, 3], abs=1e-6)
            before = trace.layer()[state][step - 1, 3] if step else 0.0
            assert unit.values[f"{state}-"] == pytest.approx(before, abs=1e-6)
        assert {label.of for label in of.cell.circuit.figures} <= set(unit.values)
        weights = network.head.weight.detach().numpy()[0]
        assert unit.push == pytest.approx(weights[3] * trace.layer()["h"][step, 3], abs=1e-6)


def test_the_unit_is_the_one_that_moves_the_verdict_most() -> None:
    trace, _ = traced("sentiment-lstm", NOT_GOOD)
    weights = shipped("sentiment-lstm").network.head.weight.detach().numpy()[0]
    h = np.concatenate([np.zeros((1, 64)), trace.layer()["h"]])
    moves = np.abs(weights * np.diff(h, axis=0))
    data = panel_data(subject("sentiment-lstm", NOT_GOOD))
    assert [each["unit"] for each in data] == moves.argmax(axis=1).tolist()


def test_the_equation_is_right_as_it_is_written() -> None:
    fragment = cell_panel(subject("sentiment-lstm", NOT_GOOD), 3)
    root = ElementTree.fromstring(fragment)
    told = [re.sub(r"\s", " ", "".join(each.itertext())).replace("−", "-") for each in root.iter("p")]
    [line] = [each for each in told if each.startswith("ct = ")]
    _, numbers, result = re.split(r" = | ≈ ", line)[1:] if line.count("=") > 1 else ("", "", "")
    factors = [float(each) for each in re.findall(r"-?\d+\.\d\d", numbers)]
    assert factors[0] * factors[1] + factors[2] * factors[3] == pytest.approx(float(result), abs=0.03)


def test_means_of_all_units_stand_in_a_box_of_their_own() -> None:
    _, parts = traced("sentiment-lstm", NOT_GOOD)
    assert parts is not None
    root = ElementTree.fromstring(cell_panel(subject("sentiment-lstm", NOT_GOOD), 3))
    [box] = [each for each in root.iter("div") if each.get("class") == "all"]
    told = "".join(box.itertext()).replace("\u202f", " ")
    assert f"{round(100 * parts.remaining[3])} % of the old memory remains" in told
    assert f"{round(100 * parts.new[3])} % of the memory is new" in told


def test_a_unit_of_the_backward_direction_has_weights_of_its_own() -> None:
    network = random_network(cell="gru", bidirectional=True, outputs=1)
    trace = trace_of(network, random_tokens(4))
    of = subject_of(trace, decompose(trace, direction="backward"), None)
    unit = unit_at(of, 1, 2)
    weight = float(network.head.weight.detach()[0, 7 + 2])
    assert unit.weight == pytest.approx(weight)
    assert unit.values["h-"] == pytest.approx(trace.layer(0, "backward")["h"][2, 2])
