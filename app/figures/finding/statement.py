"""What a finding is: words, and marks that stand at their spots in the picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MOST_WORDS = 25
MOST_NUMBERS = 3
MOST_MARKS = 3
QUOTED = re.compile("“[^”]*”")
NUMBER = re.compile(r"(?<!\u00a0)\d+(?:\.\d+)?(?!\d|st|nd|rd|th|\u00a0)")  # of a name it is a part: the 11th “a”, 8 Jan


@dataclass(frozen=True)
class Spot:
    """A place in the picture."""

    kind: Literal["band", "gate", "unit", "verdict"]
    step: int
    column: int = 0  # of the decomposition, for a band
    verb: str = ""  # of the row, for a gate


@dataclass(frozen=True)
class Piece:
    """A part of a sentence."""

    text: str
    spot: Spot | None = None
    """Where the picture shows it: such a part has a number, and so has its spot."""


@dataclass(frozen=True)
class Finding:
    """What the first screen says about a text, in plain words."""

    pieces: Sequence[Piece]
    rule: str
    """The row of the rule's table that gave it."""

    @property
    def text(self) -> str:
        """The words, without marks."""
        return "".join(each.text for each in self.pieces)

    @property
    def spots(self) -> Sequence[Spot]:
        """The places that have a mark, in the order of their numbers, from 1."""
        return [each.spot for each in self.pieces if each.spot is not None]

    @property
    def is_short(self) -> bool:
        """Whether it has few enough words, numbers and marks to be taken in at a glance; a quoted number is a word."""
        numbers = NUMBER.findall(QUOTED.sub("“”", self.text))
        counts = len(self.text.split()), len(numbers), len(self.spots)
        return all(count <= most for count, most in zip(counts, (MOST_WORDS, MOST_NUMBERS, MOST_MARKS), strict=True))


Part = str | tuple[str, Spot]


def finding(rule: str, *parts: Part, also: Sequence[Part] = ()) -> Finding:
    """Return a finding of plain parts and of parts with their spots; what is told ``also`` only if there is room."""
    pieces, more = (
        [Piece(each) if isinstance(each, str) else Piece(*each) for each in these] for these in (parts, also)
    )
    return longest_that_fits(Finding([*pieces, *more], rule), Finding(pieces, rule))


def longest_that_fits(longer: Finding, shorter: Finding) -> Finding:
    """Return ``longer`` if it is short enough, else ``shorter``."""
    return longer if longer.is_short else shorter
