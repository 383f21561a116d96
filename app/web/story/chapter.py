"""What a chapter of the story is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from ..look import Look

PLACEHOLDER = re.compile(r"\{([^}]*)\}")


@dataclass(frozen=True)
class Number:
    """A number in the text of a chapter, and what it is of, so that a test can compute it again."""

    shown: str
    of: Mapping[str, str]


@dataclass(frozen=True)
class Hold:
    """To hold the mean of a gate, by a slider on the card or by the one in the picture."""

    label: str
    letter: str
    value: float  # at which a link holds it
    step: int | None = None  # None: at all steps
    most: float | None = None  # done if it is held at this or lower,
    least: float | None = None  # or at this or higher

    def link(self, look: Look) -> str:
        """Return the address at which it is done."""
        place = "" if self.step is None else f"@{self.step}"
        return look.address(edits=f"{self.letter}{place}={self.value:g}")


@dataclass(frozen=True)
class Show:
    """To show another model, by a link on the card or by the page's own choice."""

    label: str
    model: str

    def link(self, look: Look) -> str:
        """Return the address at which it is done."""
        return look.address(model=self.model)


@dataclass(frozen=True)
class Pick:
    """To pick the last of some ways in which the figure on the card can be shown."""

    label: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """To measure what a step of some models costs on this server."""

    label: str
    models: tuple[str, ...]


@dataclass(frozen=True)
class Chapter:
    """One chapter. Texts hold numbers in braces: those of ``numbers`` by name, and in ``done`` what the picture shows.

    There, ``{verdict}`` is the last verdict, ``{verdict 4}`` that at step 4, and ``{keeps 3}`` the mean of the gates
    that keep, at step 3; of a measurement, ``{0}`` is the time of a step of the first model, in µs.
    """

    title: str
    look: Look
    marks: tuple[str, ...]  # selectors into the first screen: a frame around all that each finds, if anything
    text: str
    action: Hold | Show | Pick | Measure
    done: str
    numbers: Mapping[str, Number] = field(default_factory=dict)
    lit: str = ""  # a selector of what is neither dimmed nor covered, besides what is marked
    controls: str = ""  # a selector of the controls of the page that it asks for
    figure: str = ""  # one of those in ``figures.py``

    @property
    def kind(self) -> str:
        """What is to be done, in lower case."""
        return type(self.action).__name__.lower()

    @property
    def link(self) -> str:
        """The address at which the action is done; "" if no address says so."""
        return self.action.link(self.look) if isinstance(self.action, Hold | Show) else ""

    @property
    def rule(self) -> dict[str, Any]:
        """What the page's script needs to notice the action."""
        return {"kind": self.kind} | {
            name: value for name, value in vars(self.action).items() if name not in {"label", "value"}
        }

    @property
    def told(self) -> Markup:
        """The text as HTML, each number marked with what it is of."""
        return Markup("").join(self._pieces(self.text))

    @property
    def outcome(self) -> Markup:
        """What is said when the action is done, as HTML: the script writes the numbers."""
        return Markup("").join(self._pieces(self.done))

    def _pieces(self, text: str) -> Iterator[Markup]:
        for place, piece in enumerate(PLACEHOLDER.split(text)):
            if place % 2 == 0:
                yield escape(piece)
            elif piece in self.numbers:
                number = self.numbers[piece]
                of = Markup("").join(Markup(' data-{}="{}"').format(*each) for each in number.of.items())
                yield Markup('<data value="{}"{}>{}</data>').format(number.shown, of, number.shown)
            else:
                row, _, step = piece.partition(" ")
                yield Markup('<span class="live" data-row="{}" data-step="{}"></span>').format(row, step)
