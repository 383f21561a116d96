"""The first screen of what an address asks for, drawn on the server: for the first paint, and for each change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from ..api.traces.outputs import shown_top
from ..api.traces.plan import plan_trace
from ..api.traces.schemas import TraceBody
from ..api.wire.fitting import passed
from ..api.wire.sequence import as_written
from ..figures.compared_screen import Compared, compared_screen
from ..figures.compared_texts import texts_screen
from ..figures.finding.rule import finding_of
from ..figures.numbers import plain, safe
from ..figures.parts import MOST_STEPS, parts_of
from ..figures.picture import Scales
from ..figures.screen import HEIGHT, first_screen, scales_of
from ..figures.subject import Subject, subject_of, verdict_of
from ..figures.terms import curves_of, notes_on, terms_of
from ..recurrent.decomposition.report import Decomposition
from ..recurrent.edits.edit import Edit
from ..recurrent.edits.short_form import short_form
from ..recurrent.modules import Direction
from ..recurrent.ranking.unwritten import Unwritten, unwritten
from ..recurrent.trace import Engine, Trace
from ..settings import Settings
from ..store.model import Model
from ..training.tasks import features_of
from .invitation import invitation, is_blank, unread
from .look import LONGEST_QUERY, Look
from .too_large import TooLargeError, too_large

CLEARLY = 0.02  # by how much further than any other a word moves the verdict that is said to do so


@dataclass(frozen=True)
class Run:
    """A model that has read a text, with the edits that it takes."""

    model: Model
    trace: Trace
    parts: Decomposition | None  # None: its cell has no path of memory
    before: tuple[Trace, Decomposition | None] | None  # the same without edits; None: there are none

    @property
    def subject(self) -> Subject:
        """What a picture of it is of."""
        return subject_of(self.trace, self.parts, **self.drawn)

    @property
    def drawn(self) -> dict[str, Any]:
        """What a picture of it is drawn from."""
        return {
            "statistics": self.model.statistics,
            "terms": terms_of(self.model, features_of(self.model.config.task)),
            "inputs": curves_of(self.model, self.trace),
        }


def screen(lanes: Sequence[tuple[Model, str]], look: Look, settings: Settings) -> Markup:
    """Return the first screen of ``lanes``, each a model and its text, as a fragment of HTML. Raises as ``runs_of``.

    Of a text in which there is nothing to read, it is an invitation; where there would be too many numbers, it says
    how many words fit.
    """
    if is_blank(*lanes[0], settings):
        return invitation(lanes[0][0], look)
    try:
        return drawn(runs_of(lanes, look, settings), look, settings)
    except TooLargeError as error:
        return too_large(error, look)


def runs_of(lanes: Sequence[tuple[Model, str]], look: Look, settings: Settings) -> list[Run]:
    """Return what each of ``lanes``, a model and its text, does.

    Raises a problem if a text is empty or too long, an edit does not fit, or a number overflows; TooLargeError if there
    would be too many numbers.
    """
    takes_edits = [look.applied if place == 0 or look.compare != "text" else () for place in range(len(lanes))]
    return [run(model, text, edits, look, settings) for (model, text), edits in zip(lanes, takes_edits, strict=True)]


def missing(look: Look, first: Run) -> list[str]:
    """Return the fields of ``look`` that name a step, a layer or a unit that ``first`` does not have."""
    trace = first.trace
    limits = {"layer": len(list(first.model.network.layers())), "unit": first.subject.layer["h"].shape[1]}
    if len(trace) < MOST_STEPS:  # else there may be more
        limits["step"] = look.start + len(trace)
    given = {name: getattr(look, name) for name in limits}
    return [name for name, value in given.items() if value is not None and value >= limits[name]]


def drawn(runs: Sequence[Run], look: Look, settings: Settings) -> Markup:
    """Return the first screen of ``runs``, from ``runs_of``, as a fragment of HTML."""
    if len(runs) == 1:
        return Markup(_of_one(runs[0], look, settings.engine))  # noqa: S704
    options: dict[str, Any] = {"width": look.width, "height": look.height or HEIGHT}
    options |= {"push_scale": _push_scale(runs), "address_of": _choosing(look)}
    if look.compare == "text":
        texts = [(each.subject, text) for each, text in zip(runs, (look.text or "", look.other), strict=True)]
        return Markup(texts_screen(*texts, column=_step(look), **options))  # noqa: S704
    if len({tuple(token.text for token in each.trace.tokens) for each in runs}) > 1:
        scales = scales_of([each.subject for each in runs], _push_scale(runs))
        each_drawn = [_of_one(each, look, settings.engine, f"first-{at}", scales) for at, each in enumerate(runs)]
        return Markup("".join(each_drawn))  # noqa: S704
    compared = [
        Compared(each.model.config.title, each.trace, each.parts, each.model.statistics, terms_of(each.model))
        for each in runs
    ]
    return Markup(compared_screen(compared, chosen=_step(look), **options))  # noqa: S704


def _push_scale(runs: Sequence[Run]) -> float | None:
    """Return how large pushes get over held-out text; None if one of the models with a memory has not been measured."""
    measured = [each.model.statistics for each in runs if each.parts is not None]
    scales = [None if each is None else each.push_scale for each in measured]
    known = [each for each in scales if each is not None]
    return max(known) if known and len(known) == len(scales) else None


def run(model: Model, text: str, edits: Sequence[Edit], look: Look, settings: Settings) -> Run:
    """Return what ``model`` does with the steps of ``text`` that one picture shows. Raises what ``runs_of`` raises."""
    letters = model.config.network.cell_definition.activations
    fitting = [each.to_dict() for each in edits if each.letter is None or each.letter in letters]
    gateless = not model.config.network.cell_definition.gates  # its arithmetic begins with the sum
    written, stop = as_written(model, text), look.start + MOST_STEPS
    place, top = shown_place(model, look), shown_top(model.config.network.outputs)
    layer, direction = place
    options: dict[str, Any] = {"layers": [layer], "directions": [direction], "pre_activations": gateless, "top": top}
    part = TraceBody(**written, start=look.start, stop=stop, **options)
    plan = plan_trace(model, part, settings, streamed=True)  # the limit is that of the picture
    if passed(plan.demands(plan.stop - plan.start), settings) is not None:
        raise TooLargeError(plan, text)
    plain = _with_parts(model, plan.run(), place)
    if not fitting:
        return Run(model, *plain, None)
    edited = plan_trace(model, part.model_copy(update={"edits": fitting}), settings).run()
    return Run(model, *_with_parts(model, edited, place), plain)


def shown_place(model: Model, look: Look) -> tuple[int, Direction]:
    """Return the layer and direction that is drawn: the chosen one, or the last if there are fewer.

    None was chosen, or the cell has no path of memory: the last layer, which the head reads.
    """
    places, network = list(model.network.layers()), model.config.network
    if look.shown_layer is None or network.cell_definition.memory is None:
        return network.layers - 1, "forward"
    return places[min(look.shown_layer, len(places) - 1)]


def _with_parts(model: Model, traced: Trace, place: tuple[int, Direction]) -> tuple[Trace, Decomposition | None]:
    """Return a trace, and what the memory at ``place`` is made of."""
    shown = model.named(traced)
    return shown, parts_of(shown, place, model.config.network.cell_definition)


def _of_one(each: Run, look: Look, engine: Engine, name: str = "first", scales: Scales | None = None) -> str:
    return first_screen(
        each.trace,
        each.parts,
        **each.drawn,
        notes=notes_on(each.model),
        width=look.width,
        height=look.height or HEIGHT,
        chosen=_step(look),
        before=each.before,
        scales=scales,
        push_scale=_push_scale([each]),
        name=name,
        has_panel=name == "first",
        unit=look.unit,
        address_of=_choosing(look),
        aside=_aside(each, look, engine) if name == "first" else "",
    )


def _aside(each: Run, look: Look, engine: Engine) -> str:
    """Return what stands next to the finding."""
    return unread(each.model, look, each.trace.tokens) or experiment(each, look, engine)


def way_back(address: str) -> str:
    """Return a link back from edits."""
    return f'<p class="experiment"><a class="undo" href="{safe(address)}">Undo your changes</a></p>'


def experiment(each: Run, look: Look, engine: Engine) -> str:
    """Return a link to the experiment that tells most: one word is kept from being written; or back from edits."""
    if look.edits:
        return way_back(look.address(edits=""))
    verdict = verdict_of(each.trace, each.parts, terms_of(each.model))
    if verdict is None or each.trace.start:
        return ""
    subject = each.subject
    told = finding_of(subject).text.casefold()
    named = [step for step in range(len(subject)) if subject.named(step).casefold() in told]
    if (strongest := unwritten(each.model.network, each.trace, verdict.outputs, engine, named)) is None:
        return ""
    address = look.address(edits=short_form([strongest.edit]), step=strongest.step)
    link = f'<a href="{safe(address)}">Stop it remembering {safe(subject.named(strongest.step))}</a>'
    reason = "" if strongest.step in named else f"<small>{safe(_reason(subject.noun, strongest))}</small>"
    return f'<p class="experiment">{link}{reason}</p>'


def _reason(noun: str, strongest: Unwritten) -> str:
    """Return why the experiment is about a word that the finding does not name."""
    ends = f"If this {noun} is not remembered, the verdict ends at {plain(strongest.final)}"
    only = f": no other {noun} matters as much" if strongest.lead >= CLEARLY else ""
    return f"{ends}, not {plain(strongest.without)}{only}."


def _step(look: Look) -> int | None:
    """Return the step that was chosen, counted from the first that is shown."""
    return None if look.step is None or look.step < look.start else look.step - look.start


def _choosing(look: Look) -> Callable[[int], str]:
    """Return what gives the address at which a step of the picture is chosen.

    Where each would hold a text that is too long for an address, it says only the step, of the address that is open.
    """
    if len(look.address()) > LONGEST_QUERY:
        return lambda t: f"#step={t + look.start}"
    return lambda t: look.address(step=t + look.start)
