"""The README: as long as a visitor reads, and true where it describes the picture. test_docs.py runs its examples."""

import re

import pytest
from documentation import ROOT, read
from gatescope import decompose, load_model

MOST_WORDS = 550


def test_it_stays_short() -> None:
    assert len(read("README.md").split()) <= MOST_WORDS, "move what is not for a first visit to docs/"


def test_caption_of_the_picture_says_what_the_model_does() -> None:
    model = load_model(ROOT / "models" / "sentiment-lstm")
    trace = model.trace("the movie was not good")
    parts = decompose(trace)
    unwritten = model.trace("the movie was not good", edits=[{"letter": "i", "steps": [3], "hold": 0}])
    caption = re.search(
        r"becomes (\d+)\W+%.*?jumps to (−[\d.]+), and the verdict falls to ([\d.]*\d).*?ends at ([\d.]*\d)",
        read("README.md"),
        re.DOTALL,
    )
    assert caption
    assert parts.shares is not None
    told = [float(figure.replace("−", "-")) for figure in caption.groups()]
    expected = [100 * parts.new[3], parts.shares[4, 3], trace.outputs[-1, 0], unwritten.outputs[-1, 0]]
    for figure, value, rounding in zip(told, expected, (0.5, 0.05, 0.005, 0.005), strict=True):
        assert figure == pytest.approx(value, abs=1.02 * rounding)
