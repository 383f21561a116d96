"""What tasks of characters share: vocabulary, splits, windows, loss and figures, whatever the text is.

A network reads one character after the other and says, after each, how likely every character is to come next.
"""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..analysis.features import Feature
from ..analysis.metrics import Figure
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ..recurrent.trace import FloatArray
from .baselines import OF_CHARACTERS
from .baselines.ngrams import Ids
from .sources.corpora import Split
from .sources.download import DataError
from .sources.vocabulary import frequent
from .task import Half
from .trainer import Batch, Objective, Recipe

SYMBOLS = 96  # characters of the vocabulary, at most
WINDOW = 128  # characters through which an error is carried back; states are carried on beyond them
BLOCK = 2_000  # characters that make one example of a figure
CONTEXT = 256  # characters that are read before each block and do not count
TEXTS = 8  # held-out texts of each half
LENGTH = 2_000  # fewest characters of a held-out text; it has at most twice as many
FEWEST = 5  # parts of a text by which an interval is found; of fewer parts it would tell little
# A text this long is hardly learned by heart in the few times that it is read, and its characters say too much to hide.
# A task adds the number of its epochs.
RECIPE = partial(Recipe, batch_size=16, learning_rate=4e-3, dropout=0, unknown=0.001, embedding_spread=1)
# The LSTM's c would run away if it cost nothing, and with forget gates less open it learned nothing about quotations.
RECIPES: Mapping[str, partial[Recipe]] = {
    "lstm": partial(RECIPE, learning_rate=8e-3, clip=0.1, cell_decay=1e-3, forget_bias=3),
}


class CharacterTask(ABC):
    """A task on one long text, which is split in three; a subclass knows what kind of text it is.

    Raises DataError for a text that is too short to learn from and to measure on.
    """

    name: str
    epochs: ClassVar[int]
    hidden_size: ClassVar[int] = 128
    presentation: ClassVar[Mapping[str, Any]]  # description and examples
    splitting: ClassVar[str]  # how the text is split, for the card
    part: ClassVar[str] = ""  # what the test split consists of, in the plural: "files"; empty: not known
    sample: ClassVar[int] = 0  # first blocks of the test split with a figure of their own: a slice that can be shipped

    def __init__(self, splits: Mapping[Split, str], data: str, sources: Sequence[Mapping[str, Any]]) -> None:
        for split, text in splits.items():
            if len(text) < CONTEXT + BLOCK:
                raise DataError(
                    f"the {split} part of the text is {len(text):,} characters long: it must be at least "
                    f"{CONTEXT + BLOCK:,}; give a longer text, of half a million characters or more"
                )
        self.splits, self.data, self.sources = splits, data, sources
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, *sorted(frequent([splits["train"]], SYMBOLS))])
        self.ids = {split: torch.from_numpy(encoded(text, self.tokenizer.vocabulary)) for split, text in splits.items()}
        self.objective: Objective = Windows(self.ids["train"])
        self.about: Mapping[str, Any] = {
            **self.presentation,
            "task": self.name,
            "outputs": list(self.tokenizer.vocabulary),
            "predicts_next": True,
            "licence": "MIT",
        }

    @abstractmethod
    def features(self, text: str) -> Sequence[Feature]:
        """Return what a unit might track in ``text``; each value says what holds after that character."""

    @abstractmethod
    def starts(self, text: str) -> Sequence[int]:
        """Return where in ``text`` one can begin to read without missing anything that the features need."""

    def begins(self) -> Sequence[int]:
        """Return where in the test split the second and every further ``part`` begins, in ascending order."""
        return ()

    def config(self, cell: CellName) -> NetworkConfig:
        size = len(self.tokenizer.vocabulary)
        return NetworkConfig(cell, size, 32, self.hidden_size, outputs=size, head="softmax")

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES.get(cell, RECIPE)(epochs=self.epochs)

    def judge(self, network: Network) -> float:
        return float(bits(network, self.ids["validation"]).mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        values = bits(network, self.ids["test"])
        counts = {f"held-out {self.name}": len(values)}
        if self.sample:
            counts[f"its first {self.sample} blocks"] = self.sample
        return [
            Figure(name, values[:count], "bits per character", self._baselines(count), self._parts(count))
            for name, count in counts.items()
        ]

    def held_out(self, half: Half) -> Sequence[str]:
        """Return every other piece of the test split, up to ``TEXTS`` of them, spread over all of it."""
        text = self.splits["test"]
        texts = pieces(text, self.starts(text))[0 if half == "choose" else 1 :: 2]
        chosen = np.linspace(0, len(texts) - 1, min(TEXTS, len(texts))).round().astype(int)
        return [texts[at] for at in chosen]

    def facts(self) -> Mapping[str, Any]:
        unknown = {split: float((ids == 0).double().mean()) for split, ids in self.ids.items()}
        return {
            "data": list(self.sources),
            "sizes": {split: len(text) for split, text in self.splits.items()},
            "share of unknown characters": unknown,
            "recipe": [
                self.splitting,
                f"Windows of {WINDOW} characters; the states are carried on from window to window.",
                f"Judged on the validation part after each epoch; measured on blocks of {BLOCK:,} characters of the "
                f"test part, each read after the {CONTEXT} characters before it.",
                "All characters outside the vocabulary count as one.",
                self._resampling(),
            ],
        }

    def _parts(self, count: int) -> Ids | None:
        """Return the part that the middle of each of the first ``count`` blocks of the test split belongs to: (count,).

        None if they belong to fewer than ``FEWEST`` parts.
        """
        middles = CONTEXT + BLOCK * np.arange(count) + BLOCK // 2
        parts = np.searchsorted(self.begins(), middles, side="right")
        return parts if len(np.unique(parts)) >= FEWEST else None

    def _resampling(self) -> str:
        """Return what the intervals resample, for the card."""
        parts = self._parts((len(self.splits["test"]) - CONTEXT) // BLOCK)
        if parts is None:
            return (
                "The intervals take the blocks for independent. Blocks of the same part of a text are alike: read the "
                "intervals as somewhat too narrow."
            )
        return (
            f"Blocks of the same part are alike, so the interval over the whole test part resamples {self.part}, of "
            f"which it has {len(np.unique(parts))}. A figure on fewer than {FEWEST} of them resamples blocks: read its "
            "interval as too narrow."
        )

    def _baselines(self, count: int) -> dict[str, float]:
        """Return what n-grams reach on the first ``count`` blocks of the test split."""
        return {name: float(values[:count].mean()) for name, values in self._by_ngrams.items()}

    @cached_property
    def _by_ngrams(self) -> dict[str, FloatArray]:
        """The bits per character of each block of the test split (N,), by the name of the n-grams."""
        learned, test, means = self.ids["train"].numpy(), self.ids["test"].numpy(), {}
        for name, bits_of in OF_CHARACTERS.items():
            values = bits_of(learned, test, len(self.tokenizer.vocabulary))[-(len(test) - CONTEXT) :]
            means[name] = values[: len(values) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1)
        return means


class Windows:
    """The objective: which character comes next? Each row of a batch continues that row of the previous batch."""

    def __init__(self, ids: Tensor) -> None:
        self.ids = ids  # (N,)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return the text from a random place on, around to it, in ``batch_size`` rows that are read in parallel.

        Less than one character a row is left over. Raises ValueError for a text of fewer than two characters a row.
        """
        length = len(self.ids) // batch_size
        if length < 2:
            raise ValueError(f"{len(self.ids)} characters are too few for {batch_size} rows: each must have 2")
        start = int(torch.randint(len(self.ids), (), generator=generator))
        rows = self.ids.roll(-start)[: length * batch_size].view(batch_size, length)
        count = math.ceil((length - 1) / WINDOW)
        windows = zip(rows[:, :-1].tensor_split(count, dim=1), rows[:, 1:].tensor_split(count, dim=1), strict=True)
        return [Batch(ids, None, targets, follows=at > 0) for at, (ids, targets) in enumerate(windows)]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the bits per character."""
        return cross_entropy(logits.flatten(0, 1), batch.targets.flatten()) / math.log(2)


@torch.inference_mode()
def bits(network: Network, ids: Tensor) -> FloatArray:
    """Return the bits per character of each whole block (N,) of a text (T,), read after ``CONTEXT`` characters."""
    blocks = ids.unfold(0, CONTEXT + BLOCK, BLOCK)  # (N, CONTEXT + BLOCK)
    means = []
    for rows in torch.split(blocks, 32):
        logits = network(rows[:, :-1])[:, CONTEXT - 1 :]  # (B, BLOCK, V)
        means.append(cross_entropy(logits.transpose(1, 2), rows[:, CONTEXT:], reduction="none").mean(dim=1))
    return (torch.cat(means) / math.log(2)).numpy()


def encoded(text: str, vocabulary: Sequence[str]) -> Ids:
    """Return the ids of a text's characters, as a ``CharacterTokenizer`` gives them, but all at once."""
    table: Ids = np.zeros(sys.maxunicode + 1, np.int64)  # by code point
    for id_, character in enumerate(vocabulary[1:], 1):
        table[ord(character)] = id_
    ids: Ids = table[np.frombuffer(text.encode("utf-32-le"), "<u4")]
    return ids


def pieces(text: str, starts: Sequence[int]) -> list[str]:
    """Return consecutive pieces of ``text`` that begin at ``starts``, ``LENGTH`` to twice as many characters long."""
    texts, begin = [], None
    for start in starts:
        if begin is None or start - begin > 2 * LENGTH:
            begin = start
        elif start - begin >= LENGTH:
            texts.append(text[begin:start])
            begin = start
    return texts


def line_position(text: str) -> FloatArray:
    """Return the characters since the line break (T,), this one included; 0 for the line break itself."""
    values, position = np.zeros(len(text)), 0
    for at, character in enumerate(text):
        position = 0 if character == "\n" else position + 1
        values[at] = position
    return values
