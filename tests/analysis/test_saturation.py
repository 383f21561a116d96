"""The picture of how often gates are nearly shut and nearly open."""

from xml.etree import ElementTree

import pytest
from gatescope.analysis.saturation import saturation_svg
from gatescope.analysis.statistics import statistics
from gatescope.recurrent.trace import trace
from gatescope.store.fields import ActivationStatistics, Statistics
from networks import random_network, random_tokens

SVG = "{http://www.w3.org/2000/svg}"


def drawn(given: Statistics) -> dict[str, list[tuple[float, float]]]:
    """Name of each panel → where its dots are, in shares."""
    panels = {}
    for panel in ElementTree.fromstring(saturation_svg(given)).iter(f"{SVG}g"):
        side = float(panel.findall(f"{SVG}path")[0].attrib["d"].split("H")[1].rstrip("Z"))
        dots = panel.findall(f"{SVG}circle")
        panels[str(panel.findtext(f"{SVG}text"))] = [
            (float(dot.attrib["cx"]) / side, 1 - float(dot.attrib["cy"]) / side) for dot in dots
        ]
    return panels


def test_a_dot_stands_where_the_shares_of_its_unit_are() -> None:
    gate = ActivationStatistics(
        layer=0, direction="forward", activation="f", mean=[0.5] * 3, standard_deviation=[0.1] * 3,
        left_saturated=[0, 1, 0.25], right_saturated=[1, 0, 0.5],
    )  # fmt: skip
    state = gate.model_copy(update={"activation": "c", "left_saturated": None, "right_saturated": None})
    panels = drawn(Statistics(steps=4, activations=[gate, state]))
    assert panels.keys() == {"forget gate f"}
    assert panels["forget gate f"] == [pytest.approx(place, abs=1e-3) for place in ((1, 0), (0, 1), (0.5, 0.25))]


def test_each_layer_and_direction_has_a_row_of_panels() -> None:
    network = random_network(cell="gru", layers=2, bidirectional=True)
    panels = drawn(statistics([trace(network, random_tokens(9))]))
    assert list(panels) == [
        f"{gate}, layer {layer} {direction}"
        for layer in (0, 1)
        for direction in ("forward", "backward")
        for gate in ("reset gate r", "update gate z")
    ]
    assert {len(dots) for dots in panels.values()} == {7}


def test_without_gates_or_shares_there_is_no_picture() -> None:
    assert saturation_svg(statistics([trace(random_network(cell="rnn"), random_tokens(9))])) == ""
    gate = ActivationStatistics(layer=0, direction="forward", activation="f", mean=[0.5], standard_deviation=[0.1])
    assert saturation_svg(Statistics(steps=4, activations=[gate])) == ""
