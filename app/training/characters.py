"""Language models of characters: vocabulary, parts, windows, loss and figures, whatever the text is.

A network reads one character after the other and says, after each, how likely every character is to come next.
"""

import math
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..analysis.features import Feature
from ..analysis.metrics import Figure
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ..recurrent.trace import FloatArray
from .sources.corpora import Part
from .sources.download import DataError
from .task import Slice
from .trainer import Batch, Recipe, Task

SYMBOLS = 96  # characters of the vocabulary, at most
WINDOW = 128  # characters that an error is carried back through; states are carried on beyond them
BLOCK = 2_000  # characters that make one example of a figure
CONTEXT = 256  # characters that are read before each block, and do not count
TEXTS = 8  # held-out texts of each slice
LENGTH = 2_000  # least characters of a held-out text; the most are twice as many
ORDER = 5  # of the n-grams that a network is compared with
# A text this long is hardly learned by heart in the few times that it is read, and its characters say too much to hide.
CHARACTERS = partial(Recipe, batch_size=16, dropout=0, unknown=0.001, embedding_spread=1)
# The LSTM's c would run away if it cost nothing, and from forget gates less open it learned of no quotation.
RECIPES: Mapping[CellName, partial[Recipe]] = {
    "lstm": partial(CHARACTERS, learning_rate=8e-3, clip=0.1, cell_decay=1e-3, forget_bias=3),
    "gru": partial(CHARACTERS, learning_rate=4e-3),
    "rnn": partial(CHARACTERS, learning_rate=4e-3),
}

Ids = NDArray[np.int64]


class CharacterLesson(ABC):
    """A lesson whose data is one long text in three parts; a subclass knows what kind of text it is.

    Raises DataError for a text that is too short to learn from and to measure on.
    """

    name: str
    epochs: ClassVar[int]
    hidden_size: ClassVar[int] = 128
    presentation: ClassVar[Mapping[str, Any]]  # description and examples
    parting: ClassVar[str]  # how the text was cut into its parts
    sample: ClassVar[int] = 0  # first blocks of the test part that have a figure of their own: anyone may keep them

    def __init__(self, parts: Mapping[Part, str], data: str, sources: Sequence[Mapping[str, Any]]) -> None:
        for part, text in parts.items():
            if len(text) < CONTEXT + BLOCK:
                raise DataError(
                    f"the {part} part of the text is {len(text):,} characters long: it must be at least "
                    f"{CONTEXT + BLOCK:,}; give a longer text, of half a million characters or more"
                )
        self.parts, self.data, self.sources = parts, data, sources
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, *frequent(parts["train"])])
        self.ids = {part: torch.from_numpy(encoded(text, self.tokenizer.vocabulary)) for part, text in parts.items()}
        self.task: Task = Windows(self.ids["train"])
        self.about: Mapping[str, Any] = {
            **self.presentation,
            "task": self.name,
            "outputs": list(self.tokenizer.vocabulary),
            "predicts_next": True,
            "licence": "MIT",
        }

    @abstractmethod
    def features(self, text: str) -> Sequence[Feature]:
        """What a unit might track in ``text``; each value says what holds after that character."""

    @abstractmethod
    def starts(self, text: str) -> Sequence[int]:
        """Where in ``text`` one may begin to read and miss nothing of what the features need."""

    def config(self, cell: CellName) -> NetworkConfig:
        size = len(self.tokenizer.vocabulary)
        return NetworkConfig(cell, size, 32, self.hidden_size, outputs=size, head="softmax")

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES[cell](epochs=self.epochs)

    def judge(self, network: Network) -> float:
        return float(bits(network, self.ids["validation"]).mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        found = bits(network, self.ids["test"])
        counts = {f"held-out {self.name}": len(found)}
        if self.sample:
            counts[f"its first {self.sample} blocks"] = self.sample
        return [
            Figure(name, found[:count], "bits per character", self._baselines(count)) for name, count in counts.items()
        ]

    def held_out(self, part: Slice) -> Sequence[str]:
        """Every other text of the held-out part, as many as are wanted, from its beginning to its end."""
        text = self.parts["test"]
        texts = pieces(text, self.starts(text))[0 if part == "choose" else 1 :: 2]
        chosen = np.linspace(0, len(texts) - 1, min(TEXTS, len(texts))).round().astype(int)
        return [texts[at] for at in chosen]

    def facts(self) -> Mapping[str, Any]:
        unknown = {part: float((ids == 0).double().mean()) for part, ids in self.ids.items()}
        return {
            "data": list(self.sources),
            "sizes": {part: len(text) for part, text in self.parts.items()},
            "share of unknown characters": unknown,
            "recipe": [
                self.parting,
                f"Windows of {WINDOW} characters; the states are carried on from window to window.",
                f"Judged on the validation part after each epoch; measured on blocks of {BLOCK:,} characters of the "
                f"test part, each read after the {CONTEXT} characters before it.",
                "All characters outside the vocabulary count as one.",
            ],
        }

    def _baselines(self, count: int) -> dict[str, float]:
        """What n-grams reach on the first ``count`` blocks of the test part."""
        scored = [found[:count].mean() for found in self._ngrams]
        return {"unigram": float(scored[0]), f"{ORDER}-gram": float(scored[-1])}

    @cached_property
    def _ngrams(self) -> list[FloatArray]:
        """Bits per character of each block of the test part (N,), under the n-grams of each order."""
        learned, test = self.ids["train"].numpy(), self.ids["test"].numpy()
        by_order = ngram_bits(learned, test, len(self.tokenizer.vocabulary), ORDER)
        scored = (found[-(len(test) - CONTEXT) :] for found in by_order)
        return [found[: len(found) // BLOCK * BLOCK].reshape(-1, BLOCK).mean(axis=1) for found in scored]


class Windows:
    """The task: which character comes next? Each row of a batch goes on where that of the batch before ended."""

    def __init__(self, ids: Tensor) -> None:
        self.ids = ids  # (N,)

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """The text from a random place on, round to it, in ``batch_size`` rows of which all are read side by side.

        Less than one character a row is left over. Raises ValueError for a text of less than two characters a row.
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
        """Bits per character."""
        return cross_entropy(logits.flatten(0, 1), batch.targets.flatten()) / math.log(2)


@torch.inference_mode()
def bits(network: Network, ids: Tensor) -> FloatArray:
    """Bits per character (N,) of each whole block of a text (T,), read after the ``CONTEXT`` characters before it."""
    blocks = ids.unfold(0, CONTEXT + BLOCK, BLOCK)  # (N, CONTEXT + BLOCK)
    found = []
    for rows in torch.split(blocks, 32):
        logits = network(rows[:, :-1])[:, CONTEXT - 1 :]  # (B, BLOCK, V)
        found.append(cross_entropy(logits.transpose(1, 2), rows[:, CONTEXT:], reduction="none").mean(dim=1))
    return (torch.cat(found) / math.log(2)).numpy()


def ngram_bits(learned: Ids, ids: Ids, size: int, order: int) -> list[FloatArray]:
    """Bits of each character of ``ids`` under the n-grams of ``learned``, for n from 1 to ``order``.

    ``size`` is that of the vocabulary. Each order falls back on the one below in the measure in which its context was
    followed by ever new characters (Witten & Bell 1991); the first falls back on all characters being equally likely.
    The first n - 1 characters have no such context: row n is of length T - n + 1.
    """
    shares: FloatArray = np.full(len(ids), 1 / size)
    found = []
    for n in range(1, order + 1):
        grams, counts = np.unique(_codes(learned, size, n), return_counts=True)
        contexts, first = np.unique(grams // size, return_index=True)
        seen, kinds = np.add.reduceat(counts, first), np.diff(first, append=len(grams))
        wanted = _codes(ids, size, n)
        count, (total, kind) = _at(grams, wanted, counts)[0], _at(contexts, wanted // size, seen, kinds)
        shares = shares[len(shares) - len(wanted) :]
        shares = np.where(total > 0, (count + kind * shares) / np.maximum(total + kind, 1), shares)
        found.append(-np.log2(shares))
    return found


def encoded(text: str, vocabulary: Sequence[str]) -> Ids:
    """The ids of a text's characters, as its ``CharacterTokenizer`` gives them, but all at once."""
    ids: Ids = np.zeros(sys.maxunicode + 1, np.int64)  # by code point
    for id_, character in enumerate(vocabulary[1:], 1):
        ids[ord(character)] = id_
    found: Ids = ids[np.frombuffer(text.encode("utf-32-le"), "<u4")]
    return found


def frequent(text: str) -> list[str]:
    """The most frequent characters, ``SYMBOLS`` at most, in code point order; among equals the first stay."""
    counts = Counter(text)
    return sorted(sorted(counts, key=lambda character: (-counts[character], character))[:SYMBOLS])


def pieces(text: str, starts: Sequence[int]) -> list[str]:
    """Consecutive parts of ``text`` that begin at one of ``starts``, ``LENGTH`` to twice as many characters long."""
    found, begin = [], None
    for start in starts:
        if begin is None or start - begin > 2 * LENGTH:
            begin = start
        elif start - begin >= LENGTH:
            found.append(text[begin:start])
            begin = start
    return found


def line_position(text: str) -> FloatArray:
    """Characters since the line break, this one included; 0 for the line break itself."""
    values, position = np.zeros(len(text)), 0
    for at, character in enumerate(text):
        position = 0 if character == "\n" else position + 1
        values[at] = position
    return values


def _codes(ids: Ids, size: int, n: int) -> Ids:
    """A number for each run of ``n`` ids, its digits to the base of ``size``: all but the last are the context."""
    codes = np.zeros(len(ids) - n + 1, np.int64)
    for at in range(n):
        codes = codes * size + ids[at : at + len(codes)]
    return codes


def _at(keys: Ids, wanted: Ids, *values: Ids) -> list[Ids]:
    """The ``values`` of the ``wanted`` among the sorted ``keys``; 0 where a key is missing."""
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return [np.where(keys[places] == wanted, each[places], 0) for each in values]
