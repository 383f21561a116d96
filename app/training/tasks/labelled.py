"""The task "labelled": your own texts, each with a label, in a table of CSV or TSV; by words or by characters."""

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from ...analysis.evaluation import verdicts
from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import TOKENIZERS, UNKNOWN, Tokenizer, TokenizerKind
from ...recurrent.trace import FloatArray
from ..baselines import OF_TEXTS, most_frequent
from ..baselines.labels import LabelIds, LabelledTexts
from ..sources.corpora import Split
from ..sources.download import DataError
from ..sources.files import TextFile, read
from ..sources.tables import Row, table
from ..sources.vocabulary import frequent
from ..synthetic import fingerprint
from ..task import Half
from ..trainer import Batch, Objective, Recipe
from ..verdicts import EVERY_STEP, Verdicts

SIZE = 8_000  # words or characters of the vocabulary, at most
LABELS = 100  # most different labels
FEWEST = 10  # texts that each label must have
HELD_OUT = 0.1  # share of each label's texts to validate on, and again to test on
TEXTS = 400  # most held-out texts of each half
UNUSUAL = 0.25  # share of unknown words in the held-out texts above which a note and the card warn


class Reading(NamedTuple):
    """How texts are read by tokens of a kind."""

    many: str  # what the tokens are called
    longest: int  # tokens of a text that are read; the label is asked for after the last of them
    shortest: int  # tokens that an example should have
    hidden: float  # share of the tokens that are replaced by the unknown one while learning
    advice: str  # what to do about many unknown tokens


READINGS: dict[TokenizerKind, Reading] = {
    "word": Reading(
        "words",
        longest=400,
        shortest=3,
        hidden=0.1,
        advice="more texts help, or characters as tokens (--tokens character) where no blanks stand between words, as "
        "in Chinese, Thai or DNA",
    ),
    # A character says too much to be hidden often, and there are few that no training text has.
    "character": Reading("characters", longest=1_000, shortest=10, hidden=0.01, advice="more texts help"),
}


class Labelled:
    """The task."""

    name: str = "labelled"

    def __init__(self, file: TextFile, rows: Sequence[Row], tokens: TokenizerKind = "word") -> None:
        self.kind, self.reading = tokens, READINGS[tokens]
        self.splits = split(rows)
        self.labels = sorted({row.label for row in rows})
        self.source = {"name": file.path.name, "sha256": file.sha256, "size": file.size, "licence": "that of its owner"}
        learned = [tokens_read(row.text, tokens) for row in self.splits["train"]]
        self.tokenizer: Tokenizer = TOKENIZERS[tokens]([UNKNOWN, *frequent(learned, SIZE)])
        self.objective: Objective = Labels(self.ids("train"), self.targets("train"), is_binary=self.is_binary)
        self.data = fingerprint(self.objective)
        self.about: Mapping[str, Any] = {
            "task": f"labelled {file.path.stem}",
            "description": self._description(),
            "outputs": self.labels[1:] if self.is_binary else self.labels,
            "predicts_next": False,
            "opposite": self.labels[0] if self.is_binary else "",
            "examples": [shortest(self.splits["test"], label, tokens).text for label in self.labels[:5]],
            "licence": "that of its owner",
        }

    @property
    def is_binary(self) -> bool:
        """Return whether there are two labels, which one number tells apart."""
        return len(self.labels) == 2

    def ids(self, split: Split) -> list[Tensor]:
        """Return the token ids (T,) of each text, as far as it is read."""
        longest = self.reading.longest
        return [torch.tensor([token.id for token in self.tokenizer(row.text)][:longest]) for row in self.splits[split]]

    def targets(self, split: Split) -> Tensor:
        """Return the label of each text (N,), by its place among the labels."""
        return torch.tensor([self.labels.index(row.label) for row in self.splits[split]])

    def unknown(self, *splits: Split) -> float:
        """Return the share of the tokens of some splits, as far as they are read, that the vocabulary lacks."""
        return float((torch.cat([ids for split in splits for ids in self.ids(split)]) == 0).double().mean())

    def warning(self) -> str:
        """Return what to know about the unknown tokens of the held-out texts if there are unusually many, else ""."""
        unknown = self.unknown("validation", "test")
        if unknown <= UNUSUAL:
            return ""
        many = self.reading.many
        return (
            f"{100 * unknown:.0f} % of the {many} of the held-out texts are unknown: the vocabulary, of the training "
            f"texts, lacks them, and they are all read as one; {self.reading.advice}"
        )

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
        rows = min(64, max(8, len(self.splits["train"]) // 50))
        return Recipe(epochs=20, batch_size=rows, patience=5, unknown=self.reading.hidden)

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
        texts = [clipped(row.text, self.kind) for row in self.splits[split]]
        outputs = verdicts(network, self.tokenizer, texts)
        return np.hstack([1 - outputs, outputs]) if self.is_binary else outputs

    def held_out(self, half: Half) -> Sequence[str]:
        rows = self.splits["validation" if half == "choose" else "test"]
        return [clipped(row.text, self.kind) for row in rows[:TEXTS]]

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
        many, case = self.reading.many, " in lower case" if self.kind == "word" else ""
        warning = self.warning()
        return {
            "data": [self.source],
            "sizes": {split: len(rows) for split, rows in self.splits.items()},
            "labels": dict(sorted(Counter(row.label for rows in self.splits.values() for row in rows).items())),
            "recipe": [
                f"{many.capitalize()}{case}, the {len(self.tokenizer.vocabulary) - 1:,} most frequent of the training "
                f"texts; of each text the first {self.reading.longest:,} {many} are read.",
                f"The loss after the last of them has weight 1, its mean over all {many} weight {EVERY_STEP}.",
                "Of texts with the same tokens, which the network reads alike, the first counts. Of each label's texts "
                "the SHA-256 says which are held out. Judged by the cross-entropy on the validation texts after each "
                "epoch.",
            ],
            f"share of unknown {many}": {split: self.unknown(split) for split in self.splits},
            **({"limits": f"{warning}."} if warning else {}),
        }

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The label of each held-out text, by the part of it that is read."""
        return {clipped(row.text, self.kind): row.label for row in [*self.splits["validation"], *self.splits["test"]]}

    def _description(self) -> str:
        if self.is_binary:
            return f"After each {self.kind}: the probability that the text so far is {self.labels[1]}."
        return f"After each {self.kind}: the probability of each label for the text so far."

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


def load(file: Path, text: str, label: str, warn: Callable[[str], None], tokens: TokenizerKind = "word") -> Labelled:
    """Load the columns ``text`` and ``label`` of a table, whose texts are read by words or by characters.

    ``warn`` is called with notes on rows that are left out, on texts that are cut, and on many unknown tokens.
    Raises DataError, naming what is wrong and where, if the table or its labels cannot be learned from.
    """
    content = read(file)
    rows, empty = [], 0
    for row in table(content, text, label):
        if row.label and tokens_read(row.text, tokens):
            rows.append(row)
        else:
            empty += 1
    if empty:
        warn(f"{empty:,} rows without a {tokens} in {text!r} or without a {label!r} are left out")
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        first.setdefault(tokens_read(row.text, tokens), row)
    if contradictions := sum(first[tokens_read(row.text, tokens)].label != row.label for row in rows):
        warn(f"{contradictions:,} rows repeat a text, as it is read, under another label: the first counts")
    distinct = list(first.values())
    _require_labels(file, label, distinct, READINGS[tokens].many)
    if long := sum(clipped(row.text, tokens) != row.text for row in distinct):
        reading = READINGS[tokens]
        warn(f"{long:,} texts have more than {reading.longest:,} {reading.many}: the rest of them is not read")
    task = Labelled(content, distinct, tokens)
    if warning := task.warning():
        warn(warning)
    return task


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


def tokens_read(text: str, tokens: TokenizerKind) -> tuple[str, ...]:
    """Return the tokens of ``text`` that are read: texts in which they are the same are one text to a network."""
    return tuple(TOKENIZERS[tokens].keys(text)[: READINGS[tokens].longest])


def clipped(text: str, tokens: TokenizerKind) -> str:
    """Return the part of ``text`` that is read."""
    spans, longest = list(TOKENIZERS[tokens].spans(text)), READINGS[tokens].longest
    return text if len(spans) <= longest else text[: spans[longest - 1][1]]


def shortest(rows: Sequence[Row], label: str, tokens: TokenizerKind) -> Row:
    """Return the shortest row of a label that has a few tokens; else its longest row."""
    alike = sorted((row for row in rows if row.label == label), key=lambda row: len(row.text))
    few = READINGS[tokens].shortest
    return next((row for row in alike if len(tokens_read(row.text, tokens)) >= few), alike[-1])


def _require_labels(file: Path, label: str, rows: Sequence[Row], many: str) -> None:
    """Raise DataError unless there are at least two labels, each with enough texts to be split; ``many`` differ."""
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
        raise DataError(
            f"{file}: the label {rarest!r} has {count} texts that differ in their {many}: it needs at least {FEWEST}"
        )
