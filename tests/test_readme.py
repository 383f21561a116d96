"""The README: as long as a visitor reads, and true where it describes the picture. test_docs.py runs its examples."""

import re

import pytest
from documentation import ROOT, read
from gatescope import load_model

MOST_WORDS = 550


def test_it_stays_short() -> None:
    assert len(read("README.md").split()) <= MOST_WORDS, "move what is not for a first visit to docs/"


def test_caption_of_the_picture_says_what_the_model_does() -> None:
    model = load_model(ROOT / "models" / "sentiment-lstm")
    trace = model.trace("the movie was not good")
    assert model.statistics
    usual = next(each for each in model.statistics.activations if each.activation == "i")
    opening = trace.layer()["i"].mean(axis=1)
    caption = re.search(
        r"to ([\d.]+) on average, after ([\d.]+) at.*?usual is ([\d.]+)\).*?verdict of ([\d.]+)",
        read("README.md"),
        re.DOTALL,
    )
    assert caption
    assert [float(figure) for figure in caption.groups()] == pytest.approx(
        [opening[3], opening[2], sum(usual.mean) / len(usual.mean), trace.outputs[-1, 0]], abs=0.0051
    )
