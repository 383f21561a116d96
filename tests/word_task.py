"""A task without data of its own: does "not" stand in the text so far? It fits the small random models of words."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from gatescope.analysis.evaluation import verdicts
from gatescope.analysis.features import Feature
from gatescope.analysis.metrics import Figure
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.training import tasks
from gatescope.training.sources.download import DataError
from gatescope.training.synthetic import fingerprint, rows
from gatescope.training.trainer import Batch, Recipe
from serving import WORDS, random_models
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

TEXTS = {
    "choose": ["the movie was good", "not bad", "not good but not bad", "good, but the movie wasn't good", "bad movie"],
    "report": ["the movie was not good", "bad but good", "good movie", "it was not the movie"],
}
NEGATIONS = ("not", "n't")


class Negated:
    """The objective: does "not" stand in the text?"""

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self.tokenizer = tokenizer

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return four batches of random words."""
        return [self._batch(batch_size, generator) for _ in range(4)]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy_with_logits(logits[:, -1, 0], batch.targets)

    def _batch(self, size: int, generator: torch.Generator) -> Batch:
        words = self.tokenizer.vocabulary[1:]
        chosen = torch.randint(len(words), (size, 3), generator=generator).tolist()
        texts = [" ".join(words[at] for at in row) for row in chosen]
        targets = [float(any(word in NEGATIONS for word in self.tokenizer.keys(text))) for text in texts]
        ids = rows(self.tokenizer, texts)
        return Batch(ids, None, torch.tensor(targets))


class WordTask:
    """The task: its figures and features say where words stand."""

    name = "test"
    about: ClassVar[dict[str, Any]] = {
        "description": "After each word: the probability that a negation came.",
        "outputs": ["positive"],
        "predicts_next": False,
        "licence": "MIT",
    }

    def __init__(self, tokenizer: WordTokenizer = WORDS) -> None:
        self.tokenizer = tokenizer
        self.objective = Negated(tokenizer)
        self.data = fingerprint(self.objective)

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.tokenizer.vocabulary), 4, hidden_size=3, outputs=1)

    def recipe(self, cell: CellName) -> Recipe:
        return Recipe(epochs=2, batch_size=16)

    def judge(self, network: Network) -> float:
        return float(verdicts(network, self.tokenizer, TEXTS["choose"]).mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        outputs = verdicts(network, self.tokenizer, [text for some in TEXTS.values() for text in some])[:, 0]
        return [
            Figure("verdicts", outputs > 0.5, baselines={"majority": 0.5}),
            Figure("mean verdict", outputs, "probability"),
        ]

    def held_out(self, half: str) -> Sequence[str]:
        return TEXTS[half]

    def features(self, text: str) -> Sequence[Feature]:
        tokens = self.tokenizer(text)
        negated = np.cumsum([token.text in NEGATIONS for token in tokens]) > 0
        return [Feature("after a not", negated.astype(float)), Feature("words", np.arange(len(tokens), dtype=float))]

    def facts(self) -> Mapping[str, Any]:
        return {"data": "Random words."}


def load(cache: Path, warn: Callable[[str], None], file: Path | None = None) -> WordTask:
    """Load the task; the words of a file take the place of its vocabulary."""
    warn(f"the cache is {cache.name}")
    if file is None:
        return WordTask()
    if not file.exists():
        raise DataError(f"{file} does not exist")
    return WordTask(WordTokenizer(["<unk>", *file.read_text().split()]))


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put this task into the table as "test", and random models into ``folder`` as the models that are installed."""
    monkeypatch.setenv("GATESCOPE_MODELS", str(random_models(folder)))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setitem(sys.modules, "gatescope.training.tasks.words", sys.modules[__name__])
    monkeypatch.setitem(tasks.TASKS, "test", tasks.Entry("words:load", "Learn words.", optional={"file": "Words."}))
    return folder
