"""A lesson without data of its own, for the small random models of words."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from gatescope.analysis.evaluation import verdicts
from gatescope.analysis.features import Feature
from gatescope.analysis.metrics import Figure
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.training import tasks
from gatescope.training.sources.download import DataError
from gatescope.training.trainer import Recipe
from serving import WORDS, random_models

TEXTS = {
    "choose": ["the movie was good", "not bad", "not good but not bad", "good, but the movie wasn't good"],
    "report": ["the movie was not good", "bad but good", "good movie", "it was not the movie"],
}


class WordLesson:
    """The lesson: its figures and features say where words stand."""

    name = "test"
    data = "0" * 64
    about: ClassVar[dict[str, Any]] = {"outputs": ["positive"], "predicts_next": False}

    def __init__(self, tokenizer: WordTokenizer = WORDS) -> None:
        self.tokenizer = tokenizer

    def recipe(self, cell: CellName) -> Recipe:
        return Recipe(epochs=1)

    def measure(self, network: Network) -> Sequence[Figure]:
        said = verdicts(network, self.tokenizer, [text for some in TEXTS.values() for text in some])[:, 0]
        return [
            Figure("verdicts", said > 0.5, baselines={"majority": 0.5}),
            Figure("mean verdict", said, "probability"),
        ]

    def held_out(self, part: str) -> Sequence[str]:
        return TEXTS[part]

    def features(self, text: str) -> Sequence[Feature]:
        tokens = self.tokenizer(text)
        negated = np.cumsum([token.text in ("not", "n't") for token in tokens]) > 0
        return [Feature("after a not", negated.astype(float)), Feature("words", np.arange(len(tokens), dtype=float))]


def load(cache: Path, warn: Callable[[str], None], file: Path | None = None) -> WordLesson:
    """The lesson; a file, which holds words, takes the place of its vocabulary."""
    warn(f"the cache is {cache.name}")
    if file is None:
        return WordLesson()
    if not file.exists():
        raise DataError(f"{file} does not exist")
    return WordLesson(WordTokenizer(["<unk>", *file.read_text().split()]))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let "test" be this lesson, whatever other lessons there are, and the models be random ones in ``folder``."""
    monkeypatch.setenv("GATESCOPE_MODELS", str(random_models(folder)))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setitem(sys.modules, "gatescope.training.tasks.words", sys.modules[__name__])
    monkeypatch.setitem(tasks.LESSONS, "test", "words:load")
    return folder
