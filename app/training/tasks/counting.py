"""The tasks "anbn" and "anbncn": which symbols may come next in aⁿbⁿ, and in aⁿbⁿcⁿ."""

import math
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
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
from ...store.fields import Metric
from ..synthetic import EXACT, PADDING, ROWS, fingerprint, logits_of
from ..task import Half
from ..trainer import Batch, Objective, Recipe

LONGEST = 50  # n of the longest string that is learned from or judged by
HELD_OUT = 5  # every fifth n is not learned from
LEARNED = tuple(n for n in range(1, LONGEST + 1) if n % HELD_OUT)
TREND = range(20, LONGEST + 1)  # n from which a trend is computed
FARTHEST = 1e6  # n up to which a trend is followed
SETTLED = 2  # symbols after a change of letter until it has taken full effect
SHOWN = (1, 2, 3, 5, 10, 20, 30, 40, LONGEST)  # n at which the card shows the count
LIMIT = 1_000  # the largest n that is measured
BATCHES = 100  # an epoch
RECIPE = EXACT(batch_size=16, epochs=40, learning_rate=1e-2)
RECIPES: Mapping[str, Recipe] = {  # for cells that need another
    "lstm": replace(RECIPE, epochs=30, learning_rate=0.1, clip=0.1, forget_bias=15),
    "rnn": replace(RECIPE, epochs=60, learning_rate=5e-3),
}


def load_anbn() -> "Counting":
    """Return the task on strings of a's and then as many b's."""
    return Counting("anbn", "ab", "aⁿbⁿ")


def load_anbncn() -> "Counting":
    """Return the task on strings of a's, then as many b's, then as many c's."""
    return Counting("anbncn", "abc", "aⁿbⁿcⁿ")


class Counting:
    """The task.

    After each symbol the network says for every symbol, and for the end of the string, whether it may come next (Gers &
    Schmidhuber 2001): after an a another a or the first b, and from then on what the count allows, one symbol or the
    end. A string counts as right if after each of its symbols every output lies on the right side of 0.5. The first
    symbol is always an a, and is not asked for.
    """

    def __init__(self, name: str, letters: str, language: str) -> None:
        self.name, self.letters, self.language = name, letters, language
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, *letters])
        self.objective: Objective = Strings(letters)
        self.data = fingerprint(self.objective)
        self.about: Mapping[str, Any] = {
            "description": f"After each symbol of {language}: what may come next, each with a probability of its own.",
            "outputs": [*letters, "end"],
            "predicts_next": True,
            "verdict": "end",
            "opposite": "goes on",
            "examples": [string(letters, 5), string(letters, 20), string(letters, 5)[:-2], string(letters, 1)],
            "licence": "MIT",
        }

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.letters) + 1, 4, hidden_size=10, outputs=len(self.letters) + 1)

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES.get(cell, RECIPE)

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

    def remarks(self, metrics: Sequence[Metric], others: Mapping[str, Sequence[Metric]]) -> Sequence[str]:  # noqa: ARG002
        """Say how many seeds learned to count, rather than to do it as far as they were taught."""
        seeds = metrics[0].seeds
        learned, beyond = (sum(each >= n for each in seeds) for n in (LEARNED[-1], LIMIT))
        return [
            f"Of the {len(seeds)} seeds, {beyond} {'is' if beyond == 1 else 'are'} right for every n up to {LIMIT:,}, "
            f"the largest that was measured; {learned} for every n up to {LEARNED[-1]}, the largest that was learned "
            "from."
        ]

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """Return what the unit that counts best does along the string of n = ``LONGEST``."""
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

    def held_out(self, half: Half) -> Sequence[str]:
        ns = range(HELD_OUT, LONGEST + 1, HELD_OUT)[0 if half == "choose" else 1 :: 2]
        return [string(self.letters, n) for n in ns]

    def features(self, text: str) -> Sequence[Feature]:
        """Return how many more of each letter than of the next there were, at these two: what a counter holds."""
        symbols = np.array(list(text))
        so_far = {letter: np.cumsum(symbols == letter).astype(np.float64) for letter in self.letters}
        return [
            Feature(f"{a}'s less {b}'s", np.where(np.isin(symbols, [a, b]), so_far[a] - so_far[b], math.nan))
            for a, b in pairwise(self.letters)
        ]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"The strings of {self.language} for n from 1 to {LONGEST}, except every multiple of {HELD_OUT}; "
            f"SHA-256 of a sample: `{self.data}`.",
            "judged": f"Only by strings with n up to {LONGEST}: the n up to which all are right; if all are, the n at "
            f"which the trend of what is said at the last two symbols of each kind, from n = {TREND[0]} on, leads to "
            "a first wrong answer. It is written with a minus sign, as lower is better.",
            "right": "A string counts as right if after each of its symbols every output lies on the right side of "
            "0.5, as in Gers & Schmidhuber (2001), LSTM recurrent networks learn simple context-free and "
            "context-sensitive languages. Weiss, Goldberg & Yahav (ACL 2018) show why an LSTM can count without bound "
            "and a GRU cannot.",
            "start": f"The LSTM's forget gates start wide open, with a bias of {RECIPES['lstm'].forget_bias:g}: a cell "
            "that loses a share p of its content at every step is off by about n²p after aⁿbⁿ.",
        }


class Strings:
    """The objective: after each symbol, what may come next?"""

    def __init__(self, letters: str) -> None:
        self.ids = {n: ids_of(letters, n) for n in LEARNED}
        self.targets = {n: may_follow(letters, n).float() for n in LEARNED}

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of any n up to a largest, random for each: short strings are cheap, and learned first."""
        batches = []
        for most in torch.randint(1, len(LEARNED) + 1, (BATCHES,), generator=generator).tolist():
            ns = [LEARNED[at] for at in torch.randint(most, (batch_size,), generator=generator).tolist()]
            ids = pad_sequence([self.ids[n] for n in ns], batch_first=True)
            targets = pad_sequence([self.targets[n] for n in ns], batch_first=True, padding_value=PADDING)
            batches.append(Batch(ids, None, targets))
        return batches

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean norm of a string's losses: the worst counts most, as one wrong answer spoils a string."""
        losses = binary_cross_entropy_with_logits(logits, batch.targets.clamp(min=0), reduction="none")
        norms: Tensor = vector_norm((losses * (batch.targets != PADDING)).flatten(1), dim=1)  # (B,)
        return norms.mean()


def string(letters: str, n: int) -> str:
    """Return ``n`` of each letter."""
    return "".join(letter * n for letter in letters)


def may_follow(letters: str, n: int) -> Tensor:
    """Return after each symbol whether each letter, or the end, may come next: booleans (T, letters + 1)."""
    allowed = torch.zeros(len(letters) * n, len(letters) + 1, dtype=torch.bool)
    following = torch.arange(len(letters) * n) + 1
    allowed[following - 1, following // n] = True
    allowed[:n, :2] = True  # nothing says yet how many there will be
    return allowed


def ids_of(letters: str, n: int) -> Tensor:
    """Return the ids (T,) of a string."""
    return torch.arange(1, len(letters) + 1).repeat_interleave(n)


def margins(network: Network, letters: str, ns: Sequence[int]) -> list[Tensor]:
    """Return how far each logit (T, outputs) along each string lies on the right side of 0; below 0 it is wrong."""
    logits = logits_of(network, pad_sequence([ids_of(letters, n) for n in ns], batch_first=True))
    allowed = [may_follow(letters, n) for n in ns]
    return [torch.where(may, row[: len(may)], -row[: len(may)]) for may, row in zip(allowed, logits, strict=True)]


def right_up_to(network: Network, letters: str, limit: int = LIMIT) -> int:
    """Return the n up to which every string is right, at most ``limit``."""
    for first in range(1, limit + 1, ROWS):
        ns = range(first, min(first + ROWS, limit + 1))
        for n, margin in zip(ns, margins(network, letters, ns), strict=True):
            if not margin.min() > 0:  # NaN is wrong too
                return n - 1
    return limit


def reach(network: Network, letters: str) -> float:
    """Return how far the network should get, judging only by its answers up to ``LONGEST``.

    If not all of them are right, that is the n up to which they are. If they are, their trend is followed: a counter
    whose steps do not cancel out is off in proportion to n, and one that leaks, in proportion to n², so a line and a
    parabola are fitted to the margins at the last two symbols of each kind; the first of them to reach 0 says how far.
    NaN if an answer is NaN.
    """
    along = margins(network, letters, range(1, LONGEST + 1))
    least = torch.stack([margin.min() for margin in along])
    if least.isnan().any():
        return math.nan
    if (least <= 0).any():
        return float((least <= 0).int().argmax())
    last = torch.stack([along[n - 1].view(len(letters), n, -1)[1:, -2:].flatten() for n in TREND])
    reached = [FARTHEST]
    for margin in last.double().T.numpy():
        for degree in (1, 2):
            roots = np.roots(np.polyfit(TREND, margin, degree))
            reached += [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > LONGEST]
    return min(reached)


class Tally(NamedTuple):
    """The unit that follows the count best, along the string of n = ``LONGEST``."""

    state: Letter  # the activation that does: the first of the cell's states
    unit: int
    r: float  # its correlation with how many more a's than b's there were
    activations: Mapping[str, FloatArray]  # of that unit: letter → (letters of the language, n)

    def steps(self) -> FloatArray:
        """Return by how much its state moves at each a and at each b (2, n − 2), with the sign that makes an a add.

        The first ``SETTLED`` symbols of each kind are left out: a change of letter takes effect one step late.
        """
        state = self.activations[self.state]
        moved = np.diff(state.ravel(), prepend=0).reshape(state.shape)[:2, SETTLED:]
        return moved if self.r > 0 else -moved


def tally(network: Network, tokenizer: Tokenizer, letters: str) -> Tally:
    """Find the unit that counts best.

    This is computed in float64: where a cell holds 50, rounding in float32 moves it by more than its steps differ.
    """
    state, tokens = network.config.cell_definition.states[0], tokenizer(string(letters, LONGEST))
    layer = trace(deepcopy(network).double(), tokens, engine="reference").layer()
    count = np.concatenate([np.arange(1.0, LONGEST + 1), np.arange(LONGEST - 1.0, -1, -1)])
    r = correlation(layer[state][: len(count)], count, np.ones(len(count)))
    unit = int(np.abs(r).argmax())
    rows = {letter: values[:, unit].reshape(len(letters), -1) for letter, values in layer.activations.items()}
    return Tally(state, unit, float(r[unit]), rows)
