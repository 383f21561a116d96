"""What ``show`` returns: a first screen that a terminal prints, a notebook draws and a file keeps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from ..figures.input_column import InputColumn
from ..figures.numbers import phrase_of
from ..figures.parts import MOST_STEPS, parts_of
from ..figures.readout import sentences
from ..figures.screen import first_screen, scales_of
from ..figures.script_data import MOST
from ..figures.still import saved_page, still_output
from ..figures.subject import Subject, Terms, subject_of
from ..figures.terminal import memory_lines, plain_text, print_lines
from ..figures.terms import terms_of
from ..recurrent.trace import Trace
from ..settings import data_folder
from ..store.model import Model
from ..training.tasks import features_of
from .again import Again
from .display import InNotebooks
from .head import Answer

if TYPE_CHECKING:
    from ..figures.inline_styles import Theme

PLAIN_WIDTH = 80  # cells, of the plain text
TITLE = 80  # characters of it


def require_few(trace: Trace) -> None:
    """Raise ValueError for more steps than a picture shows."""
    if len(trace) > MOST_STEPS:
        most = f"a picture shows up to {MOST_STEPS}: show a part, such as trace.span(0, {MOST_STEPS})"
        raise ValueError(f"the trace has {len(trace):,} steps, and {most}")


def image_tools() -> ModuleType:
    """Return what draws images. Raises ImportError, which says how to get it, where the extra is missing."""
    try:
        return import_module("..figures.image", __package__)
    except ImportError as error:
        raise ImportError(f"an image needs {error.name}: install it by pip install 'gatescope[image]'") from error


@dataclass(frozen=True, eq=False, repr=False)
class Shown(InNotebooks):
    """A trace that is shown."""

    subject: Subject
    push_scale: float | None = None  # of the model, where it has been measured
    notes: Sequence[str] = ()  # what to know about the numbers
    is_image: bool = False  # whether a notebook draws a PNG in place of HTML
    model: Model | None = None
    again: Again | None = None  # traces it with edits; None: nobody knows what it is of

    @classmethod
    def of(
        cls,
        trace: Trace,
        model: Model | None = None,
        answer: Answer | None = None,
        *,
        has_steps: bool = False,
        inputs: Sequence[InputColumn] = (),
        notes: Sequence[str] = (),
        again: Again | None = None,
    ) -> "Shown":
        """Return what is shown of ``trace``.

        Args:
            trace: What the network did.
            model: Which it is of, if that is known.
            answer: The same trace with a head of one output; None: with its own head, if it has one.
            has_steps: Whether a step is called that, and not a word.
            inputs: Columns of the input, which stand above the picture.
            notes: What to know about the numbers.
            again: What traces it with edits.
        """
        if model is None:
            terms = Terms(noun="step" if has_steps else "")
        else:
            terms = terms_of(model, features_of(model.config.task))
        if answer is not None:
            trace, notes = answer.trace, (*notes, *answer.notes)
            opposite = terms.opposite if answer.opposite is None else answer.opposite
            terms = replace(terms, opposite=opposite, next_outputs=())
        statistics = None if model is None else model.statistics
        subject = subject_of(trace, parts_of(trace, cell=terms.cell), statistics, terms, inputs=inputs)
        is_measured = subject.parts is not None and answer is None and statistics is not None
        push_scale = statistics.push_scale if is_measured and statistics else None
        return cls(subject, push_scale, [*map(phrase_of, notes)], model=model, again=again)

    def print(self) -> None:
        """Print the lines: in colour, and as wide as the terminal."""
        console = Console()
        print_lines(self._lines(console.width), console)

    def html(self) -> str:
        """Return the picture as an HTML file that needs no other, in which steps are chosen by pointer and keys."""
        words = self.subject.words
        title = f"{words[0]} to {words[-1]}" if self.subject.is_of_steps else " ".join(words)
        short = title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
        program = (data_folder("static") / "js" / "export" / "saved_screen.js").read_text(encoding="utf-8")
        fragment = self._screen(
            has_panel=len(self.subject) <= MOST, has_controls=False, address_of=lambda step: f"#step-{step}"
        )
        return saved_page(fragment, f"Gatescope: {short}", program)

    def svg(self, theme: "Theme" = "light") -> str:
        """Return the picture as an SVG that needs no stylesheet. Needs the extra ``gatescope[image]``."""
        scales = scales_of([self.subject], self.push_scale)
        drawn: str = image_tools().svg_image(self.subject, scales, theme, self.notes, self._name)
        return drawn

    def png(self, theme: "Theme" = "light", scale: float = 2) -> bytes:
        """Return the picture as a PNG, ``scale`` pixels to each of the SVG's. Needs the extra ``gatescope[image]``.

        Raises RuntimeError on a machine without fonts.
        """
        painted: bytes = image_tools().png_image(self.svg(theme), scale)
        return painted

    def __repr__(self) -> str:
        return plain_text(self._lines(PLAIN_WIDTH))

    def _lines(self, width: int) -> list[Text]:
        return [*memory_lines(self.subject, width), *(Text(each, style="dim") for each in sentences(self.notes))]

    def _repr_png_(self) -> bytes | None:
        return self.png() if self.is_image else None

    def _repr_html_(self) -> str | None:
        return None if self.is_image else still_output(self._screen(is_still=True))

    @cached_property
    def _name(self) -> str:
        """What ids begin with: it tells this picture from others in a notebook, and stays the same."""
        subject = self.subject
        content = subject.layer["h"].tobytes() + subject.trace.outputs.tobytes() + repr(subject.words).encode()
        content += b"".join(each.values.tobytes() for each in subject.inputs)
        return f"still-{sha256(content).hexdigest()[:8]}"

    def _screen(self, **options: Any) -> str:
        """Return the first screen."""
        subject = self.subject
        return first_screen(
            subject.trace,
            subject.parts,
            subject.statistics,
            terms=subject.terms,
            push_scale=self.push_scale,
            inputs=subject.inputs,
            notes=self.notes,
            name=self._name,
            **options,
        )
