"""What ``show`` returns: a first screen that a terminal prints, a notebook draws and a file keeps."""

from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from rich.console import Console

from ..figures.parts import MOST_STEPS, parts_of
from ..figures.screen import first_screen
from ..figures.still import still_output, still_page
from ..figures.subject import Subject, Terms, subject_of
from ..figures.terminal import memory_lines, plain_text, print_lines
from ..figures.terms import terms_of
from ..recurrent.trace import Trace
from ..store.model import Model
from ..training.tasks import features_of
from .again import Again
from .display import InNotebooks

PLAIN_WIDTH = 80  # cells, of the plain text
TITLE = 80  # characters of it


def require_few(trace: Trace) -> None:
    """Raise ValueError for more steps than a picture shows."""
    if len(trace) > MOST_STEPS:
        most = f"a picture shows up to {MOST_STEPS}: show a part, such as trace.span(0, {MOST_STEPS})"
        raise ValueError(f"the trace has {len(trace):,} steps, and {most}")


@dataclass(frozen=True, eq=False, repr=False)
class Shown(InNotebooks):
    """A trace that is shown."""

    subject: Subject
    push_scale: float | None = field(default=None)  # of the model, where it has been measured
    model: Model | None = None
    again: Again | None = None  # traces it with edits; None: nobody knows what it is of

    @classmethod
    def of(
        cls, trace: Trace, model: Model | None = None, *, has_steps: bool = False, again: Again | None = None
    ) -> "Shown":
        """Return what is shown of ``trace``; with ``has_steps`` a step is called that, and not a word."""
        if model is None:
            noun = "step" if has_steps else ""
            return cls(subject_of(trace, parts_of(trace), None, Terms(noun=noun)), again=again)
        terms = terms_of(model, features_of(model.config.task))
        subject = subject_of(trace, parts_of(trace, cell=terms.cell), model.statistics, terms)
        is_measured = subject.parts is not None and model.statistics is not None
        return cls(subject, model.statistics.push_scale if is_measured and model.statistics else None, model, again)

    def print(self) -> None:
        """Print the lines: in colour, and as wide as the terminal."""
        console = Console()
        print_lines(memory_lines(self.subject, console.width), console)

    def html(self) -> str:
        """Return the picture as an HTML file that needs no other."""
        words = " ".join(self.subject.words)
        short = words if len(words) <= TITLE else f"{words[: TITLE - 1]}…"
        return still_page(self._fragment, f"Gatescope: {short}")

    def __repr__(self) -> str:
        return plain_text(memory_lines(self.subject, PLAIN_WIDTH))

    def _repr_html_(self) -> str:
        return still_output(self._fragment)

    @cached_property
    def _fragment(self) -> str:
        """The first screen; ids begin with what tells it from others in a notebook, and stays the same."""
        subject = self.subject
        content = subject.layer["h"].tobytes() + subject.trace.outputs.tobytes() + repr(subject.words).encode()
        return first_screen(
            subject.trace,
            subject.parts,
            subject.statistics,
            terms=subject.terms,
            push_scale=self.push_scale,
            name=f"still-{sha256(content).hexdigest()[:8]}",
            is_still=True,
        )
