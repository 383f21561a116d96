"""The task "agreement": the next word of English sentences whose verb agrees with a subject that stands far before it.

"The key to the cabinets near the doors is old": between the subject and its verb stand nouns of either number, and the
verb must ignore them (Linzen, Dupoux & Goldberg 2016). The sentences are generated from a template.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from ...store.fields import Metric
from ..sources.corpora import Split
from ..synthetic import EXACT, PADDING, fingerprint, logits_of, randomness, rows
from ..task import Half
from ..trainer import Batch, Objective, Recipe

# Each pair here is a singular and its plural.
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

LEARNED = 3  # most nouns between subject and verb in what is learned from
MEASURED = 5  # and in what is measured
SPLITS: Mapping[int, Split] = {0: "validation", 1: "test"}  # by the SHA-256 of a sentence modulo 10; the rest is train
SENTENCES = 500  # for validation, and for each number of nouns that is measured
SEEDS = {"validation": 1, "measured": 2, "choose": 3, "report": 4}
BATCHES = 100  # an epoch
RECIPE = EXACT(batch_size=32, epochs=25, learning_rate=5e-3)
RECIPES: Mapping[str, Recipe] = {"rnn": replace(RECIPE, epochs=50)}  # for cells that need another


class Agreement:
    """The task. A verb counts as right if its right form is likelier than its other one before it is read."""

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
        self.objective: Objective = NextWord(self.tokenizer)
        self.data = fingerprint(self.objective)

    def config(self, cell: CellName) -> NetworkConfig:
        size = len(self.tokenizer.vocabulary)
        return NetworkConfig(cell, size, 16, hidden_size=32, outputs=size, head="softmax")

    def recipe(self, cell: CellName) -> Recipe:
        return RECIPES.get(cell, RECIPE)

    def judge(self, network: Network) -> float:
        """Return the mean loss on sentences like those that are learned from."""
        random = np.random.default_rng(SEEDS["validation"])
        between = random.integers(LEARNED + 1, size=SENTENCES)
        batch = batch_of(self.tokenizer, [generated("validation", int(each), random) for each in between])
        return float(self.objective.loss(logits_of(network, batch.x), batch))

    def measure(self, network: Network) -> Sequence[Figure]:
        """Measure how often the verb's number is right, by how many nouns of the other number stand before it."""
        random, figures = np.random.default_rng(SEEDS["measured"]), []
        for between in range(MEASURED + 1):
            texts = [generated("test", between, random, misleading=True) for _ in range(SENTENCES)]
            nearest = {"number of the nearest noun": float(between == 0), "chance": 0.5}
            name = f"number of the verb past nouns of the other number: {between}"
            figures.append(Figure(name, self._right(network, texts), baselines=nearest))
        return figures

    def remarks(self, metrics: Sequence[Metric], others: Mapping[str, Sequence[Metric]]) -> Sequence[str]:
        """Say whether the cells differ: whether all seeds of one are better than all of another, on any figure."""
        if not others:
            return []
        seeds = {title: {each.name: each.seeds for each in figures} for title, figures in others.items()}
        apart = [
            f"{each.name} ({title})"
            for each in metrics
            for title, by_name in seeds.items()
            if max(each.seeds) < min(by_name[each.name]) or min(each.seeds) > max(by_name[each.name])
        ]
        if apart:
            return [f"All seeds lie on one side of those of another cell: {', '.join(apart)}."]
        least = [f"{100 * min(map(min, by_name.values())):.1f} % for the {title}" for title, by_name in seeds.items()]
        here = f"{100 * min(min(each.seeds) for each in metrics):.1f} %"
        return [
            "On this task the cells do not differ: on no line are all seeds of one better than all of another. The "
            f"lowest share of any seed on any line is {here} here, {', '.join(least)}."
        ]

    def held_out(self, half: Half) -> Sequence[str]:
        random = np.random.default_rng(SEEDS[half])
        split: Split = "validation" if half == "choose" else "test"
        return [generated(split, between, random) for between in range(MEASURED + 1) for _ in range(10)]

    def features(self, text: str) -> Sequence[Feature]:
        """Return whether the subject is plural, from the subject to the last word before its verb."""
        keys = self.tokenizer.keys(text)
        values = np.full(len(keys), math.nan)
        subject = next((at for at, key in enumerate(keys) if key in NOMINAL), len(keys))
        verb = next((at for at in range(subject, len(keys)) if keys[at] in VERBAL), len(keys))
        if subject < len(keys):
            values[subject:verb] = NUMBERS[keys[subject]]
        return [Feature("subject is plural", values)]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": f"Sentences generated from a template of {len(WORDS)} words: a subject, up to {LEARNED} nouns that "
            f"qualify it, each of either number, and a verb that agrees with the subject. By the SHA-256 of their "
            f"text a tenth are kept for validation, and a tenth to be measured; SHA-256 of a sample: `{self.data}`.",
            "measured": f"The verb's right form against its other one, where all nouns between it and the subject are "
            f"of the other number; more than {LEARNED} of them never stood in what was learned from.",
        }

    def _right(self, network: Network, texts: Sequence[str]) -> FloatArray:
        """Return for each sentence (N,) whether the right form of its verb is likelier than the other."""
        ids = rows(self.tokenizer, texts)  # (N, T)
        vocabulary = self.tokenizer.vocabulary
        other = torch.zeros(len(vocabulary), dtype=torch.long)  # id of a verb → id of its other form
        for singular, plural in VERBS:
            a, b = vocabulary.index(singular), vocabulary.index(plural)
            other[a], other[b] = b, a
        verb = (other[ids] > 0).int().argmax(dim=1)  # (N,)
        each = torch.arange(len(ids))
        logits = logits_of(network, ids)[each, verb - 1]  # (N, V)
        right = ids[each, verb]
        return (logits[each, right] > logits[each, other[right]]).double().numpy()


class NextWord:
    """The objective: which word comes next?"""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of sentences with equally many nouns between subject and verb, which need little padding."""
        random = randomness(generator)
        between = random.integers(LEARNED + 1, size=BATCHES)
        return [
            batch_of(self.tokenizer, [generated("train", int(each), random) for _ in range(batch_size)])
            for each in between
        ]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return cross_entropy(logits.flatten(0, 1), batch.targets.flatten(), ignore_index=PADDING)


def batch_of(tokenizer: Tokenizer, sentences: Sequence[str]) -> Batch:
    """Return sentences without their last token, with the token after each token as its target."""
    ids = [torch.tensor([token.id for token in tokenizer(sentence)]) for sentence in sentences]
    return Batch(
        pad_sequence([each[:-1] for each in ids], batch_first=True),
        None,
        pad_sequence([each[1:] for each in ids], batch_first=True, padding_value=PADDING),
    )


def generated(split: Split, between: int, random: np.random.Generator, *, misleading: bool = False) -> str:
    """Generate a sentence of ``split`` with ``between`` nouns between subject and verb.

    They are all of the other number than the subject if ``misleading``, else of either.
    """
    while True:
        sentence = _sentence(between, random, misleading=misleading)
        if split_of(sentence) == split:
            return sentence


def split_of(sentence: str) -> Split:
    """Return the split that a sentence belongs to: by its SHA-256, so that nothing else that is generated matters."""
    return SPLITS.get(int(hashlib.sha256(sentence.encode()).hexdigest()[:8], 16) % 10, "train")


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
    """Return a noun with what stands before it."""
    described = [ADJECTIVES[random.integers(len(ADJECTIVES))]] if random.random() < DESCRIBED else []
    return ["the", *described, NOUNS[random.integers(len(NOUNS))][number]]
