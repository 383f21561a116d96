"""A hundred sentences as visitors type them, each with the verdicts that a reader would accept.

A sentence is rated for what its writer means, never for what a model says, and the list stays as it was before the
first model was judged by it. The ranges follow one principle. What says nothing about how anything is, or as much for
as against it, is neutral: within a quarter of one half. Plain praise and complaint must lie beyond one half by a tenth,
so that nobody takes them for undecided. Where the writer leans one way without saying so plainly, the side must be
right. Sentences that are not in English say nothing for or against anything, so that neutral is right even for a model
that can read them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from .evaluation import verdicts

LIST = Path(__file__).with_name("visitors.json")
EASY = ("greetings and neutral statements", "plain praise or complaint")  # groups in which hardly any may be wrong
IRONY = "irony and understatement"


@dataclass(frozen=True)
class Sentence:
    """A sentence with the probabilities of being positive that are right, both ends included."""

    text: str
    group: str
    meant: str  # name of the range
    low: float
    high: float


@dataclass(frozen=True)
class Verdict:
    """What a network says of a sentence at its end."""

    sentence: Sentence
    positive: float  # probability

    @property
    def is_right(self) -> bool:
        """Return whether the probability lies in the range that is right."""
        return self.sentence.low <= self.positive <= self.sentence.high


def sentences() -> list[Sentence]:
    """Return the list, group by group."""
    content = json.loads(LIST.read_text(encoding="utf-8"))
    return [
        Sentence(text, group, meant, *content["ranges"][meant])
        for group, texts in content["groups"].items()
        for text, meant in texts.items()
    ]


def judged(network: Network, tokenizer: Tokenizer) -> list[Verdict]:
    """Return the verdicts of a network whose first output is the probability that a text is positive."""
    listed = sentences()
    positive = verdicts(network, tokenizer, [each.text for each in listed])[:, 0]
    return [Verdict(each, float(probability)) for each, probability in zip(listed, positive, strict=True)]


def wrong(answers: Sequence[Verdict]) -> dict[str, int]:
    """Return how many verdicts of each group are wrong, in the order of the groups."""
    counts = dict.fromkeys((each.sentence.group for each in answers), 0)
    for each in answers:
        counts[each.sentence.group] += not each.is_right
    return counts
