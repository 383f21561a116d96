"""The hues of cells: each has its own, and all can be read, told apart, and seen by the colour-blind."""

import colorsys
from itertools import combinations

import numpy as np
import pytest
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.hues import Hue
from numpy.typing import NDArray

PAPERS = Hue("#fcfcfd", "#141416")  # of static/css/tokens.css
# The least and the greatest angle on the colour circle of HSL that has the name of a hue.
ANGLES = {
    "orange": (15, 35),
    "sea green": (141, 170),
    "blue": (205, 220),
    "violet": (270, 292),
}
CELLS = {"lstm": "blue", "gru": "orange", "rnn": None, "coupled_lstm": "sea green", "mingru": "violet"}  # None: grey
HUES = {cell.name: cell.hue for cell in TABLE}
# What is left of red, green and blue light where one kind of cone is missing (Machado, Oliveira & Fernandes 2009).
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
CLOSEST = 0.05  # between two cells in OKLab; a step of 0.02 can just be seen


def channels(color: str) -> NDArray[np.float64]:
    assert len(color) == 7
    return np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def linear(color: str) -> NDArray[np.float64]:
    values = channels(color)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """As WCAG defines it."""
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (a, b))
    return (high + 0.05) / (low + 0.05)


def oklab(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson 2020."""
    cones = [
        [0.41222147, 0.53633254, 0.05144599],
        [0.2119035, 0.68069955, 0.10739696],
        [0.08830246, 0.28171884, 0.6299787],
    ]
    lab = [
        [0.21045426, 0.79361779, -0.00407205],
        [1.9779985, -2.42859221, 0.45059371],
        [0.0259040, 0.78277177, -0.80867577],
    ]
    return np.array(lab) @ np.cbrt(np.array(cones) @ np.clip(light, 0, 1))


def test_the_forms_of_a_cell_share_a_hue_and_a_line_and_no_other_cell_has_either() -> None:
    looks = {(cell.name, cell.hue, cell.line) for cell in TABLE}
    names, hues, lines = zip(*looks, strict=True)
    assert len(looks) == len(set(names)) == len(set(hues)) == len(set(lines))


@pytest.mark.parametrize(("name", "expected"), CELLS.items())
def test_each_is_of_the_hue_that_it_is_known_by(name: str, expected: str | None) -> None:
    for color in HUES[name]:
        hue, _, saturation = colorsys.rgb_to_hls(*channels(color))
        if expected is None:
            assert saturation < 0.12
        else:
            low, high = ANGLES[expected]
            assert low <= (360 * hue + 5) % 360 - 5 <= high, color


def test_every_cell_is_known_by_a_hue() -> None:
    assert HUES.keys() == CELLS.keys()


@pytest.mark.parametrize("name", HUES)
def test_every_hue_can_be_read_on_its_paper(name: str) -> None:
    for color, paper in zip(HUES[name], PAPERS, strict=True):
        assert contrast(color, paper) >= 4.5


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize(("a", "b"), list(combinations(CELLS, 2)))
def test_cells_can_be_told_apart_whatever_cones_there_are(a: str, b: str, vision: str) -> None:
    for one, other in zip(HUES[a], HUES[b], strict=True):
        seen = [oklab(np.array(VISIONS[vision]) @ linear(color)) for color in (one, other)]
        assert float(np.linalg.norm(seen[0] - seen[1])) > CLOSEST
