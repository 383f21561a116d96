"""VADER's own scorer, run from its package."""

from pathlib import Path

import archives
import numpy as np
import pytest
from gatescope.training.baselines import vader
from gatescope.training.sources.download import DataError, obtain
from gatescope.training.sources.rated_texts import VADER

DOCUMENTED = {  # in the README of the package
    "VADER is smart, handsome, and funny.": 0.8316,
    "VADER is smart, handsome, and funny!": 0.8439,
    "VADER is very smart, handsome, and funny.": 0.8545,
    "VADER is VERY SMART, handsome, and FUNNY.": 0.9227,
    "VADER is VERY SMART, handsome, and FUNNY!!!": 0.9342,
    "VADER is VERY SMART, uber handsome, and FRIGGIN FUNNY!!!": 0.9469,
    "VADER is not smart, handsome, nor funny.": -0.7424,
    "The book was good.": 0.4404,
    "At least it isn't a horrible book.": 0.431,
    "The book was only kind of good.": 0.3832,
    "The plot was good, but the characters are uncompelling and the dialog is not great.": -0.7042,
    "Today SUX!": -0.5461,
    "Today only kinda sux! But I'll get by, lol": 0.5249,
    "Make sure you :) or :D today!": 0.8633,
    "Not bad at all": 0.431,
}


@pytest.mark.slow("fetches the package from its registry", seconds=5)
def test_sentences_get_the_scores_that_are_documented(tmp_path: Path) -> None:
    scores = vader.scores(obtain(VADER, tmp_path), list(DOCUMENTED))
    assert dict(zip(DOCUMENTED, scores.tolist(), strict=True)) == DOCUMENTED


def test_the_scorer_of_the_archive_is_run() -> None:
    archive = archives.vader_archive({}, {"good": 2.0, "bad": -3.0})
    assert vader.scores(archive, ["good", "so bad", "who knows"]).tolist() == pytest.approx([0.5, -0.75, 0])
    assert vader.scores(archive, []).dtype == np.float64


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (
            archives.tar({"vaderSentiment-3.3.2/setup.py": b""}),
            r"^the archive holds no vaderSentiment/vaderSentiment.py$",
        ),
        (b"PK", r"^the archive that should hold VADER's scorer cannot be read: "),
    ],
    ids=["without", "damaged"],
)
def test_an_archive_without_a_scorer_is_refused(archive: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        vader.scores(archive, ["good"])
