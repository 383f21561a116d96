"""What a picture is of: a trace and its decomposition, with the words by which a picture speaks of them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ..recurrent.cells import cell_named
from ..recurrent.cells.cell import Cell, Role
from ..recurrent.decomposition.report import Decomposition
from ..recurrent.decomposition.state_edits import tokens_read
from ..recurrent.edits.binding import Change
from ..recurrent.trace import LayerTrace, Trace
from ..store.fields import NamedUnit, Statistics
from .input_column import InputColumn
from .numbers import label_of, nice, ordinal, phrase_of, word_of

Array = NDArray[np.float64]


class Feature(Protocol):
    """A property of each token of a text, such as whether it is inside a quotation."""

    @property
    def name(self) -> str:
        """What it is called, as in ``NamedUnit``."""

    @property
    def values(self) -> NDArray[np.floating]:
        """(T,): NaN where it does not apply; 0 and 1 for false and true."""


Features = Callable[[str], Sequence[Feature]]

UNUSUAL = 0.08  # how far from its usual mean a gate stands out
TRACKS_IF = 0.9  # the least area under the ROC curve of a unit that is shown, for what is true or false
TRACKS_NUMBER = 0.8  # and the least |r|, for a number
UNBROKEN = "\N{NO-BREAK SPACE}"
MOVES = 0.5  # how far its activation must move in a text


@dataclass(frozen=True)
class Terms:
    """The words of a task: what its verdict is between, and what a step reads."""

    opposite: str = ""
    """What a verdict near 0 means; empty: "not" and the name of the output."""
    is_character: bool = False
    """Whether a step reads a character, not a word."""
    units: Sequence[NamedUnit] = ()
    """Units that were found to track something in held-out text."""
    next_outputs: Sequence[int | None] = ()
    """For each token id, the output that gives its probability of coming next; empty if outputs are not of the next
    token."""
    cell: Cell | None = None
    """The variant of the cell; None: the usual form of the cell that the trace names."""
    features: Features | None = None
    """What gives the features that units may track, of a text; None: they are not known."""
    language: str = ""
    """The language of the texts that the model learned from; empty: not known."""
    noun: str = ""
    """What a step is called; empty: what it reads, or "step" where there are no tokens."""


@dataclass(frozen=True)
class Verdict:
    """The probability that a picture is about, between two sides."""

    values: Array  # (T,)
    positive: str  # what 1 means
    negative: str
    outputs: tuple[int, ...]  # of the head: one, or one and the one that it is set against

    def of(self, numbers: Array) -> Array:
        """Return what the logit has of the head's ``numbers`` (outputs, …)."""
        first, *others = self.outputs
        difference: Array = numbers[first] - numbers[others[0]] if others else numbers[first]
        return difference

    def side(self, value: float) -> str:
        """Return what a probability speaks for."""
        return self.positive if value >= 0.5 else self.negative


@dataclass(frozen=True)
class GateRow:
    """One row of gates: the mean over the units at each step."""

    role: Role
    name: str  # "input gate i", "update gate 1 − z"
    means: Array  # (T,)
    units: Array  # (T, H)
    usual: float | None  # the mean over held-out text; None: not measured

    def is_unusual(self, t: int) -> bool:
        """Whether the mean at a step stands out."""
        return self.usual is not None and abs(self.means[t] - self.usual) >= UNUSUAL


@dataclass(frozen=True, eq=False)
class Subject:
    """What a picture is of."""

    trace: Trace
    layer: LayerTrace
    parts: Decomposition | None  # None: the cell has no path of memory
    terms: Terms
    statistics: Statistics | None
    words: Sequence[str]  # of each step, made visible
    verdict: Verdict | None
    inputs: Sequence[InputColumn] = ()  # columns of the input that are shown

    def __len__(self) -> int:
        """Return T, the number of steps."""
        return len(self.trace)

    @property
    def noun(self) -> str:
        """What a step reads: "word", "letter" or "character"; "step" where it reads no token."""
        if self.terms.noun or not self.trace.tokens:
            return self.terms.noun or "step"
        if not self.terms.is_character:
            return "word"
        return "letter" if all(word.isalpha() for word in self.words) else "character"

    @property
    def is_of_steps(self) -> bool:
        """Whether steps read no words, so that they have ticks."""
        return self.noun == "step"

    @property
    def aged_noun(self) -> str:
        """What a band that is coloured by its age is of: a word, also where each step reads a character."""
        return "word" if self.terms.is_character else self.noun

    @cached_property
    def cell(self) -> Cell:
        """The cell of the layer."""
        return self.terms.cell or cell_named(self.layer.cell)

    @property
    def is_whole(self) -> bool:
        """Whether the head reads only this layer, and not the other direction too."""
        return sum(each.layer == self.layer.layer for each in self.trace.layers) == 1

    @cached_property
    def shares(self) -> Array | None:
        """(T, K): the push of each column at each step; None where bands are coloured by their age."""
        return None if self.parts is None or self.verdict is None else self.parts.shares

    @cached_property
    def logits(self) -> Array | None:
        """(T,): the logit of the verdict at each step."""
        if self.verdict is None:
            return None
        if self.is_whole and self.parts is not None and self.parts.shares is not None and self.parts.bias is not None:
            logits: Array = self.parts.shares.sum(axis=1) + self.parts.bias
            return logits
        values = np.clip(self.verdict.values, 1e-12, 1 - 1e-12)
        return np.log(values) - np.log1p(-values)

    @cached_property
    def start(self) -> float | None:
        """The probability of the verdict before the first step; None where that is not known."""
        if self.verdict is None or self.trace.head is None or self.layer.initial is not None:
            return None
        bias = float(self.verdict.of(self.trace.head.bias.numbers("the head's bias")))
        return float(1 / (1 + np.exp(-bias)))

    @cached_property
    def steps(self) -> Array:
        """(T,): how far the probability of the verdict moves at each step; 0 at first where its start is unknown."""
        if self.verdict is None:
            return np.zeros(len(self))
        values = self.verdict.values
        return np.diff(values, prepend=values[0] if self.start is None else self.start)

    @cached_property
    def rows(self) -> Sequence[GateRow]:
        """The rows of gates, in the order of the cell's roles."""
        return [self._row(role) for role in self.cell.rows]

    def held(self, letter: str) -> set[int]:
        """Return the steps at which an edit sets a letter of this layer, in all units."""
        return {step for each in self._holds(letter) for step in self._steps(each)}

    @cached_property
    def where_held(self) -> Sequence[Literal["here", "everywhere"] | None]:
        """How the last edit that sets a gate at each step names it: at some steps, or at all; None: no edit does."""
        holds = [each for row in self.rows for each in self._holds(row.role.letter)]
        where: list[Literal["here", "everywhere"] | None] = [None] * len(self)
        for each in sorted(holds, key=lambda each: each.edit):
            for step in self._steps(each):
                where[step] = "everywhere" if self.trace.edits[each.edit].steps is None else "here"
        return where

    def _holds(self, letter: str) -> list[Change]:
        """Return the changes that set a letter of this layer, in all units."""
        changes = self.trace.bound.changes.get((self.layer.layer, self.layer.direction), {})
        size = self.layer[letter].shape[1]
        return [
            each
            for each in changes.get(letter, ())
            if len(each.units) == size and not each.scale.any() and not each.take.any()
        ]

    def _steps(self, change: Change) -> list[int]:
        """Return the steps of a change, from the first that is shown."""
        steps = (step - self.trace.start for step in change.steps)
        return [step for step in steps if 0 <= step < len(self)]

    def row(self, verb: str) -> GateRow | None:
        """Return the row of what the cell does by ``verb``; None if it does not."""
        return next((row for row in self.rows if row.role.verb == verb), None)

    def _row(self, role: Role) -> GateRow:
        units = np.asarray(role.of(self.layer.activations), dtype=np.float64)
        usual = self._usual(role.letter)
        if usual is not None and role.is_complement:
            usual = 1 - usual
        name = f"{self.cell[role.letter].name} {role.symbol}"
        return GateRow(role, name, units.mean(axis=1), units, usual)

    def _usual(self, letter: str) -> float | None:
        """Return the mean of an activation over units and held-out text."""
        for each in self.statistics.activations if self.statistics is not None else ():
            if (each.layer, each.direction, each.activation) == (self.layer.layer, self.layer.direction, letter):
                return float(np.mean(each.mean))
        return None

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How often each word occurs."""
        return Counter(self.words)

    @cached_property
    def unit(self) -> NamedUnit | None:
        """The unit with a meaning whose activation moves most in this text; None where bands push, or none moves."""
        if self.verdict is not None or self.parts is None:
            return None
        own = [
            each
            for each in self.terms.units
            if (each.layer, each.direction) == (self.layer.layer, self.layer.direction)
            and each.activation in self.layer.activations
            and each.score >= (TRACKS_IF if each.measure == "AUC" else TRACKS_NUMBER)
        ]
        ranges = [float(np.ptp(self.layer[each.activation][:, each.unit])) for each in own]
        return own[int(np.argmax(ranges))] if ranges and max(ranges) >= MOVES else None

    @property
    def next_token(self) -> tuple[str, float] | None:
        """The output that is most probable after the last step, and its probability; None without such outputs."""
        head = self.trace.head
        if not self.terms.next_outputs or head is None or not head.names:
            return None
        last = self.trace.outputs_after(-1)
        best = int(np.argmax(last))
        return head.names[best], float(last[best])

    def named(self, step: int) -> str:
        """Return how a sentence names a step: “but”, the second “n't”, the last “the”; by its label, 8 Jan; step 3."""
        word = self.words[step]
        if not self.trace.tokens or (self.is_of_steps and word.isdigit()):
            return f"step {word}"
        name = word.replace(" ", UNBROKEN) if self.is_of_steps else f"“{word}”"
        if (count := self.counts[word]) == 1:
            return name
        place = sum(each == word for each in self.words[: step + 1])
        return f"the {'last' if place == count else ordinal(place)} {name}"


def subject_of(
    trace: Trace,
    parts: Decomposition | None,
    statistics: Statistics | None,
    terms: Terms = Terms(),
    outputs: tuple[int, int] | None = None,
    inputs: Sequence[InputColumn] = (),
) -> Subject:
    """Return what a picture of ``trace`` is of; ``parts`` is its decomposition, None for a cell without memory.

    ``outputs`` are those that were chosen of several classes, ``inputs`` columns of the input that are shown.
    Raises ValueError if ``parts`` are of others.
    """
    layer = trace.layers[-1] if parts is None else trace.layer(parts.layer, parts.direction)
    write = label_of if terms.noun == "step" else word_of
    words = [write(token) for token in tokens_read(trace)] or [str(trace.start + step) for step in range(len(trace))]
    return Subject(trace, layer, parts, terms, statistics, words, verdict_of(trace, parts, terms, outputs), inputs)


def verdict_of(
    trace: Trace, parts: Decomposition | None, terms: Terms, outputs: tuple[int, int] | None = None
) -> Verdict | None:
    """Return the verdict of ``trace``; None where outputs are of several classes, or there is no head.

    Of several classes, ``outputs`` are the one that was chosen and the one that it is set against: the verdict is then
    the probability of the first, if it is one of the two.

    Raises ValueError if ``parts`` are of other outputs.
    """
    head = trace.head
    if head is None or (parts is not None and parts.logit is None):
        return None
    if parts is not None and parts.logit is not None and outputs not in (None, parts.logit.outputs):
        raise ValueError(f"the decomposition is of outputs {parts.logit.outputs}, and {outputs} were chosen")
    if head.function == "softmax":
        return None if outputs is None else _of_two(trace, outputs)
    if parts is not None and parts.logit is not None:
        output = parts.logit.outputs[0]
    elif head.weight.tensor.shape[0] == 1:
        output = 0
    elif head.verdict is not None:
        output = head.names.index(head.verdict)
    else:
        return None
    is_the_verdict = len(head.names) < 2 or head.names[output] == head.verdict
    opposite, name = terms.opposite if is_the_verdict else "", _name(trace, output)
    return Verdict(_probabilities(trace, output), name, opposite or f"not {name}", (output,))


def _of_two(trace: Trace, outputs: tuple[int, int]) -> Verdict:
    """Return how probable the first of two classes is, if it is one of them."""
    one, other = (_probabilities(trace, output) for output in outputs)
    return Verdict(one / (one + other), _name(trace, outputs[0]), _name(trace, outputs[1]), outputs)


def _probabilities(trace: Trace, output: int) -> Array:
    """Return the probability (T,) of an output after each step."""
    return trace.probability(np.arange(len(trace)), np.full((len(trace), 1), output))[:, 0].astype(np.float64)


def _name(trace: Trace, output: int) -> str:
    """Return the name of an output, made visible."""
    names = () if trace.head is None else trace.head.names
    if not names:
        return f"output {output}"
    name = names[output]
    return phrase_of(name) if name.strip() else word_of(name)


def scale_of(subjects: Sequence[Subject]) -> float:
    """Return a scale of pushes that all ``subjects`` fit in: their largest, rounded up."""
    largest = max((float(np.abs(each.shares).max()) for each in subjects if each.shares is not None), default=0.0)
    return nice(largest)
