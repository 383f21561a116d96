"""What the widget asks of Python: pictures by the functions that draw those of the page, traces as its API has them."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ..api.models.routes import activation_info
from ..api.traces.content import Selection, require_float32, trace_content
from ..api.traces.outputs import outputs_content, shown_top
from ..figures.parts import parts_of
from ..figures.screen import HEIGHT, first_screen
from ..figures.still import DARK
from ..figures.subject import Subject
from ..recurrent.decomposition.report import Decomposition
from ..recurrent.edits.data import edits_from
from ..recurrent.trace import Trace
from ..settings import Settings
from ..web.boot import facts, page_fields
from ..web.first_view import MAX_NUMBERS
from ..web.look import Look
from ..web.screen import Run, experiment, way_back
from .again import require_same
from .labels import with_labels
from .shown import Shown

NO_GATES = (
    "A trace by itself cannot be run again: with show(model, text), show(module, x) or show(run) gates can be set here "
    "too."
)
Traced = tuple[Trace, Decomposition | None]


class Answers:
    """What one widget is told: it keeps the last edited run, of which it is asked for picture and numbers."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._last: tuple[list[Mapping[str, Any]], Traced] = ([], self._plain)

    def __call__(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer, or ``{"problem": …}``: whoever asked waits for it, whatever goes wrong."""
        kinds: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "open": self._open,
            "trace": self._trace,
            "screen": self._screen,
        }
        try:
            return kinds[question["kind"]](question)
        except (ValueError, OverflowError) as error:  # which say what is wrong with edits, weights or numbers
            return {"problem": f"{error}."}
        except Exception as error:
            return {"problem": f"{type(error).__name__}: {error}."}

    @property
    def _subject(self) -> Subject:
        return self._shown.subject

    @property
    def _plain(self) -> Traced:
        return self._subject.trace, self._subject.parts

    @cached_property
    def _model(self) -> dict[str, Any]:
        """What the page's scripts read of a model's card; a module has only what its cell says."""
        subject, model = self._subject, self._shown.model
        if model is not None:
            return page_fields(model)
        return {
            "id": "module",
            "title": "",
            "task": "",
            "cell": subject.cell.name,
            "variant": subject.cell.variant,
            "description": "",
            "hidden_size": subject.layer["h"].shape[1],
            "layers": 1,
            "bidirectional": False,
            "tokenizer": subject.noun,
            "language": "",
            "activations": [each.model_dump(mode="json") for each in activation_info(subject.cell)],
            "outputs": self._outputs,
            "opposite": subject.terms.opposite,
            "predicts_next": False,
            "top": None,
            "examples": [],
            "units": [],
        }

    @cached_property
    def _outputs(self) -> list[str]:
        head, count = self._subject.trace.head, self._subject.trace.outputs.shape[1]
        return list(head.names) if head is not None and head.names else [f"output {place}" for place in range(count)]

    def _open(self, _: Mapping[str, Any]) -> dict[str, Any]:
        fixed = NO_GATES if self._shown.again is None else ""
        return {
            "facts": facts(Settings()).model_dump(),
            "dark": ", ".join(DARK),
            "model": self._model,
            "fixed": fixed,
            "where": self._where,
        }

    @property
    def _where(self) -> dict[str, Any]:
        """Where an edit acts that a slider makes: the layer that is shown, named where there are several."""
        subject = self._subject
        several = len(subject.trace.layers) > 1
        return {"layer": subject.layer.layer, "direction": subject.layer.direction} if several else {}

    def _trace(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the numbers of the run, or why there are none to draw."""
        trace, _ = self._run(question["edits"])
        subject = self._subject
        place = subject.trace.layers.index(subject.layer)
        layer = trace.layers[place]
        numbers = sum(array.size for array in layer.activations.values())
        notes = [*dict.fromkeys([*trace.notes, *self._shown.notes])]
        if numbers > MAX_NUMBERS:
            why = f"The heatmaps would hold {numbers:,} numbers, and up to {MAX_NUMBERS:,} are drawn: show fewer steps."
            return {"trace": None, "notes": notes, "why": why}
        if len({array.shape for array in layer.activations.values()}) > 1:
            return {"trace": None, "notes": notes, "why": "Heatmaps of a layer with a projection are not drawn."}
        drawn = trace if trace.tokens else with_labels(trace, [""] * len(trace))
        one = frozenset([layer.layer]), list(subject.cell.activations), None, frozenset([layer.direction])
        selection = Selection(*one, summarised=True)
        require_float32(drawn, selection)
        stop = drawn.start + len(drawn)
        return {
            "trace": trace_content(drawn, stop, self._model["id"], self._outputs_of(drawn), selection, "base64"),
            "notes": notes,
            "why": "",
        }

    def _outputs_of(self, trace: Trace) -> dict[str, Any]:
        """Return what is said of the outputs of ``trace`` besides their values."""
        plain, next_outputs = self._subject.trace, self._subject.terms.next_outputs
        top = shown_top(trace.outputs.shape[1])
        return outputs_content(trace, top, plain if trace.edits else None, self._outputs, next_outputs)

    def _screen(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Return the picture of the run, as HTML."""
        trace, parts = self._run(question["edits"])
        subject = self._subject
        html = first_screen(
            trace,
            parts,
            subject.statistics,
            terms=subject.terms,
            inputs=subject.inputs,
            width=int(question["width"]),
            height=float(question.get("height") or HEIGHT),
            chosen=question.get("step"),
            push_scale=self._shown.push_scale,
            before=self._plain if question["edits"] else None,
            has_panel=True,
            unit=question.get("unit"),
            address_of=lambda t: f"#step-{t}",
            aside=self._aside(trace, parts, is_edited=bool(question["edits"])),
        )
        return {"html": html}

    def _aside(self, trace: Trace, parts: Decomposition | None, *, is_edited: bool) -> str:
        """Return what stands next to the finding: as on the page an experiment of a model, or the way back."""
        model = self._shown.model
        if is_edited:
            return way_back("?")
        if model is None or self._shown.again is None:
            return ""
        return experiment(Run(model, trace, parts, None), Look(), "compiled")

    def _run(self, edits: list[Mapping[str, Any]]) -> Traced:
        """Return the trace with ``edits``, and what its memory is made of.

        Raises ValueError if it cannot be traced again, or would be of other weights or another input.
        """
        if not edits:
            return self._plain
        if edits != self._last[0]:
            subject, again = self._subject, self._shown.again
            if again is None:
                raise ValueError(NO_GATES.removesuffix("."))
            require_same(subject.trace, again([]))
            trace = again(edits_from(edits))
            self._last = edits, (trace, parts_of(trace, cell=subject.terms.cell))
        return self._last[1]
