"""Marks in narrow columns: the frame round a gate can be seen."""

from xml.etree import ElementTree

import pytest

from .pictures import screen

PROSE = "It is a truth universally acknowledged. " * 10


@pytest.mark.parametrize("letters", [40, 400])
def test_a_frame_round_a_gate_can_be_seen(letters: int) -> None:
    root = ElementTree.fromstring(screen("prose-lstm", PROSE[:letters], width=984))
    frames = [float(each.get("width", "")) for each in root.iter("rect") if each.get("class") == "framed"]
    assert frames
    assert min(frames) >= 4
