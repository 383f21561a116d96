"""The tasks "anbn" and "anbncn": which symbols may come next in aⁿbⁿ, and in aⁿbⁿcⁿ."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pad_sequence

from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...analysis.units import correlation
from ...recurrent.cells import NAMES, CellName, Letter
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ...recurrent.trace import FloatArray, trace
from ..synthetic import EXACT, PADDING, ROWS, fingerprint, logits_of
from ..task import Slice
from ..trainer import Batch, Recipe, Task

LONGEST = 50  # n of the longest string that decides anything
HELD_OUT = 5  # every fifth n is not learned from
LEARNED = tuple(n for n in range(1, LONGEST + 1) if n % HELD_OUT)
TREND = range(20, LONGEST + 1)  # what a trend is drawn from
FARTHEST = 1e6  # that a trend is followed
SETTLED = 2  # symbols after a change of letter, before its effect is whole
SHOWN = (1, 2, 3, 5, 10, 20, 30, 40, LONGEST)  # n at which the card shows the count
LIMIT = 1_000  # the largest n that is measured
BATCHES = 100  # an epoch
RECIPES: Mapping[CellName, Recipe] = {
    "lstm": EXACT(batch_size=16, epochs=30, learning_rate=0.1, clip=0.1, forget_bias=15),
    "gru": EXACT(batch_size=16, epochs=40, learning_rate=1e-2),
    "rnn": EXACT(batch_size=16, epochs=60, learning_rate=5e-3),
}


def load_anbn() -> "Counting":
    """Strings of a's and then as many b's."""
    return Counting("anbn", "ab", "aⁿbⁿ")


def load_anbncn() -> "Counting":
    """Strings of a's, then as many b's, then as many c's."""
    return Counting("anbncn", "abc", "aⁿbⁿcⁿ")


class Counting:
    """The lesson.

    After each symbol the network says of every symbol, and of the end of the string, whether it may come next (Gers &
    Schmidhuber 2001): after an a another a or the first b, and from then on what the count leaves, one symbol or the
    end. A string counts as right if after each of its symbols every output lies on the right side of 0.5. The first
    symbol is always an a, and is not asked for.
    """

    def __init__(self, name: str, letters: str, language: str) -> None:
        self.name, self.letters, self.language = name, letters, language
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, *letters])
        self.task: Task = Strings(letters)
        self.data = fingerprint(self.task)
        self.about: Mapping[str, Any] = {
            "description": f"After each symbol of {language}: what may come next, each with a probability of its own.",
            "outputs": [*letters, "end"],
            "predicts_next": True,
            "examples": [string(letters, 5), string(letters, 20), string(letters, 5)[:-2], string(letters, 1)],
            "licence": "MIT",
        }

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.letters) + 1, 4, hidden_size=10, outputs=len(self.letters) + 1)

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES[cell]

    def judge(self, network: Network) -> float:
        return -reach(network, self.letters)

    def measure(self, network: Network) -> Sequence[Figure]:
        longest = {"longest n that was learned from": LEARNED[-1]}
        right = np.array([right_up_to(network, self.letters)], np.float64)
        figures = [Figure(f"right for every n up to (at most {LIMIT:,})", right, "n", longest)]
        counter = tally(network, self.tokenizer, self.letters)
        for letter, steps in zip("ab", counter.steps(), strict=True):
            unit = f"of {counter.state}"
            figures += [
                Figure(f"step of the unit that counts best at each {letter}", steps, unit),
                Figure(f"distance of such a step from their mean, {letter}", np.abs(steps - steps.mean()), unit),
            ]
        return figures

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """What the unit that counts best does along the longest string that decides anything."""
        counter, cell = tally(network, self.tokenizer, self.letters), network.config.cell_definition

        def row(values: FloatArray) -> dict[str, str]:
            return {letter: f"{value:.3f}" for letter, value in zip(self.letters, values, strict=True)}

        state = counter.activations[counter.state]
        parts: list[Any] = [
            f"Along the string of n = {LONGEST}, unit {counter.unit} is the one whose {NAMES[counter.state]} "
            f"*{counter.state}* follows best how many more a's than b's there were (r {counter.r:.3f}). That state at "
            "the n-th of each letter:",
            [{"n": n} | row(state[:, n - 1]) for n in SHOWN],
        ]
        if letters := cast("Sequence[Letter]", cell.gates + cell.candidate):
            means = {letter: counter.activations[letter][:, SETTLED:].mean(axis=1) for letter in letters}
            parts += [
                f"What its gates and its candidate are in the mean, the first {SETTLED} of each letter left out:",
                [{"activation": f"{NAMES[letter]} *{letter}*"} | row(mean) for letter, mean in means.items()],
            ]
        return {"How it counts": parts}

    def held_out(self, part: Slice) -> Sequence[str]:
        ns = range(HELD_OUT, LONGEST + 1, HELD_OUT)[0 if part == "choose" else 1 :: 2]
        return [string(self.letters, n) for n in ns]

    def features(self, text: str) -> Sequence[Feature]:
        """How many more of each letter than of the next there were, at these two: what a counter holds."""
        symbols = np.array(list(text))
        so_far = {letter: np.cumsum(symbols == letter).astype(np.float64) for letter in self.letters}
        return [
            Feature(f"{a}'s less {b}'s", np.where(np.isin(symbols, [a, b]), so_far[a] - so_far[b], math.nan))
            for a, b in pairwise(self.letters)
        ]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"The strings of {self.language} for n from 1 to {LONGEST}, but for every multiple of {HELD_OUT}; "
            f"SHA-256 of a sample of what is drawn: `{self.data}`.",
            "judged": f"By strings of n up to {LONGEST} alone: the n up to which all are right; if all are, the n at "
            f"which the trend of what is said at the last two symbols of each kind, from n = {TREND[0]} on, leads to "
            "a first wrong answer. It is written with a minus, as the least is the best.",
            "right": "A string counts as right if after each of its symbols every output lies on the right side of "
            "0.5, as in Gers & Schmidhuber (2001), LSTM recurrent networks learn simple context-free and "
            "context-sensitive languages. Weiss, Goldberg & Yahav (ACL 2018) show why an LSTM can count without bound "
            "and a GRU cannot.",
            "start": f"The LSTM's forget gates start wide open, with a bias of {RECIPES['lstm'].forget_bias:g}: a cell "
            "that loses a share p of its content at every step is off by about n²p after aⁿbⁿ.",
        }


class Strings:
    """The task: after each symbol, what may come next?"""

    def __init__(self, letters: str) -> None:
        self.ids = {n: ids_of(letters, n) for n in LEARNED}
        self.targets = {n: may_follow(letters, n).float() for n in LEARNED}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Batches of any n up to a largest one, which is drawn for each: short ones are cheap, and learned first."""
        batches = []
        for most in torch.randint(1, len(LEARNED) + 1, (BATCHES,), generator=generator).tolist():
            ns = [LEARNED[at] for at in torch.randint(most, (batch_size,), generator=generator).tolist()]
            ids = pad_sequence([self.ids[n] for n in ns], batch_first=True)
            targets = pad_sequence([self.targets[n] for n in ns], batch_first=True, padding_value=PADDING)
            batches.append(Batch(ids, None, targets))
        return batches

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """The norm of a string's losses, which heeds the worst of them most: one wrong answer makes a string wrong."""
        losses = binary_cross_entropy_with_logits(logits, batch.targets.clamp(min=0), reduction="none")
        norms: Tensor = vector_norm((losses * (batch.targets != PADDING)).flatten(1), dim=1)  # (B,)
        return norms.mean()


def string(letters: str, n: int) -> str:
    """``n`` of each letter."""
    return "".join(letter * n for letter in letters)


def may_follow(letters: str, n: int) -> Tensor:
    """After each symbol of a string: whether each letter, or the end, may come next; booleans (T, letters + 1)."""
    found = torch.zeros(len(letters) * n, len(letters) + 1, dtype=torch.bool)
    following = torch.arange(len(letters) * n) + 1
    found[following - 1, following // n] = True
    found[:n, :2] = True  # nothing says yet how many there will be
    return found


def ids_of(letters: str, n: int) -> Tensor:
    """The ids (T,) of a string."""
    return torch.arange(1, len(letters) + 1).repeat_interleave(n)


def margins(network: Network, letters: str, ns: Sequence[int]) -> list[Tensor]:
    """How far each logit (T, outputs) along the string of each n lies on the right side of 0; below 0 it is wrong."""
    logits = logits_of(network, pad_sequence([ids_of(letters, n) for n in ns], batch_first=True))
    allowed = [may_follow(letters, n) for n in ns]
    return [torch.where(may, said[: len(may)], -said[: len(may)]) for may, said in zip(allowed, logits, strict=True)]


def right_up_to(network: Network, letters: str, limit: int = LIMIT) -> int:
    """The n up to which every string is right, as far as ``limit``."""
    for first in range(1, limit + 1, ROWS):
        ns = range(first, min(first + ROWS, limit + 1))
        for n, margin in zip(ns, margins(network, letters, ns), strict=True):
            if not margin.min() > 0:  # nor is an answer right that is no number
                return n - 1
    return limit


def reach(network: Network, letters: str) -> float:
    """How far the network should get, by its answers up to ``LONGEST`` alone.

    Where not all of them are right, it is the n up to which they are. Where they are, they are followed on: a counter
    whose steps do not cancel out is off in proportion to n, and one that leaks, to n², so that a parabola is drawn
    through the margins at the last two symbols of each kind; the first to come down to 0 says how far. NaN where an
    answer is no number.
    """
    along = margins(network, letters, range(1, LONGEST + 1))
    least = torch.stack([margin.min() for margin in along])
    if least.isnan().any():
        return math.nan
    if (least <= 0).any():
        return float((least <= 0).int().argmax())
    last = torch.stack([along[n - 1].view(len(letters), n, -1)[1:, -2:].flatten() for n in TREND])
    found = [FARTHEST]
    for margin in last.double().T.numpy():
        for degree in (1, 2):
            roots = np.roots(np.polyfit(TREND, margin, degree))
            found += [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > LONGEST]
    return min(found)


class Tally(NamedTuple):
    """The unit that follows the count of the a's best, along the longest string that decides anything."""

    state: Letter  # the activation that does: c of an LSTM, else h
    unit: int
    r: float  # with how many more a's than b's there were
    activations: Mapping[str, FloatArray]  # letter → (letters of the language, n): what that unit does

    def steps(self) -> FloatArray:
        """By how much its state moves at each a and at each b (2, n − 2), turned so that an a adds.

        The first ``SETTLED`` symbols of each kind are left out: a change of letter takes effect one step late.
        """
        state = self.activations[self.state]
        moved = np.diff(state.ravel(), prepend=0).reshape(state.shape)[:2, SETTLED:]
        return moved if self.r > 0 else -moved


def tally(network: Network, tokenizer: Tokenizer, letters: str) -> Tally:
    """Of all units the one that counts, if any does.

    In float64: where a cell holds 50, rounding in float32 moves it by more than its steps differ.
    """
    state, tokens = network.config.cell_definition.states[0], tokenizer(string(letters, LONGEST))
    layer = trace(deepcopy(network).double(), tokens, engine="reference").layer()
    count = np.concatenate([np.arange(1.0, LONGEST + 1), np.arange(LONGEST - 1.0, -1, -1)])
    r = correlation(layer[state][: len(count)], count, np.ones(len(count)))
    unit = int(np.abs(r).argmax())
    rows = {letter: values[:, unit].reshape(len(letters), -1) for letter, values in layer.activations.items()}
    return Tally(cast("Letter", state), unit, float(r[unit]), rows)
