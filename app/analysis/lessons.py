"""What the lessons on the page show of a sentiment model, and what a model that takes its place must show again."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..recurrent.decomposition.measure import decompose
from ..recurrent.edits.edit import Edit
from ..recurrent.edits.hold import hold
from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from ..recurrent.trace import trace

NOT_GOOD = "the movie was not good"
BUT = "the acting was terrible but the story was wonderful"


@dataclass(frozen=True)
class Lesson:
    """A number that a lesson rests on, and the range in which it must lie, both ends included."""

    name: str
    value: float
    low: float = -np.inf
    high: float = np.inf

    @property
    def holds(self) -> bool:
        """Return whether the number lies in the range."""
        return self.low <= self.value <= self.high


def lessons(network: Network, tokenizer: Tokenizer, texts: Iterable[str]) -> list[Lesson]:
    """Return what the lessons rest on, for a network whose only output is the probability that a text is positive.

    ``texts`` are held-out ones, over which the usual forget gates are averaged. A cell without a path of memory has
    only the lessons on negation, and a cell without forget gates has none on them.
    """
    cell = network.config.cell_definition

    def verdict(text: str, *edits: Edit) -> float:
        return float(trace(network, tokenizer(text), edits=edits).outputs[-1, 0])

    shown = [
        Lesson("good", verdict("good"), low=0.5),
        Lesson("not good", verdict("not good"), high=0.5),
        Lesson("bad", verdict("bad"), high=0.5),
        Lesson("not bad", verdict("not bad"), low=0.5),
    ]
    if cell.memory is None:
        return shown
    letter, shut = cell.memory.writes_nothing
    at_not, at_but = NOT_GOOD.split().index("not"), BUT.split().index("but")
    parts = decompose(trace(network, tokenizer(NOT_GOOD)))
    shown += [
        Lesson(NOT_GOOD, verdict(NOT_GOOD), high=0.2),
        Lesson(f"{NOT_GOOD}, nothing let in at not", verdict(NOT_GOOD, hold(letter, shut, steps=[at_not])), low=0.8),
        Lesson("part of the memory that not has when it is read", float(parts.new[at_not]), low=0.5),
    ]
    decomposed = decompose(trace(network, tokenizer(BUT)))
    shares = np.array(decomposed.shares)[:, : len(BUT.split())]  # of each word, after each word
    terrible, wonderful = BUT.split().index("terrible"), BUT.split().index("wonderful")
    read, later = shares[terrible, terrible], shares[at_but, terrible]
    shown += [
        Lesson("share of terrible when it is read", float(read), high=-2),
        Lesson("part of it that is left after but", float(later / read), high=2 / 3),
        Lesson(
            "share of wonderful at the end, over the largest other",
            float(shares[-1, wonderful] / np.abs(np.delete(shares[-1], wonderful)).max()),
            low=1,
        ),
    ]
    if cell.open_bias and cell.memory.keeps_when == "open":
        keeps = cell.open_bias
        as_is = verdict(BUT)
        gates = np.concatenate([trace(network, tokenizer(text)).layer()[keeps] for text in texts])
        at = trace(network, tokenizer(BUT)).layer()[keeps][at_but].mean()
        shown += [
            Lesson("all kept at but", verdict(BUT, hold(keeps, 1.0, steps=[at_but])) - as_is, high=-0.1),
            Lesson("nothing kept at but", verdict(BUT, hold(keeps, 0.0, steps=[at_but])) - as_is, low=0.1),
            Lesson("forget gates at but, less their usual mean", float(at - gates.mean()), high=-0.08),
        ]
    return shown
