"""The task "brackets": are the brackets so far balanced, whatever stands between them?"""

import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import binary_cross_entropy_with_logits

from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ...recurrent.trace import FloatArray
from ..synthetic import EXACT, fingerprint, logits_of, randomness, rows
from ..task import Half
from ..trainer import Batch, Objective, Recipe

DEEPEST = 10
LENGTHS = (1, 100)  # fewest and most characters of a text that is learned from
MEASURED = 200  # characters of a held-out text
FILLER = string.ascii_lowercase + " ,"
FILLED = 0.3  # share of the characters that are not brackets
TEXTS = 500  # held-out texts of each seed
SEEDS = {"validation": 1, "choose": 2, "report": 3}
BATCHES = 100  # an epoch
RECIPE = EXACT(epochs=25, batch_size=32, learning_rate=1e-2)
RECIPES: Mapping[str, Recipe] = {  # for cells that need another
    "lstm": replace(RECIPE, learning_rate=3e-2),
    "rnn": replace(RECIPE, learning_rate=5e-3),
}


class Brackets:
    """The task. A text counts as right if the network is right after each of its characters."""

    name = "brackets"
    about: Mapping[str, Any] = {
        "description": "After each character: the probability that every bracket so far is closed.",
        "outputs": ["balanced"],
        "predicts_next": False,
        "opposite": "open",
        "examples": [
            "f(a, g(b, h(c)), d)",
            "((((()))))",
            "(one (two (three (four) three) two) one)",
            "a(b)c(d)e((f)g)h",
        ],
        "licence": "MIT",
    }

    def __init__(self) -> None:
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, "(", ")", *FILLER])
        self.objective: Objective = Balance(self.tokenizer)
        self.data = fingerprint(self.objective)

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.tokenizer.vocabulary), 4, hidden_size=8, outputs=1)

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES.get(cell, RECIPE)

    def judge(self, network: Network) -> float:
        """Return the share of wrong texts; if none is wrong, minus the lowest logit of a right answer."""
        batch = batch_of(self.tokenizer, self._long("validation"))
        logits = logits_of(network, batch.x)[:, :, 0]  # (N, T)
        least = torch.where(batch.targets > 0.5, logits, -logits).amin(dim=1)  # (N,)
        return float((least <= 0).double().mean()) or -float(least.min())

    def measure(self, network: Network) -> Sequence[Figure]:
        texts = self._long("report")
        balanced = np.stack([depth(text) for text in texts]) == 0  # (N, T)
        right = (logits_of(network, rows(self.tokenizer, texts))[:, :, 0] > 0).numpy() == balanced
        often = max(balanced.mean(), 1 - balanced.mean())
        return [
            Figure(
                f"texts of {MEASURED} characters, right after each of them",
                right.all(axis=1).astype(float),
                baselines={"always open": float((~balanced).all(axis=1).mean())},
            ),
            Figure(
                "characters of such texts", right.mean(axis=1), baselines={"the more frequent answer": float(often)}
            ),
        ]

    def held_out(self, half: Half) -> Sequence[str]:
        return self._long(half)[:50]

    def features(self, text: str) -> Sequence[Feature]:
        return [Feature("bracket depth", depth(text))]

    def facts(self) -> Mapping[str, Any]:
        least, most = LENGTHS
        return {
            "data": f"Synthetic beginnings of balanced texts: brackets down to depth {DEEPEST}, and between them, as "
            f"{100 * FILLED:.0f} % of the characters, letters, blanks and commas. {least} to {most} characters to "
            f"learn from, {MEASURED} to choose by and to measure on. No bracket is closed before it is opened. "
            f"SHA-256 of a sample: `{self.data}`.",
            "judged": f"By the share of {TEXTS} texts of {MEASURED} characters in which some answer is wrong; if there "
            "are none, by the lowest logit of a right answer, with a minus sign, as lower is better.",
        }

    def _long(self, purpose: str) -> list[str]:
        """Return texts that are longer than any that is learned from."""
        return generated(MEASURED, TEXTS, np.random.default_rng(SEEDS[purpose]))


class Balance:
    """The objective: after each character, is the depth 0?"""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of texts of one length each, which is random."""
        random = randomness(generator)
        lengths = random.integers(*LENGTHS, size=BATCHES, endpoint=True)
        return [batch_of(self.tokenizer, generated(int(length), batch_size, random)) for length in lengths]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean norm of a text's losses: the worst counts most, as one wrong answer spoils a text."""
        losses = binary_cross_entropy_with_logits(logits[:, :, 0], batch.targets, reduction="none")
        norms: Tensor = vector_norm(losses, dim=1)  # (B,)
        return norms.mean()


def batch_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Batch:
    """Return texts of one length, with whether they are balanced after each character."""
    balanced = torch.from_numpy(np.stack([depth(text) for text in texts]) == 0)
    return Batch(rows(tokenizer, texts), None, balanced.float())


def generated(length: int, count: int, random: np.random.Generator) -> list[str]:
    """Generate beginnings of balanced texts: random walks from 0 to ``DEEPEST``, each with its own tendency to open."""
    opens = random.uniform(0.3, 0.7, count)  # by text
    filled, up = random.random((count, length)) < FILLED, random.random((count, length)) < opens[:, None]
    fillers = random.integers(len(FILLER), size=(count, length))
    texts = []
    for row in range(count):
        depth, text = 0, []
        for at in range(length):
            if filled[row, at]:
                text.append(FILLER[fillers[row, at]])
            elif depth == 0 or (up[row, at] and depth < DEEPEST):
                depth += 1
                text.append("(")
            else:
                depth -= 1
                text.append(")")
        texts.append("".join(text))
    return texts


def depth(text: str) -> FloatArray:
    """Return after each character the brackets that are open, minus those that were closed without being opened."""
    return np.cumsum([(each == "(") - (each == ")") for each in text]).astype(np.float64)
