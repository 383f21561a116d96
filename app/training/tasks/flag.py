"""The task "flag": remember one symbol over a stretch of noise, the short-term memory problem in its purest form.

A text is a flag, + or −, then noise, then a question mark, and only after that is the network asked which flag it was
(after the tasks of Hochreiter & Schmidhuber 1997, section 5). Nothing on the way tells the network to keep it.
"""

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import NAMES, CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Tokenizer
from ...recurrent.trace import FloatArray, trace
from ..synthetic import EXACT, fingerprint, logits_of, randomness, rows
from ..task import Half
from ..trainer import Batch, Objective, Recipe

FLAGS = "-+"  # in the order of the outputs that are right: 0 and 1
ASKED = "?"
NOISE = string.ascii_lowercase
LONGEST = 500  # most steps from the flag to the question
DISTANCES = (1, 2, 5, 10, 20, 50, 100, 200, LONGEST)  # distances that are measured
TEXTS = {"validation": 100, "measured": 400}  # texts of each distance
SEEDS = {"validation": 1, "measured": 2, "choose": 3, "report": 4, "shown": 5}
PAIRS = 20  # pairs of texts that differ only in their flag
BAR = 20  # characters of the longest bar in the card
BATCHES = 100  # an epoch
RECIPE = EXACT(epochs=15, batch_size=32, learning_rate=5e-3)
RECIPES: Mapping[str, Recipe] = {  # for cells that need another
    "rnn": replace(RECIPE, learning_rate=2e-3),
    "mingru": replace(RECIPE, chrono=LONGEST),  # otherwise no unit keeps long enough for an error to come back
}


class Flag:
    """The task."""

    name = "flag"
    about: Mapping[str, Any] = {
        "description": "After the question mark: the probability that the flag at the beginning was a plus.",
        "outputs": ["plus"],
        "predicts_next": False,
        "opposite": "minus",
        "examples": [
            "+qjxhvmzkwptbe?",
            "-qjxhvmzkwptbe?",
            "+a?",
            "-" + "thequickbrownfoxjumpsoverthelazydog" * 3 + "?",
        ],
        "licence": "MIT",
    }

    def __init__(self) -> None:
        self.tokenizer: Tokenizer = CharacterTokenizer([UNKNOWN, *FLAGS, ASKED, *NOISE])
        self.objective: Objective = Recall(self.tokenizer)
        self.data = fingerprint(self.objective)

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.tokenizer.vocabulary), 8, hidden_size=16, outputs=1)

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES.get(cell, RECIPE)

    def judge(self, network: Network) -> float:
        """Return the mean loss over the distances that are measured, on other noise."""
        random, losses = np.random.default_rng(SEEDS["validation"]), []
        for distance in DISTANCES:
            batch = batch_of(self.tokenizer, generated(distance, TEXTS["validation"], random))
            losses.append(float(self.objective.loss(logits_of(network, batch.x), batch)))
        return float(np.mean(losses))

    def measure(self, network: Network) -> Sequence[Figure]:
        """Measure success by distance."""
        return [
            Figure(f"the flag at a distance of {distance}", right, baselines={"chance": 0.5})
            for distance, right in self._right(network).items()
        ]

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """Return success by distance as a curve, and how much of a difference the flag still makes to the state."""
        state, apart = network.config.cell_definition.states[0], self._apart(network)
        curve = [
            {
                "distance": distance,
                "right": f"{100 * right.mean():.1f} %",
                "0 to 100 %": "█" * round(BAR * right.mean()),
                "apart": f"{apart[distance - 1]:.3g}",
            }
            for distance, right in self._right(network).items()
        ]
        return {
            "Success against distance": [
                curve,
                f"*Apart*: how far from each other two texts that differ only in their flag have left the "
                f"{NAMES[state]} *{state}* just before the question: the Euclidean distance, the mean of {PAIRS} "
                "pairs. Where it is 0, nothing can be told.",
            ]
        }

    def held_out(self, half: Half) -> Sequence[str]:
        random = np.random.default_rng(SEEDS[half])
        return [text for distance in (10, 20, 50, 100, 200) for text in generated(distance, 6, random)]

    def features(self, text: str) -> Sequence[Feature]:
        """Return which flag came last: 0 or 1."""
        values, flag = np.full(len(text), math.nan), math.nan
        for at, each in enumerate(text):
            flag = float(FLAGS.index(each)) if each in FLAGS else flag
            values[at] = flag
        return [Feature("flag is +", values)]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"Synthetic texts: a flag, + or -, noise of {len(NOISE)} letters, and a question mark. All texts "
            f"of a batch have one distance from the flag to the question, any from 1 to {LONGEST} with equal "
            f"probability. SHA-256 of a sample: `{self.data}`.",
            "asked": "The loss counts only what is said after the question mark: an error has to be carried back over "
            "the whole distance to teach the network anything.",
            "not shown": "That a network could not hold the flag. It is learning that fails over a distance: where a "
            "tenth of the batches had distances up to 10, a plain RNN went on from them to all of the others (one "
            "run, seed 0).",
        }

    def _right(self, network: Network) -> dict[int, FloatArray]:
        """Return by distance whether the network is right about each text (N,)."""
        random, by_distance = np.random.default_rng(SEEDS["measured"]), {}
        for distance in DISTANCES:
            batch = batch_of(self.tokenizer, generated(distance, TEXTS["measured"], random))
            right = (logits_of(network, batch.x)[:, -1, 0] > 0).numpy() == (batch.targets > 0.5).numpy()
            by_distance[distance] = right.astype(np.float64)
        return by_distance

    def _apart(self, network: Network) -> FloatArray:
        """Return how far apart the two flags keep the state after each step of the same noise: (LONGEST,)."""
        noise = [text[1:-1] for text in generated(LONGEST, PAIRS, np.random.default_rng(SEEDS["shown"]))]
        state = network.config.cell_definition.states[0]
        minus, plus = (
            np.stack([trace(network, self.tokenizer(flag + each)).layer()[state] for each in noise]) for flag in FLAGS
        )  # (PAIRS, LONGEST, H)
        apart: FloatArray = np.linalg.norm(plus - minus, axis=2).mean(axis=0)
        return apart


class Recall:
    """The objective: which flag was it?"""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of one distance each, all up to ``LONGEST`` equally frequent: short ones are rare."""
        random = randomness(generator)
        distances = random.integers(1, LONGEST, size=BATCHES, endpoint=True)
        return [batch_of(self.tokenizer, generated(int(each), batch_size, random)) for each in distances]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy_with_logits(logits[:, -1, 0], batch.targets)


def batch_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Batch:
    """Return texts of one distance, with their flags as targets."""
    return Batch(rows(tokenizer, texts), None, torch.tensor([float(FLAGS.index(text[0])) for text in texts]))


def generated(distance: int, count: int, random: np.random.Generator) -> list[str]:
    """Generate texts in which the question comes ``distance`` steps after the flag; both flags are equally frequent."""
    flags = random.permutation(np.arange(count) % 2)
    noise = random.integers(len(NOISE), size=(count, distance - 1))
    return [FLAGS[flag] + "".join(NOISE[at] for at in row) + ASKED for flag, row in zip(flags, noise, strict=True)]
