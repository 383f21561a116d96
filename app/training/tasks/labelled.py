"""The task "labelled": your own texts, each with a label, in a table of CSV or TSV."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...analysis.evaluation import verdicts
from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, Tokenizer, WordTokenizer
from ...recurrent.trace import FloatArray
from ..baselines import OF_TEXTS, most_frequent
from ..baselines.labels import LabelIds, LabelledTexts
from ..sources.corpora import Split
from ..sources.download import DataError
from ..sources.files import TextFile, read
from ..sources.tables import Row, table
from ..sources.vocabulary import frequent
from ..task import Half
from ..trainer import Batch, Objective, Recipe
from ..verdicts import EVERY_STEP, Verdicts

WORDS = 8_000  # of the vocabulary, at most
LONGEST = 400  # words of a text that are read; the label is asked for after the last of them
LABELS = 100  # most different labels
FEWEST = 10  # texts that each label must have
HELD_OUT = 0.1  # share of each label's texts to validate on, and again to test on
TEXTS = 400  # most held-out texts of each half


class Labelled:
    """The task."""

    name: str = "labelled"

    def __init__(self, file: TextFile, rows: Sequence[Row]) -> None:
        self.splits = split(rows)
        self.labels = sorted({row.label for row in rows})
        self.data = file.sha256
        self.source = {"name": file.path.name, "sha256": file.sha256, "size": file.size, "licence": "that of its owner"}
        words = [WordTokenizer.keys(row.text)[:LONGEST] for row in self.splits["train"]]
        self.tokenizer: Tokenizer = WordTokenizer([UNKNOWN, *frequent(words, WORDS)])
        self.objective: Objective = Labels(self.ids("train"), self.targets("train"), is_binary=self.is_binary)
        self.about: Mapping[str, Any] = {
            "task": f"labelled {file.path.stem}",
            "description": self._description(),
            "outputs": self.labels[1:] if self.is_binary else self.labels,
            "predicts_next": False,
            "opposite": self.labels[0] if self.is_binary else "",
            "examples": [shortest(self.splits["test"], label).text for label in self.labels[:5]],
            "licence": "that of its owner",
        }

    @property
    def is_binary(self) -> bool:
        """Return whether there are two labels, which one number tells apart."""
        return len(self.labels) == 2

    def ids(self, split: Split) -> list[Tensor]:
        """Return the token ids (T,) of each text, as far as it is read."""
        return [torch.tensor([token.id for token in self.tokenizer(row.text)][:LONGEST]) for row in self.splits[split]]

    def targets(self, split: Split) -> Tensor:
        """Return the label of each text (N,), by its place among the labels."""
        return torch.tensor([self.labels.index(row.label) for row in self.splits[split]])

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(
            cell,
            len(self.tokenizer.vocabulary),
            embedding_size=32,
            hidden_size=64,
            outputs=1 if self.is_binary else len(self.labels),
            head="sigmoid" if self.is_binary else "softmax",
        )

    def recipe(self, cell: CellName) -> Recipe:  # noqa: ARG002  one recipe serves every cell
        return Recipe(epochs=20, batch_size=min(64, max(8, len(self.splits["train"]) // 50)), patience=5)

    def judge(self, network: Network) -> float:
        shares = self.shares(network, "validation")
        right = shares[np.arange(len(shares)), self.targets("validation").numpy()]
        return float(-np.log2(np.maximum(right, 1e-12)).mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        figures = []
        splits: tuple[Split, ...] = ("validation", "test")
        for each in splits:
            targets = self.targets(each).numpy()
            predicted = self.shares(network, each).argmax(axis=1)
            baselines = {by: float((labels == targets).mean()) for by, labels in self._guesses[each].items()}
            figures.append(Figure(f"{each} texts", (predicted == targets).astype(np.float32), "share", baselines))
        return figures

    def shares(self, network: Network, split: Split) -> FloatArray:
        """Return the probability of each label after the last word that is read: (N, labels)."""
        texts = [clipped(row.text) for row in self.splits[split]]
        outputs = verdicts(network, self.tokenizer, texts)
        return np.hstack([1 - outputs, outputs]) if self.is_binary else outputs

    def held_out(self, half: Half) -> Sequence[str]:
        rows = self.splits["validation" if half == "choose" else "test"]
        return [clipped(row.text) for row in rows[:TEXTS]]

    def features(self, text: str) -> Sequence[Feature]:
        """Return for each label (of two only the last) whether it is the text's, at the last word; NaN before."""
        features = []
        for each in self.about["outputs"]:
            values: FloatArray = np.full(len(self.tokenizer(text)), np.nan)
            if text in self._labels:
                values[-1] = self._labels[text] == each
            features.append(Feature(f"label {each}", values))
        return features

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": [self.source],
            "sizes": {split: len(rows) for split, rows in self.splits.items()},
            "labels": dict(sorted(Counter(row.label for rows in self.splits.values() for row in rows).items())),
            "recipe": [
                f"Words in lower case, the {len(self.tokenizer.vocabulary) - 1:,} most frequent of the training texts; "
                f"of each text the first {LONGEST} words are read.",
                f"The loss after the last word has weight 1, its mean over all words weight {EVERY_STEP}.",
                "Of each label's texts the SHA-256 says which are held out. Judged by the cross-entropy on the "
                "validation texts after each epoch.",
            ],
        }

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The label of each held-out text, by the part of it that is read."""
        return {clipped(row.text): row.label for row in [*self.splits["validation"], *self.splits["test"]]}

    def _description(self) -> str:
        if self.is_binary:
            return f"After each word: the probability that the text so far is {self.labels[1]}."
        return "After each word: the probability of each label for the text so far."

    @cached_property
    def _guesses(self) -> dict[Split, dict[str, LabelIds]]:
        """The label that each baseline gives each held-out text, by its place among the labels."""
        learned = LabelledTexts(self._tokens("train"), self.targets("train").numpy(), len(self.labels))
        baselines = {"most frequent label": most_frequent.labels, **OF_TEXTS}
        held_out: tuple[Split, ...] = ("validation", "test")
        texts = {split: self._tokens(split) for split in held_out}
        return {split: {by: labels(learned, texts[split]) for by, labels in baselines.items()} for split in held_out}

    def _tokens(self, split: Split) -> list[list[str]]:
        """Return the tokens of each text, as far as it is read."""
        return [[self.tokenizer.vocabulary[at] for at in ids.tolist()] for ids in self.ids(split)]


class Labels(Verdicts):
    """The objective: which label does the text bear?"""

    def __init__(self, ids: Sequence[Tensor], targets: Tensor, *, is_binary: bool) -> None:
        super().__init__(ids, targets)
        self.is_binary = is_binary

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy after each word (B, T), in nats."""
        if self.is_binary:
            return binary_cross_entropy_with_logits(logits[:, :, 0], targets.float(), reduction="none")
        return cross_entropy(logits.transpose(1, 2), targets, reduction="none")

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss in bits."""
        return super().loss(logits, batch) / math.log(2)


def load(file: Path, text: str, label: str, warn: Callable[[str], None]) -> Labelled:
    """Load the columns ``text`` and ``label`` of a table; ``warn`` is called with a note on rows that are left out.

    Raises DataError, naming what is wrong and where, if the table or its labels cannot be learned from.
    """
    content = read(file)
    rows, empty = [], 0
    for row in table(content, text, label):
        if row.label and WordTokenizer.keys(row.text):
            rows.append(row)
        else:
            empty += 1
    if empty:
        warn(f"{empty:,} rows without a word in {text!r} or without a {label!r} are left out")
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.text, row)
    if contradictions := sum(first[row.text].label != row.label for row in rows):
        warn(f"{contradictions:,} rows repeat a text under another label: the first counts")
    _require_labels(file, label, list(first.values()))
    if long := sum(len(WordTokenizer.keys(text)) > LONGEST for text in first):
        warn(f"{long:,} texts have more than {LONGEST} words: the rest of them is not read")
    return Labelled(content, list(first.values()))


def split(rows: Sequence[Row]) -> dict[Split, list[Row]]:
    """Split the texts of each label: those with the lowest SHA-256 are for testing, the next ones for validation."""
    splits: dict[Split, list[Row]] = {"train": [], "validation": [], "test": []}
    by_label: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.text.encode()).digest()):
        by_label.setdefault(row.label, []).append(row)
    for _, alike in sorted(by_label.items()):
        count = math.ceil(HELD_OUT * len(alike))
        splits["test"] += alike[:count]
        splits["validation"] += alike[count : 2 * count]
        splits["train"] += alike[2 * count :]
    for each in splits.values():
        each.sort(key=lambda row: hashlib.sha256(row.text.encode()).digest())
    return splits


def clipped(text: str) -> str:
    """Return the part of ``text`` that is read: its first ``LONGEST`` words."""
    spans = list(WordTokenizer.spans(text))
    return text if len(spans) <= LONGEST else text[: spans[LONGEST - 1][1]]


def shortest(rows: Sequence[Row], label: str) -> Row:
    """Return the shortest row of a label that has three words or more; else its longest row."""
    alike = sorted((row for row in rows if row.label == label), key=lambda row: len(row.text))
    return next((row for row in alike if len(WordTokenizer.keys(row.text)) >= 3), alike[-1])


def _require_labels(file: Path, label: str, rows: Sequence[Row]) -> None:
    """Raise DataError unless there are at least two labels, each with enough texts to be split."""
    counts = Counter(row.label for row in rows)
    if len(counts) < 2:
        only = f"only one label, {next(iter(counts))!r}" if counts else "no label"
        raise DataError(f"{file}: the column {label!r} holds {only}: there must be at least two")
    if len(counts) > LABELS:
        raise DataError(
            f"{file}: the column {label!r} holds {len(counts):,} different labels: there may be at most {LABELS}"
        )
    rarest, count = min(counts.items(), key=lambda each: (each[1], each[0]))
    if count < FEWEST:
        raise DataError(f"{file}: the label {rarest!r} has {count} different texts: it needs at least {FEWEST}")
