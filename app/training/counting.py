"""The tasks "anbn" and "anbncn": which symbols may come next in aⁿbⁿ, and in aⁿbⁿcⁿ."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pad_sequence

from ..analysis.features import Feature
from ..analysis.figures import Figure
from ..analysis.units import correlation
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ..recurrent.trace import FloatArray, trace
from .lesson import Slice
from .synthetic import EXACT, PADDING, fingerprint
from .train import Batch, Recipe, Task

LONGEST = 50  # n of the longest string that decides anything
HELD_OUT = 5  # every fifth n is not learned from
LEARNED = tuple(n for n in range(1, LONGEST + 1) if n % HELD_OUT)
TREND = range(20, LONGEST + 1)  # what a trend is drawn from
FARTHEST = 1e6  # that a trend is followed
LIMIT = 1_000  # the largest n that is measured
BATCHES = 100  # an epoch
RECIPES: Mapping[CellName, Recipe] = {
    "lstm": EXACT(batch_size=16, epochs=60, learning_rate=0.1, clip=0.1, forget_bias=15),
    "gru": EXACT(batch_size=16, epochs=20, learning_rate=1e-2),
    "rnn": EXACT(batch_size=16, epochs=30, learning_rate=5e-3),
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
        name, longest = f"right for every n up to (at most {LIMIT:,})", {"longest n that was learned from": LEARNED[-1]}
        figures = [Figure(name, np.array([right_up_to(network, self.letters)], np.float64), "n", longest)]
        if network.config.cell == "lstm":
            figures += [
                figure
                for letter, steps in counter_steps(network, self.tokenizer, self.letters).items()
                for figure in (
                    Figure(f"step of the counting cell at each {letter}", steps, "of c"),
                    Figure(f"distance of such a step from their mean, {letter}", np.abs(steps - steps.mean()), "of c"),
                )
            ]
        return figures

    def held_out(self, part: Slice) -> Sequence[str]:
        ns = range(HELD_OUT, LONGEST + 1, HELD_OUT)[0 if part == "choose" else 1 :: 2]
        return [string(self.letters, n) for n in ns]

    def features(self, text: str) -> Sequence[Feature]:
        """How many more of each letter than of the next there were so far: what a counter holds."""
        so_far = {letter: np.cumsum([float(each == letter) for each in text]) for letter in self.letters}
        return [Feature(f"{a}'s less {b}'s", so_far[a] - so_far[b]) for a, b in pairwise(self.letters)]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"The strings of {self.language} for n from 1 to {LONGEST}, but for every multiple of {HELD_OUT}; "
            f"SHA-256 of a sample of what is drawn: `{self.data}`.",
            "judged": f"By strings of n up to {LONGEST} alone: the n up to which all are right; if all are, the n at "
            f"which the trend of what is said at the last two symbols of each kind, from n = {TREND[0]} on, leads to "
            "a first wrong answer.",
            "right": "A string counts as right if after each of its symbols every output lies on the right side of "
            "0.5, as in Gers & Schmidhuber (2001), LSTM recurrent networks learn simple context-free and "
            "context-sensitive languages. Weiss, Goldberg & Yahav (ACL 2018) show why an LSTM can count without bound "
            "and a GRU cannot.",
        }


class Strings:
    """The task: after each symbol, what may come next?"""

    def __init__(self, letters: str) -> None:
        self.ids = {n: torch.arange(1, len(letters) + 1).repeat_interleave(n) for n in LEARNED}
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


@torch.inference_mode()
def margins(network: Network, letters: str, n: int) -> Tensor:
    """How far each logit (T, outputs) along a string lies on the right side of 0; below 0 it is wrong."""
    ids = torch.arange(1, len(letters) + 1).repeat_interleave(n)
    logits = network(ids[None])[0]
    return torch.where(may_follow(letters, n), logits, -logits)


def right_up_to(network: Network, letters: str, limit: int = LIMIT) -> int:
    """The n up to which every string is right, as far as ``limit``."""
    return next((n - 1 for n in range(1, limit + 1) if margins(network, letters, n).min() <= 0), limit)


def reach(network: Network, letters: str) -> float:
    """How far the network should get, by its answers up to ``LONGEST`` alone.

    Where not all of them are right, it is the n up to which they are. Where they are, they are followed on: a counter
    whose steps do not cancel out is off in proportion to n, and one that leaks, to n², so that a parabola is drawn
    through the margins at the last two symbols of each kind; the first to come down to 0 says how far.
    """
    right = right_up_to(network, letters, LONGEST)
    if right < LONGEST:
        return float(right)
    last = torch.stack([margins(network, letters, n).view(len(letters), n, -1)[1:, -2:].flatten() for n in TREND])
    found = [FARTHEST]
    for margin in last.double().T.numpy():
        for degree in (1, 2):
            roots = np.roots(np.polyfit(TREND, margin, degree))
            found += [float(root.real) for root in roots if abs(root.imag) < 1e-9 and root.real > LONGEST]
    return min(found)


def counter_steps(network: Network, tokenizer: Tokenizer, letters: str) -> dict[str, FloatArray]:
    """By how much the cell that counts the a's moves at each a and at each b, oriented so that an a adds.

    It is the unit whose cell state follows the count best along the longest string that decides anything. The first two
    symbols of each kind are left out: the change of letter takes effect one step late.
    """
    c = trace(network, tokenizer(string(letters, LONGEST))).layer()["c"].astype(np.float64)  # (T, H)
    steps = np.diff(c, axis=0, prepend=0).reshape(len(letters), LONGEST, -1)[:2, 2:]  # (2, n − 2, H)
    count = np.concatenate([np.arange(1.0, LONGEST + 1), np.arange(LONGEST - 1.0, -1, -1)])
    unit = np.abs(correlation(c[: 2 * LONGEST], count, np.ones(2 * LONGEST))).argmax()
    sign = np.sign(steps[0, :, unit].mean())
    return {letter: sign * steps[at, :, unit] for at, letter in enumerate(letters[:2])}
