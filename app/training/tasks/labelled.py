"""The task "labelled": texts of one's own, each with a label, in a table of CSV or TSV."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from torch.nn.utils.rnn import pad_sequence

from ...analysis.evaluation import verdicts
from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, Tokenizer, WordTokenizer
from ...recurrent.trace import FloatArray
from ..sources.corpora import Part
from ..sources.download import DataError
from ..sources.files import TextFile, read
from ..sources.tables import Row, table
from ..task import Slice
from ..trainer import Batch, Recipe, Task
from .sentiment import frequent

WORDS = 8_000  # of the vocabulary, at most
LONGEST = 400  # words of a text that are read; the label is asked for after the last of them
LABELS = 100  # different ones, at most
FEWEST = 10  # texts of each label
HELD_OUT = 0.1  # share of each label's texts to validate on, and again to test on
EVERY_STEP = 0.2  # weight of the loss after every word, beside that after the last
TEXTS = 400  # held-out texts of each slice, at most
POOL = 50  # batches that are sorted by length together


class Labelled:
    """The lesson."""

    name: str = "labelled"

    def __init__(self, file: TextFile, rows: Sequence[Row]) -> None:
        self.parts = split(rows)
        self.labels = sorted({row.label for row in rows})
        self.data = file.sha256
        self.source = {"name": file.path.name, "sha256": file.sha256, "size": file.size, "licence": "that of its owner"}
        words = [WordTokenizer.keys(row.text)[:LONGEST] for row in self.parts["train"]]
        self.tokenizer: Tokenizer = WordTokenizer([UNKNOWN, *frequent(words, WORDS)])
        self.task: Task = Texts(self.ids("train"), self.targets("train"), is_binary=self.is_binary)
        self.about: Mapping[str, Any] = {
            "task": f"labelled {file.path.stem}",
            "description": self._description(),
            "outputs": self.labels[1:] if self.is_binary else self.labels,
            "predicts_next": False,
            "opposite": self.labels[0] if self.is_binary else "",
            "examples": [shortest(self.parts["test"], label).text for label in self.labels[:5]],
            "licence": "that of its owner",
        }

    @property
    def is_binary(self) -> bool:
        """Whether there are two labels, which one number tells apart."""
        return len(self.labels) == 2

    def ids(self, part: Part) -> list[Tensor]:
        """Token ids (T,) of each text, as far as it is read."""
        return [torch.tensor([token.id for token in self.tokenizer(row.text)][:LONGEST]) for row in self.parts[part]]

    def targets(self, part: Part) -> Tensor:
        """The label of each text (N,), by its place among the labels."""
        return torch.tensor([self.labels.index(row.label) for row in self.parts[part]])

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
        return Recipe(epochs=20, batch_size=min(64, max(8, len(self.parts["train"]) // 50)), patience=5)

    def judge(self, network: Network) -> float:
        shares = self.shares(network, "validation")
        right = shares[np.arange(len(shares)), self.targets("validation").numpy()]
        return float(-np.log2(np.maximum(right, 1e-12)).mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        found = []
        parts: tuple[Part, ...] = ("validation", "test")
        for part in parts:
            targets = self.targets(part).numpy()
            said = self.shares(network, part).argmax(axis=1)
            baselines = {
                "most frequent label": float((targets == self._most_frequent()).mean()),
                "naive Bayes": float((self._naive_bayes(part) == targets).mean()),
            }
            found.append(Figure(f"{part} texts", (said == targets).astype(np.float32), "share", baselines))
        return found

    def shares(self, network: Network, part: Part) -> FloatArray:
        """The probability of each label after the last word that is read: (N, labels)."""
        texts = [clipped(row.text) for row in self.parts[part]]
        said = verdicts(network, self.tokenizer, texts)
        return np.hstack([1 - said, said]) if self.is_binary else said

    def held_out(self, part: Slice) -> Sequence[str]:
        rows = self.parts["validation" if part == "choose" else "test"]
        return [clipped(row.text) for row in rows[:TEXTS]]

    def features(self, text: str) -> Sequence[Feature]:
        """Whether the text bears each label (the last of two alone), said after the last word; NaN before."""
        found = []
        for each in self.about["outputs"]:
            values: FloatArray = np.full(len(self.tokenizer(text)), np.nan)
            if text in self._labels:
                values[-1] = self._labels[text] == each
            found.append(Feature(f"label {each}", values))
        return found

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": [self.source],
            "sizes": {part: len(rows) for part, rows in self.parts.items()},
            "labels": dict(sorted(Counter(row.label for rows in self.parts.values() for row in rows).items())),
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
        """The label of each held-out text, by as much of it as is read."""
        return {clipped(row.text): row.label for row in [*self.parts["validation"], *self.parts["test"]]}

    def _description(self) -> str:
        if self.is_binary:
            return f"After each word: the probability that the text so far is {self.labels[1]}."
        return "After each word: the probability of each label for the text so far."

    def _most_frequent(self) -> int:
        return int(self.targets("train").bincount().argmax())

    def _naive_bayes(self, part: Part) -> FloatArray:
        """The label (N,) of each text by multinomial naive Bayes over the words, with one added to each count."""
        size, count = len(self.tokenizer.vocabulary), len(self.labels)
        counts = np.ones((count, size))
        targets = self.targets("train")
        for ids, target in zip(self.ids("train"), targets.tolist(), strict=True):
            np.add.at(counts[target], ids.numpy(), 1)
        words = np.log(counts / counts.sum(axis=1, keepdims=True))
        prior = np.log(targets.bincount(minlength=count).numpy() / len(targets))
        return np.array([(prior + words[:, ids.numpy()].sum(axis=1)).argmax() for ids in self.ids(part)])


class Texts:
    """The task: which label does the text bear?"""

    def __init__(self, ids: Sequence[Tensor], targets: Tensor, *, is_binary: bool) -> None:
        self.ids, self.targets, self.is_binary = ids, targets, is_binary
        self.lengths = torch.tensor([len(each) for each in ids])

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Batches of texts of similar length, which need little padding."""
        order = torch.randperm(len(self.ids), generator=generator)
        pools = [pool[self.lengths[pool].argsort()] for pool in torch.split(order, POOL * batch_size)]
        batches = [batch for pool in pools for batch in torch.split(pool, batch_size)]
        return [self._batch(batches[int(at)]) for at in torch.randperm(len(batches), generator=generator)]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Bits of the label after the last word, and their mean over all, so that every verdict means something."""
        steps, lengths = torch.arange(logits.shape[1]), cast("Tensor", batch.lengths)
        targets = batch.targets[:, None].expand(logits.shape[:2])  # (B, T)
        if self.is_binary:
            losses = binary_cross_entropy_with_logits(logits[:, :, 0], targets.float(), reduction="none")
        else:
            losses = cross_entropy(logits.transpose(1, 2), targets, reduction="none")
        last, present = steps == lengths[:, None] - 1, steps < lengths[:, None]  # (B, T)
        return (losses[last].mean() + EVERY_STEP * losses[present].mean()) / math.log(2)

    def _batch(self, rows: Tensor) -> Batch:
        ids = pad_sequence([self.ids[row] for row in rows.tolist()], batch_first=True)
        return Batch(ids, self.lengths[rows], self.targets[rows])


def load(file: Path, text: str, label: str, warn: Callable[[str], None]) -> Labelled:
    """The lesson on the columns ``text`` and ``label`` of a table; ``warn`` is told of rows that are left out.

    Raises DataError, naming what is wrong and where, if the table or its labels cannot be learned from.
    """
    given = read(file)
    rows, empty = [], 0
    for row in table(given, text, label):
        if row.label and WordTokenizer.keys(row.text):
            rows.append(row)
        else:
            empty += 1
    if empty:
        warn(f"{empty:,} rows without a word in {text!r} or without a {label!r} are left out")
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.text, row)
    if torn := sum(first[row.text].label != row.label for row in rows):
        warn(f"{torn:,} rows repeat a text under another label: the first counts")
    _require_labels(file, label, list(first.values()))
    if long := sum(len(WordTokenizer.keys(text)) > LONGEST for text in first):
        warn(f"{long:,} texts have more than {LONGEST} words: the rest of them is not read")
    return Labelled(given, list(first.values()))


def split(rows: Sequence[Row]) -> dict[Part, list[Row]]:
    """Of each label's texts ``HELD_OUT`` to test on and as many to validate on, those of the least SHA-256."""
    parts: dict[Part, list[Row]] = {"train": [], "validation": [], "test": []}
    by_label: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: hashlib.sha256(row.text.encode()).digest()):
        by_label.setdefault(row.label, []).append(row)
    for _, alike in sorted(by_label.items()):
        count = math.ceil(HELD_OUT * len(alike))
        parts["test"] += alike[:count]
        parts["validation"] += alike[count : 2 * count]
        parts["train"] += alike[2 * count :]
    for each in parts.values():
        each.sort(key=lambda row: hashlib.sha256(row.text.encode()).digest())
    return parts


def clipped(text: str) -> str:
    """The part of ``text`` that is read: its first ``LONGEST`` words."""
    spans = list(WordTokenizer.spans(text))
    return text if len(spans) <= LONGEST else text[: spans[LONGEST - 1][1]]


def shortest(rows: Sequence[Row], label: str) -> Row:
    """The shortest of the rows of a label that has three words or more; else the longest."""
    alike = sorted((row for row in rows if row.label == label), key=lambda row: len(row.text))
    return next((row for row in alike if len(WordTokenizer.keys(row.text)) >= 3), alike[-1])


def _require_labels(file: Path, label: str, rows: Sequence[Row]) -> None:
    """Raise unless each of at least two labels has texts enough to be divided."""
    counts = Counter(row.label for row in rows)
    if len(counts) < 2:
        only = f"one label alone, {next(iter(counts))!r}" if counts else "no label"
        raise DataError(f"{file}: the column {label!r} holds {only}: two at least are needed to tell apart")
    if len(counts) > LABELS:
        raise DataError(f"{file}: the column {label!r} holds {len(counts):,} different labels: at most {LABELS}")
    rarest, count = min(counts.items(), key=lambda each: (each[1], each[0]))
    if count < FEWEST:
        raise DataError(f"{file}: the label {rarest!r} has {count} different texts: at least {FEWEST} are needed")
