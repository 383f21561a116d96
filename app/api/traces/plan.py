"""What a request for a trace asks for: the steps to run over, and the part of the trace to send, in any form."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import torch

from ...recurrent.edits.binding import NOTHING_BOUND, Bound
from ...recurrent.overflow import RangeError
from ...recurrent.reading import MANY
from ...recurrent.tokenizer import Token
from ...recurrent.trace import Overflow, Trace, trace, trace_in_chunks
from ...settings import Settings
from ...store.model import Model
from ..wire import problems
from ..wire.edits import bound_edits
from ..wire.encoding import json_parts
from ..wire.fitting import Demand, Demands, how_many_fit, most_steps, passed
from ..wire.schemas import Encoding
from ..wire.sequence import tokens_of
from .content import Selection, require_float32, step_lines, trace_content
from .files import csv_rows, npz
from .outputs import likely_outputs, outputs_content
from .schemas import RunBody, TraceBody, TraceOptions, TraceQuery, UnitRows
from .windows import Window

STREAMED = "application/jsonl or text/csv, which are sent in parts"


@dataclass(frozen=True)
class TracePlan:
    """A trace that fits its model and the limits, not yet run: what to run over, and which part of it to send."""

    model: Model
    tokens: list[Token]
    start: int
    stop: int
    selection: Selection
    encoding: Encoding
    settings: Settings
    edits: Bound = NOTHING_BOUND
    top: int | None = None  # outputs after each step, of which the most probable are sent; None: all are

    def json(self) -> list[bytes]:
        """Return the JSON of a ``TraceAnswer`` in parts. Raises a problem, as all forms do, if a number overflows."""
        whole, model = self.run(), self.model
        plain = self._unedited._whole() if self.needs_unedited else None
        outputs = outputs_content(whole, self.top, plain, model.config.outputs, model.next_outputs)
        return json_parts(trace_content(whole, len(self.tokens), model.id, outputs, self.selection, self.encoding))

    def lines(self) -> Iterator[bytes]:
        """Yield the JSON of a ``StepAnswer`` for each step, a chunk of lines at a time, as the network steps."""
        parts = self._encodable(self._parts())
        plain = self._unedited._parts() if self.needs_unedited else repeat(None)
        names, top = self.model.config.outputs, self.top
        with_top = (
            (part, [] if top is None else likely_outputs(part, top, before, names)[0])
            for part, before in zip(parts, plain, strict=False)
        )
        return step_lines(with_top, self.selection, self.encoding)

    def npz(self) -> bytes:
        """Return the arrays for NumPy."""
        return npz(self._whole(), self.model.config.outputs, self.selection, self.top)

    def csv(self) -> Iterator[bytes]:
        """Yield a line of CSV for each number, a chunk of lines at a time, as the network steps."""
        return csv_rows(self._parts(on_demand=True), self.model.id, self.selection)

    def run(self) -> Trace:
        """Return the trace of the steps and layers wanted, with the h of the last layer.

        Raises a problem if a number overflows, or would in the encoding.
        """
        [whole] = self._encodable([self._whole()])
        return whole

    @property
    def needs_unedited(self) -> bool:
        """Whether the run without edits is wanted too, for what it says of the most probable outputs."""
        return self.top is not None and bool(self.edits.edits)

    @property
    def _unedited(self) -> "TracePlan":
        return replace(self, edits=NOTHING_BOUND)

    @property
    def outputs(self) -> int:
        """How many outputs are sent of each step."""
        outputs = self.model.config.network.outputs
        return outputs if self.top is None else min(self.top, outputs)

    @property
    def size(self) -> tuple[int, int, int]:
        """How many steps, units and arrays are sent."""
        units = self.model.config.network.hidden_size if self.selection.units is None else len(self.selection.units)
        if self.selection.window is not None:
            units = min(units, self.selection.window.count)
        layers = sum(self.selection.has(*each) for each in self.model.network.layers())
        return self.stop - self.start, units, layers * len(self.selection.letters)

    def demands(self, steps: int) -> list[Demand]:
        """Return what the answer takes if it is about so many steps. A stream takes nothing of it."""
        _, units, arrays = self.size
        of_a_step = f"{units:,} units × {arrays:,} arrays"
        if self.outputs:
            of_a_step = f"({of_a_step} + {self.outputs:,} output{'s' * (self.outputs > 1)})"
        return [Demand("max_values", steps * (units * arrays + self.outputs), f"{steps:,} steps × {of_a_step}")]

    def _whole(self) -> Trace:
        """Return the trace of the steps wanted."""
        with self.overflow_as_a_problem():
            whole = trace(
                *(self.model.network, self._needed, None, self.settings.engine, *self._options),
                edits=self.edits,
                layers=self.selection.layers,
                on_demand=self.top is not None,
            )
        return whole.span(self.start, self.stop)

    def _parts(self, *, on_demand: bool = False) -> Iterator[Trace]:
        """Yield the trace of the steps wanted, part by part, as they are computed; ``on_demand`` without outputs."""
        size, engine = self.settings.chunk_steps, self.settings.engine
        with self.overflow_as_a_problem():
            parts = trace_in_chunks(
                self.model.network,
                self._needed,
                size,
                engine,
                *self._options,
                edits=self.edits,
                on_demand=on_demand or self.top is not None,
            )
            for part in parts:
                if part.start + len(part) > self.start and part.start < self.stop:
                    yield part.span(max(self.start - part.start, 0), min(self.stop - part.start, len(part)))

    def _encodable(self, parts: Iterable[Trace]) -> Iterable[Trace]:
        """Return ``parts``. Raises a problem, before any is sent, if base64 would make a number infinite."""
        if self.encoding == "base64" and self._is_double:
            parts = list(parts)
            with self.overflow_as_a_problem():
                for part in parts:
                    require_float32(part, self.selection)
        return parts

    @property
    def _is_double(self) -> bool:
        return self.model.network.dtype == torch.float64

    @property
    def _options(self) -> tuple[bool, Overflow]:
        """Whether to compute pre-activations, and what an overflow leads to."""
        return any(letter.startswith("a_") for letter in self.selection.letters), "refuse"

    @contextmanager
    def overflow_as_a_problem(self) -> Iterator[None]:
        """Raise a problem, which says what to do, in the place of a RangeError."""
        try:
            yield
        except RangeError as error:
            remedies = ["make the edits smaller"] if self.edits.edits else []
            if error.step > 0:
                remedies.append("send a shorter text")
                if not self.model.config.network.bidirectional:
                    remedies.append(f"set stop to {error.step:,} or less")
            if self.encoding == "base64" and self._is_double:
                remedies.append('ask for another "encoding"')
            advice = ", or ".join(remedies) or "the weights of the model are too large for this text"
            advice = advice[0].upper() + advice[1:]
            raise problems.states_overflow(error.what, error.step, len(self.tokens), error.dtype, advice) from None

    @property
    def _needed(self) -> list[Token]:
        """The tokens to run over for the steps before ``stop``: a backward layer starts at the last token."""
        return self.tokens if self.model.config.network.bidirectional else self.tokens[: self.stop]


def plan_trace(
    model: Model, options: TraceBody | TraceQuery, settings: Settings, *, streamed: bool = False
) -> TracePlan:
    """Return the trace that ``options`` ask for. A stream is exempt from the limit on the size of an answer.

    Raises a problem that names the option and what would be right.
    """
    plan = plan_unedited(model, options, settings)
    if not streamed:
        require_sent(plan, plan.demands, f", or ask for {STREAMED}")
    return with_edits(plan, options)


def require_sent(plan: TracePlan, demands: Callable[[int], Demands], others: str = "") -> None:
    """Raise a problem, which says how many steps fit, if an answer about those of ``plan`` holds too many numbers.

    ``demands`` says what it takes of so many steps, and ``others`` what else may be asked for.
    """
    steps, settings = plan.stop - plan.start, plan.settings
    if (much := passed(demands(steps), settings)) is None:
        return
    if plan.top is None and plan.outputs > MANY:
        others = f", or set top, for only the most probable outputs{others}"
    fits = how_many_fit(most_steps(steps, demands, settings), steps)
    raise problems.answer_too_large(much.numbers, much.what, much.limit(settings), fits, others)


def plan_unedited(model: Model, options: TraceOptions, settings: Settings) -> TracePlan:
    """Return the trace that ``options`` ask for, but without its edits. Raises a problem as ``plan_trace`` does."""
    return unedited_over(tokens_of(model, options, settings), model, options, settings)


def unedited_over(tokens: list[Token], model: Model, options: TraceOptions, settings: Settings) -> TracePlan:
    """Return the trace of ``tokens`` that the other ``options`` ask for. Raises a problem as ``plan_trace`` does."""
    network = model.config.network
    stop = min(options.stop or len(tokens), len(tokens))
    if options.start >= stop:
        reason = f"{options.start} is not below {stop}, where the steps asked for end; {_whole(options)} {len(tokens)}"
        raise problems.invalid_request("start", reason)
    for name, size in (("layers", network.layers), ("units", network.hidden_size)):
        for index in getattr(options, name) or []:
            if index >= size:
                raise problems.invalid_request(
                    name, f"there is no {name[:-1]} {index}: {model.id} has {name} 0 to {size - 1}"
                )
    letters = network.cell_definition.activations
    for letter in options.activations or []:
        if letter not in letters:
            raise problems.invalid_request(
                "activations",
                f"there is no {letter!r} in {model.id} ({network.cell}): choose from {', '.join(letters)}",
            )
    wanted = [letter for letter in letters if options.activations is None or letter in options.activations]
    if isinstance(options, RunBody) and options.pre_activations:
        before = [f"a_{letter}" for letter in wanted]
        wanted += [name for name in before if name in network.cell_definition.pre_activations]
    selection = Selection(
        layers=frozenset(options.layers if options.layers is not None else range(network.layers)),
        letters=wanted,
        units=options.units,
        **(_part(model, options, stop) if isinstance(options, TraceBody) else {}),
    )
    return TracePlan(model, tokens, options.start, stop, selection, options.encoding, settings, top=options.top)


def _part(model: Model, options: TraceBody, stop: int) -> dict[str, Any]:
    """Return the fields of a ``Selection`` that only a body has. Raises a problem that names what does not fit."""
    network, rows = model.config.network, options.rows
    for direction in options.directions or []:
        if direction not in network.directions:
            raise problems.invalid_request("directions", f"{model.id} has no {direction} layers")
    if rows is not None and options.units is not None:
        raise problems.invalid_request("rows", "leave it out, or `units`: both say which units to send")
    if rows is not None and rows.containing is not None and rows.containing >= network.hidden_size:
        reason = f"there is no unit {rows.containing}: {model.id} has units 0 to {network.hidden_size - 1}"
        raise problems.invalid_request("rows.containing", reason)
    return {
        "directions": None if options.directions is None else frozenset(options.directions),
        "window": None if rows is None else _window(model, rows, options.start, stop),
        "summarised": options.summary,
    }


def _window(model: Model, rows: UnitRows, start: int, stop: int) -> Window:
    first, last = max(rows.start, start), min(rows.stop or stop, stop)
    if first >= last:
        reason = f"{rows.start} is not below {last}, where the steps that are compared end"
        raise problems.invalid_request("rows.start", reason)
    at = rows.at if rows.at is not None and first <= rows.at < last else last - 1
    return Window(
        state=model.config.network.cell_definition.carrier,
        by=rows.by,
        at=at - first,
        rows=slice(first - start, last - start),
        first=rows.first,
        count=rows.count,
        containing=rows.containing,
    )


def _whole(options: TraceOptions) -> str:
    return "the text has" if options.text is not None else "there are"


def with_edits(plan: TracePlan, options: TraceOptions) -> TracePlan:
    """Return ``plan`` with the edits that ``options`` ask for. Raises a problem that names the edit and its field."""
    bound = bound_edits(plan.model, options, len(plan.tokens), options.edits, plan.settings)
    return replace(plan, edits=bound)
