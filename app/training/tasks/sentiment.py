"""The task "sentiment": is the sentence so far positive, word by word?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ...analysis import evaluation
from ...analysis.evaluation import CLEAR, Negated, Rated
from ...analysis.features import Feature
from ...analysis.lessons import lessons
from ...analysis.metrics import Figure
from ...analysis.statistics import Departure, departures
from ...recurrent.cells import NAMES, CellName
from ...recurrent.misspelt import SHORTEST
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.tokenizer import Tokenizer, WordTokenizer
from ...recurrent.trace import FloatArray, trace
from ...store.fields import Metric
from ..baselines import OF_TEXTS, most_frequent, vader
from ..baselines.labels import LabelIds, LabelledTexts
from ..sources import phrases, rated_texts
from ..sources.corpora import COUNTED, UCI_RATING, Example, Split
from ..sources.download import obtain
from ..sources.phrases import Word
from ..sources.rated_texts import RatedTexts
from ..synthetic import fingerprint
from ..task import Half
from ..trainer import Recipe
from ..verdicts import EVERY_STEP, Verdicts

DESCRIPTION = "After each word: the probability that the sentence so far is positive."
EXAMPLES = (
    "the movie was not good",
    "the movie was good",
    "not bad at all",
    "the acting was terrible but the story was wonderful",
    "I don't love it, but I don't hate it either",
)
SHOWN = (
    *("the movie was", "good", "not good", "bad", "not bad", "the movie was bad", "the movie was not bad"),
    *EXAMPLES,
    "I never thought it would be this good",
)
STEEPNESS = 1.65  # of the sigmoid that turns a rating into a probability
RECIPE = Recipe(epochs=6, dropout=0.5, weight_decay=0.05, averaged=0.6, keep_best=False)
TIMES = {"constructions": 3, "phrases": 1, "lexicon": 1, "emoji": 1, "neutral": 1}  # in an epoch, by source
TIMES_RATED = 2
LESSON_TEXTS = 300  # validation texts over which the usual gates are averaged
VALIDATION = "validation texts"
TEST = {
    "movie": "film reviews",
    "tweets": "tweets",
    "uci": "UCI sentences",
    "amazon": "product reviews",
    "nyt": "newspaper editorials",
}
WITH_UNKNOWN, WITHOUT_UNKNOWN = "test texts with unknown words", "test texts without unknown words"
CORRECTED, AS_WRITTEN = "test texts", "test texts, spelling not corrected"
SIDES = ("negative", "positive")
REGISTRIES = {"pip": "PyPI", "npm": "npm"}
NOT = frozenset({"not", "n't"})
COMMON = frozenset({"good", "bad", "great"})  # words of the phrases that a card shows
CONSTRUCTIONS = ("it could have been worse", "i have seen better movies", "don't miss this movie")  # the same
HALVES: Mapping[Half, Split] = {"choose": "validation", "report": "test"}


class Sentiment:
    """The task."""

    name = "sentiment"

    def __init__(self, texts: RatedTexts, vader_scores: Callable[[Sequence[str]], FloatArray]) -> None:
        """Take the rated texts, and what VADER's own scorer says of texts (N,): positive above 0."""
        self.texts, self._vader_scores = texts, vader_scores
        self.tokenizer = texts.tokenizer
        self._exact = WordTokenizer(texts.tokenizer.vocabulary)
        learned = [*texts.splits["train"], *texts.phrases, *texts.additions]
        times = [TIMES.get(each.source, TIMES_RATED) for each in learned]
        examples = [each for each, count in zip(learned, times, strict=True) for _ in range(count)]
        self.objective = Ratings(examples, self._exact)
        self.about = {
            "task": self.name,
            "description": DESCRIPTION,
            "language": "English",
            "outputs": ["positive"],
            "predicts_next": False,
            "opposite": "negative",
            "examples": list(EXAMPLES),
            "licence": "MIT",
        }
        self.data = fingerprint(self.objective)
        self._ratings = {each.text: each.rating for split in HALVES.values() for each in texts.splits[split]}

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, len(self.tokenizer.vocabulary), embedding_size=32, hidden_size=64, outputs=1)

    def recipe(self, cell: CellName) -> Recipe:  # noqa: ARG002  one recipe serves every cell
        return RECIPE

    def judge(self, network: Network) -> float:
        """Return the share of the validation texts that are judged wrongly, and one more for each lesson that is lost.

        A network that keeps all lessons of the page is so better than any that loses one.
        """
        wrong = 1 - float(self._accuracy(network, VALIDATION, self.texts.splits["validation"]).values.mean())
        shown = lessons(network, self.tokenizer, self.held_out("choose")[:LESSON_TEXTS])
        return wrong + sum(not each.holds for each in shown)

    def measure(self, network: Network) -> Sequence[Figure]:
        figures = [self._accuracy(network, VALIDATION, self.texts.splits["validation"])]
        for source, name in TEST.items():
            examples = [each for each in self.texts.splits["test"] if each.source == source]
            if examples:  # without npm there are no UCI sentences
                figures.append(self._accuracy(network, name, examples))
        by_unknown: dict[bool, list[Example]] = {False: [], True: []}
        for each in self.texts.splits["test"]:
            by_unknown[not all(token.known for token in self.tokenizer(each.text))].append(each)
        for has_unknown, examples in by_unknown.items():
            if clear(examples):
                figures.append(self._accuracy(network, WITH_UNKNOWN if has_unknown else WITHOUT_UNKNOWN, examples))
        test = self.texts.splits["test"]
        figures += [self._accuracy(network, CORRECTED, test), self._accuracy(network, AS_WRITTEN, test, self._exact)]
        outcomes = evaluation.negation(network, self.tokenizer, negated(phrases.held_out_pairs(self.texts.words)))
        return [*figures, *(Figure(name, right.astype(float)) for name, right in outcomes.items())]

    def remarks(self, metrics: Sequence[Metric], others: Mapping[str, Sequence[Metric]]) -> Sequence[str]:  # noqa: ARG002
        """Say what unknown words cost, and what it brings to read them as the nearest ones."""
        shares = {each.name: f"{100 * each.value:.1f} %" for each in metrics}
        remarks = []
        if {WITH_UNKNOWN, WITHOUT_UNKNOWN} <= shares.keys():
            remarks.append(
                f"Of the words of the test texts {100 * self._unknown('test'):.1f} % are outside the vocabulary: the "
                f"model is right about {shares[WITHOUT_UNKNOWN]} of the texts without one, and {shares[WITH_UNKNOWN]} "
                "of those with one."
            )
        if {CORRECTED, AS_WRITTEN} <= shares.keys():
            remarks.append(
                f"A word of {SHORTEST} letters or more that is outside the vocabulary is read as the nearest word in "
                f"it, if they differ by one letter: {100 * self._corrected('test'):.1f} % of the words of the test "
                f"texts. The model is right about {shares[CORRECTED]} of all test texts, and about "
                f"{shares[AS_WRITTEN]} if these words stay unknown. All other figures are with this reading, too."
            )
        return remarks

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """Return verdicts on chosen sentences, and what the activations do at *not*."""
        verdicts = evaluation.verdicts(network, self.tokenizer, SHOWN)[:, 0]
        traces = [trace(network, self.tokenizer(text)) for text in self.held_out("report")]
        at_not = departures(traces, lambda token: self.tokenizer.key(token.text) in NOT)
        answers = [
            {"text": text, "verdict at its end": f"{each:.2f}"} for text, each in zip(SHOWN, verdicts, strict=True)
        ]
        sections: dict[str, Sequence[Any]] = {"What it says": [answers]}
        if at_not:
            steps = sum(map(len, traces))
            sections["At *not*"] = [
                f"Means over the units, on the {steps:,} words of the test texts, and at the {at_not[0].steps} times "
                "that *not* or *n't* stands there. The last column counts the units whose mean at these words lies "
                "more than one standard deviation from their usual one.",
                [_row(each) for each in at_not],
            ]
        return sections

    def held_out(self, half: Half) -> Sequence[str]:
        return [each.text for each in self.texts.splits[HALVES[half]]]

    def features(self, text: str) -> Sequence[Feature]:
        """Return the rating of a held-out text at its last word; NaN before, and for any other text."""
        values = np.full(len(self.tokenizer(text)), np.nan)
        values[-1:] = self._ratings.get(text, np.nan)
        return [Feature("sentiment so far", values)]

    def facts(self) -> Mapping[str, Any]:
        packages = self.texts.packages
        left_out = set(rated_texts.PACKAGES) - set(packages)
        held_out = sum(word.held_out for word in self.texts.words)
        plain = [each.text for each in self.texts.phrases if COMMON & set(WordTokenizer.keys(each.text))]
        examples, quoted = (", ".join(f'"{text}"' for text in texts) for texts in (plain[:6], CONSTRUCTIONS))
        return {
            "data": [
                {
                    "package": f"{each.name} {each.version}",
                    "from": REGISTRIES[each.client],
                    "licence": each.licence,
                    "holds": each.holds,
                    "SHA-256": f"`{each.sha256}`",
                }
                for each in packages
            ],
            "about the data": [
                *(
                    f"Left out, as {each.client} was not on the machine: {each.name} {each.version}."
                    for each in left_out
                ),
                "The ratings of the first are means over twenty and more readers, from −4 to 4 (Hutto & Gilbert, "
                "ICWSM 2014; the film reviews are those of Pang & Lee 2004, the product reviews those of Hu & Liu "
                "2004). UCI's sentences carry only a class (Kotzias et al., KDD 2015), which is read as a rating of "
                f"±{UCI_RATING:g}.",
                "Of texts with the same tokens, which the network reads alike whatever their case and spacing, the "
                "first counts. Its SHA-256 modulo 10 says where it belongs: 0 test, 1 validation, the rest training.",
                "The product reviews and editorials are cut into sentences, of which some are learned from and others "
                "held out. Sentences of one review or article are alike, so that the intervals resample whole reviews "
                "and articles; of the other texts it is not known which belong together.",
                f"Accuracies count the texts whose rating is at least {CLEAR} away from 0; a verdict above 0.5 is "
                "positive.",
            ],
            "baselines": [
                "They learned from the training texts with such a rating, and from nothing that is added to them: part "
                "of what the networks are ahead by may be due to what was added. Logistic regression knows which words "
                "and pairs of neighbouring words a text holds.",
                "VADER's scorer is the package's own, positive above a compound score of 0. Its lexicon and the first "
                "package's texts were rated by the same pool of readers, and its rules were found on such tweets.",
            ],
            "what is added to the training texts": [
                f"{self._added('constructions'):,} templated phrases that cannot be judged word by word: comparisons, "
                "warnings and the like, such as "
                f"{quoted}. They are filled without regard to grammar.",
                f"{self._added('lexicon'):,} rated words of VADER's lexicon as texts of one word. The same pool of "
                "readers rated them and the first package's texts, so that the figures on those texts flatter the "
                "model.",
                f"{self._added('emoji'):,} texts with emoji: each alone, twice, and after a templated phrase that "
                f"leans the same way. An emoji that stands in at least {COUNTED} tweets rated by hand is rated by them "
                "(Kralj Novak et al. 2015); others get the sum of the ratings of the words in their names.",
                f"{self._added('neutral'):,} sentences that say nothing for or against anything, rated 0: greetings, "
                "everyday facts, questions and random letters from templates, and the docstrings of a package.",
                "No addition has the same tokens as a held-out text, or as one of the hundred sentences that visitors "
                "type; some differ from one of those by a mark or a word.",
            ],
            "texts": {split: len(examples) for split, examples in self.texts.splits.items()},
            "share of unknown words": {split: f"{100 * self._unknown(split):.1f} %" for split in self.texts.splits},
            "templated negations": [
                f"To the training texts {len(self.texts.phrases) // 2:,} pairs of templated phrases were added, such "
                f"as {examples}, built from the rated words of the lexicon; a negation multiplies a rating by "
                f'{phrases.NEGATION}. Without them "not bad" stays negative: two networks trained on the rated '
                'sentences only (an earlier recipe, seed 0) put none of the words then held out, of the "not bad" '
                "kind, above 0.5. What this model does at *not* it learned from these phrases more than from what "
                "people wrote.",
                f"The held-out words are {held_out} words of the lexicon that stand in no training phrase (they do "
                "stand in training sentences, and as texts of one word), each asked in "
                '"the movie was …" and "the movie was not …", or for verbs '
                'in "i … it" and "i do not … it". *Flipped* counts the pairs of which both are right, so the accuracy '
                "on the plain phrases caps it.",
            ],
            "recipe": [
                f"In an epoch, rated sentences are learned from {TIMES_RATED} times, templated comparisons, warnings "
                f"and the like {TIMES['constructions']} times, and the rest once.",
                f"The target of a text rated r is σ({STEEPNESS}·r); the loss after the last word has "
                f"weight 1, its mean over all words weight {EVERY_STEP}.",
                "The seeds are ranked by how many of the page's lessons they lose, on fixed sentences (that *not* "
                "turns a verdict, for example, and that *but* lets the memory of what stood before it fade), and then "
                "by their errors on validation texts: the whole part of the figures above counts lost lessons. The "
                "chosen network shows the lessons; not every seed does.",
                "What is added, how often it is read, dropout, weight decay, epochs, averaging and steepness were "
                "chosen on validation texts and on the visitors' sentences, among about fifteen variants. The number "
                "of units, the learning rate and the batch size are older: they were found by trying 27 variants, "
                "nearly all with one cell and one seed, with the figures of the test texts in view, on a split by raw "
                "texts. Read the test figures as slightly flattering.",
            ],
            "limits": "Not for decisions about people or texts. It knows short English sentences of the years before "
            "2015, and their biases. Irony, comparisons, quotations and far-reaching negations (\"I can't say it was "
            'good") often escape it; a word outside the vocabulary that is not a misspelling of another is one unknown '
            "word like any other, and a rare word may be taken for a misspelling. A neutral sentence has no class of "
            "its own: it should stay near 0.5, and does not always.",
        }

    def _accuracy(
        self, network: Network, name: str, examples: Sequence[Example], tokenizer: Tokenizer | None = None
    ) -> Figure:
        rated = Rated(name, [each.text for each in examples], [each.rating for each in examples])
        (right,) = evaluation.accuracy(network, tokenizer or self.tokenizer, rated).values()
        counted = clear(examples)
        baselines = {
            by: float(np.mean([sides[each.text] == (each.rating > 0) for each in counted]))
            for by, sides in self._guesses.items()
            if counted
        }
        documents = [each.document or f"no. {at}" for at, each in enumerate(counted)]
        groups = np.unique(documents, return_inverse=True)[1]
        return Figure(name, right.astype(float), baselines=baselines, groups=groups)

    @cached_property
    def _guesses(self) -> Mapping[str, Mapping[str, int]]:
        """The side that each baseline is on for each held-out text with a clear rating: name → text → side."""
        learned = clear(self.texts.splits["train"])
        sides = np.array([each.rating > 0 for each in learned], np.int64)
        known = LabelledTexts([WordTokenizer.keys(each.text) for each in learned], sides, len(SIDES))
        texts = [each.text for split in HALVES.values() for each in clear(self.texts.splits[split])]
        words = [WordTokenizer.keys(text) for text in texts]
        guesses: dict[str, LabelIds] = {
            f"always {SIDES[most_frequent.label(known)]}": most_frequent.labels(known, words),
            **{name: labels(known, words) for name, labels in OF_TEXTS.items()},
            "VADER's scorer": (self._vader_scores(texts) > 0).astype(np.int64),
        }
        return {by: dict(zip(texts, each.tolist(), strict=True)) for by, each in guesses.items()}

    def _added(self, source: str) -> int:
        """Return how many texts of a source were added to the training texts."""
        return sum(each.source == source for each in self.texts.additions)

    def _unknown(self, split: Split) -> float:
        """Return the share of the words of a split that are outside the vocabulary."""
        known = [token.known for each in self.texts.splits[split] for token in self.tokenizer(each.text)]
        return 1 - float(np.mean(known))

    def _corrected(self, split: Split) -> float:
        """Return the share of the words of a split that are read as the nearest word of the vocabulary."""
        tokens = [token for each in self.texts.splits[split] for token in self.tokenizer(each.text)]
        return float(np.mean([token.read_as is not None for token in tokens]))


class Ratings(Verdicts):
    """The objective: is the sentence so far positive? The target is the probability that its rating stands for."""

    def __init__(self, examples: Sequence[Example], tokenizer: Tokenizer) -> None:
        super().__init__(
            [torch.tensor([token.id for token in tokenizer(example.text)]) for example in examples],
            torch.sigmoid(STEEPNESS * torch.tensor([example.rating for example in examples])),
        )

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy after each word (B, T), in nats."""
        return binary_cross_entropy_with_logits(logits[:, :, 0], targets, reduction="none")


def load(cache: Path, warn: Callable[[str], None]) -> Sentiment:
    """Load the task with the data that ``rated_texts.load`` obtains."""
    texts = rated_texts.load(cache, warn)
    return Sentiment(texts, partial(vader.scores, obtain(rated_texts.VADER, cache)))


def clear(examples: Iterable[Example]) -> list[Example]:
    """Return the examples whose rating says clearly whether they are positive or negative."""
    return [each for each in examples if abs(each.rating) >= CLEAR]


def negated(pairs: Iterable[tuple[Word, str, str]]) -> Negated:
    """Return words with a plain phrase and its negation, as ``evaluation.negation`` takes them."""
    words, plain, negations = zip(*pairs, strict=True)
    return Negated(plain, negations, [word.rating for word in words])


def _row(departure: Departure) -> dict[str, str]:
    """Return how an activation departs from its mean, for the card."""
    return {
        "activation": f"{NAMES[departure.activation]} *{departure.activation}*",
        "usually": f"{departure.mean:.3f} ± {departure.standard_deviation:.3f}",
        "at *not*": f"{departure.at_words:.3f}",
        "difference, in standard deviations": f"{departure.deviations:+.2f}",
        "units": f"{departure.units} of {departure.hidden_size}",
    }
