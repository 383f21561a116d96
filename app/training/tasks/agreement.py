"""The task "agreement": the next word of English sentences whose verb agrees with a subject that stands far before it.

"The key to the cabinets near the doors is old": between the subject and its verb stand nouns of either number, and the
verb must not heed them (Linzen, Dupoux & Goldberg 2016). The sentences are drawn from a template.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, Tokenizer, WordTokenizer
from ...recurrent.trace import FloatArray
from ..sources.corpora import Part
from ..synthetic import EXACT, PADDING, fingerprint, logits_of, randomness, rows
from ..task import Slice
from ..trainer import Batch, Recipe, Task

# Singular and plural, as all pairs here.
NOUNS = tuple(
    (noun, f"{noun}s")
    for noun in (
        *("author", "bird", "boat", "book", "boy", "cabinet", "car", "cat", "doctor", "dog", "farmer", "garden"),
        *("girl", "house", "key", "picture", "pilot", "teacher", "tree", "window"),
    )
)
VERBS = (("is", "are"), ("was", "were"), ("seems", "seem"), ("looks", "look"), ("stays", "stay"), ("becomes", "become"))
PREPOSITIONS = ("above", "behind", "below", "beside", "by", "near", "under", "with")
ADJECTIVES = ("big", "black", "clean", "cold", "good", "new", "old", "red", "small", "strange", "white", "young")
ADVERBS = ("always", "never", "now", "often", "still", "very")
WORDS = sorted(
    {"the", ".", *ADJECTIVES, *ADVERBS, *PREPOSITIONS, *(form for pair in (*NOUNS, *VERBS) for form in pair)}
)
NUMBERS = {form: number for pair in (*NOUNS, *VERBS) for number, form in enumerate(pair)}  # 0 singular, 1 plural
NOMINAL, VERBAL = ({form for pair in pairs for form in pair} for pairs in (NOUNS, VERBS))
DESCRIBED = 0.3  # share of the nouns that have an adjective, and of the verbs that have an adverb

LEARNED = 3  # nouns between subject and verb in what is learned from, at most
MEASURED = 5  # and in what is measured
PARTS: Mapping[int, Part] = {0: "validation", 1: "test"}  # by the SHA-256 of a sentence modulo 10; the rest is train
SENTENCES = 500  # of validation, and of each number of nouns that is measured
SEEDS = {"validation": 1, "measured": 2, "choose": 3, "report": 4}
BATCHES = 100  # an epoch
RECIPES: Mapping[CellName, Recipe] = {
    "lstm": EXACT(batch_size=32, epochs=25, learning_rate=5e-3),
    "gru": EXACT(batch_size=32, epochs=25, learning_rate=5e-3),
    "rnn": EXACT(batch_size=32, epochs=50, learning_rate=5e-3),
}


class Agreement:
    """The lesson. A verb counts as right if its right form is likelier than its other one, before it is read."""

    name = "agreement"
    about: Mapping[str, Any] = {
        "description": "After each word of a sentence: the probability of every word to be the next.",
        "outputs": [UNKNOWN, *WORDS],
        "predicts_next": True,
        "examples": [
            "the key near the cabinets is old.",
            "the keys near the cabinet are old.",
            "the author beside the girls under the trees behind the cars was young.",
            "the old authors beside the girl under the tree behind the red car were never good.",
        ],
        "licence": "MIT",
    }

    def __init__(self) -> None:
        self.tokenizer: Tokenizer = WordTokenizer([UNKNOWN, *WORDS])
        self.task: Task = NextWord(self.tokenizer)
        self.data = fingerprint(self.task)

    def config(self, cell: CellName) -> NetworkConfig:
        size = len(self.tokenizer.vocabulary)
        return NetworkConfig(cell, size, 16, hidden_size=32, outputs=size, head="softmax")

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES[cell]

    def judge(self, network: Network) -> float:
        """The mean loss on sentences that are like those that are learned from."""
        random = np.random.default_rng(SEEDS["validation"])
        between = random.integers(LEARNED + 1, size=SENTENCES)
        batch = batch_of(self.tokenizer, [drawn("validation", int(each), random) for each in between])
        return float(self.task.loss(logits_of(network, batch.ids), batch))

    def measure(self, network: Network) -> Sequence[Figure]:
        """The number of the verb, by how many nouns of the other number stand before it."""
        random, found = np.random.default_rng(SEEDS["measured"]), []
        for between in range(MEASURED + 1):
            texts = [drawn("test", between, random, misleading=True) for _ in range(SENTENCES)]
            nearest = {"number of the nearest noun": float(between == 0), "chance": 0.5}
            name = f"number of the verb past nouns of the other number: {between}"
            found.append(Figure(name, self._right(network, texts), baselines=nearest))
        return found

    def held_out(self, part: Slice) -> Sequence[str]:
        random = np.random.default_rng(SEEDS[part])
        of: Part = "validation" if part == "choose" else "test"
        return [drawn(of, between, random) for between in range(MEASURED + 1) for _ in range(10)]

    def features(self, text: str) -> Sequence[Feature]:
        """Whether the subject is plural, from the subject to the last word before its verb."""
        keys = self.tokenizer.keys(text)
        values = np.full(len(keys), math.nan)
        subject = next((at for at, key in enumerate(keys) if key in NOMINAL), len(keys))
        verb = next((at for at in range(subject, len(keys)) if keys[at] in VERBAL), len(keys))
        if subject < len(keys):
            values[subject:verb] = NUMBERS[keys[subject]]
        return [Feature("subject is plural", values)]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"Sentences drawn from a template of {len(WORDS)} words: a subject, up to {LEARNED} nouns that "
            f"qualify it, each of either number, and a verb that agrees with the subject. By the SHA-256 of their "
            f"text a tenth are kept for validation, and a tenth to be measured; SHA-256 of a sample: `{self.data}`.",
            "measured": f"The verb's right form against its other one, where all nouns between it and the subject are "
            f"of the other number; more than {LEARNED} of them never stood in what was learned from.",
        }

    def _right(self, network: Network, texts: Sequence[str]) -> FloatArray:
        ids = rows(self.tokenizer, texts)  # (N, T)
        vocabulary = self.tokenizer.vocabulary
        other = torch.zeros(len(vocabulary), dtype=torch.long)  # id of a verb → id of its other form
        for singular, plural in VERBS:
            a, b = vocabulary.index(singular), vocabulary.index(plural)
            other[a], other[b] = b, a
        verb = (other[ids] > 0).int().argmax(dim=1)  # (N,)
        each = torch.arange(len(ids))
        said = logits_of(network, ids)[each, verb - 1]  # (N, V)
        right = ids[each, verb]
        return (said[each, right] > said[each, other[right]]).double().numpy()


class NextWord:
    """The task: which word comes next?"""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Batches of sentences with as many nouns between subject and verb, which need little padding."""
        random = randomness(generator)
        between = random.integers(LEARNED + 1, size=BATCHES)
        return [
            batch_of(self.tokenizer, [drawn("train", int(each), random) for _ in range(batch_size)]) for each in between
        ]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=PADDING)


def batch_of(tokenizer: Tokenizer, sentences: Sequence[str]) -> Batch:
    """Sentences without their last token, and the token after each."""
    ids = [torch.tensor([token.id for token in tokenizer(sentence)]) for sentence in sentences]
    return Batch(
        pad_sequence([each[:-1] for each in ids], batch_first=True),
        None,
        pad_sequence([each[1:] for each in ids], batch_first=True, padding_value=PADDING),
    )


def drawn(part: Part, between: int, random: np.random.Generator, *, misleading: bool = False) -> str:
    """A sentence of ``part`` with ``between`` nouns between subject and verb, of the other number or of either."""
    while True:
        sentence = _sentence(between, random, misleading=misleading)
        if part_of(sentence) == part:
            return sentence


def part_of(sentence: str) -> Part:
    """Where a sentence belongs: by its SHA-256, so that it is the same whatever else is drawn."""
    return PARTS.get(int(hashlib.sha256(sentence.encode()).hexdigest()[:8], 16) % 10, "train")


def _sentence(between: int, random: np.random.Generator, *, misleading: bool) -> str:
    number = int(random.integers(2))
    words = _noun(number, random)
    for _ in range(between):
        other = 1 - number if misleading else int(random.integers(2))
        words += [PREPOSITIONS[random.integers(len(PREPOSITIONS))], *_noun(other, random)]
    words.append(VERBS[random.integers(len(VERBS))][number])
    if random.random() < DESCRIBED:
        words.append(ADVERBS[random.integers(len(ADVERBS))])
    return " ".join([*words, ADJECTIVES[random.integers(len(ADJECTIVES))]]) + "."


def _noun(number: int, random: np.random.Generator) -> list[str]:
    """A noun with what stands before it."""
    described = [ADJECTIVES[random.integers(len(ADJECTIVES))]] if random.random() < DESCRIBED else []
    return ["the", *described, NOUNS[random.integers(len(NOUNS))][number]]
