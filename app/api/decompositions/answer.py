"""A ``Decomposition`` that a request asks for, and the content of its answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from ...recurrent.decomposition.measure import decompose
from ...recurrent.decomposition.pairs import Array
from ...recurrent.decomposition.path import NoPathError, memory_of
from ...recurrent.decomposition.report import Decomposition
from ...recurrent.edits.binding import Bound
from ...recurrent.option_error import OptionError
from ...recurrent.overflow import RangeError
from ...recurrent.ranking.measure import ranked
from ...recurrent.ranking.plan import RankingOptions, RankingPlan
from ...recurrent.ranking.subject import subject_of_network
from ...recurrent.tokenizer import Token
from ...recurrent.trace import trace
from ...settings import Settings
from ...store.model import Model
from ..wire import problems
from ..wire.edits import bound_edits, edits_content
from ..wire.encoding import json_parts, typed_array
from ..wire.fitting import Demand, how_many_fit, most_steps, passed
from ..wire.sequence import tokens_of
from .schemas import DecompositionBody, DecompositionPart

Content = dict[str, Any]
PARTS: tuple[DecompositionPart, ...] = get_args(DecompositionPart)
OF_A_HEAD: frozenset[DecompositionPart] = frozenset({"shares", "cancellation", "change", "effects"})
ONLY_IF_NAMED: frozenset[DecompositionPart] = frozenset({"effects"})  # which take a run for each word
MATRICES: dict[DecompositionPart, int] = {"amounts": 1, "shares": 1, "memory_weights": 1, "change": 2}


@dataclass(frozen=True)
class DecompositionPlan:
    """A decomposition that fits its model and the limits, not yet computed."""

    model: Model
    body: DecompositionBody
    tokens: Sequence[Token]
    edits: Bound
    layer: int
    settings: Settings

    @property
    def parts(self) -> list[DecompositionPart]:
        """What is wanted, in the order of the answer."""
        given = self.body.parts
        return [part for part in PARTS if (part not in ONLY_IF_NAMED if given is None else part in given)]

    def work(self) -> float:
        """Estimate the multiply-adds."""
        network, steps = self.model.config.network, len(self.tokens)
        blocks, size = len(network.cell_definition.blocks), network.hidden_size
        traced = blocks * size * (network.inputs + size) * network.layers * len(network.directions)
        runs = 2 + steps if "effects" in self.parts else 1
        return runs * steps * traced + steps**2 / 2 * size * (2 + sum(MATRICES.get(part, 0) for part in self.parts))

    def numbers_sent(self) -> int:
        """Return about how many numbers the answer holds."""
        steps, size = len(self.tokens), self.model.config.network.hidden_size
        is_per_unit = self.body.source is not None or self.body.time is not None
        columns = steps + 1 + len(self.edits.edits)
        return steps * columns * sum(MATRICES.get(part, 0) for part in self.parts) + 3 * steps * size * is_per_unit

    def numbers_held(self) -> int:
        """Estimate how many numbers are held at a time."""
        network, steps = self.model.config.network, len(self.tokens)
        activations = len(network.cell_definition.activations) * network.layers * len(network.directions)
        return steps * (network.hidden_size * (2 * activations + 12) + 8 * steps)

    def demands(self, steps: int) -> list[Demand]:
        """Return what the answer takes of a text of so many steps."""
        plan = replace(self, tokens=self.tokens[:steps])
        return [
            Demand("max_held", plan.numbers_held(), "numbers held at a time"),
            Demand("max_values", plan.numbers_sent(), "numbers sent"),
        ]

    def json(self) -> list[bytes]:
        """Return the JSON of a ``DecompositionAnswer`` in parts. Raises a problem if an option does not fit."""
        body = self.body
        try:
            traced = trace(
                self.model.network,
                self.tokens,
                None,
                self.settings.engine,
                overflow="refuse",
                edits=self.edits,
                on_demand=True,
            )
        except RangeError as error:
            advice = "Make the edits smaller, or send a shorter text" if self.edits.edits else "Send a shorter text"
            raise problems.states_overflow(error.what, error.step, len(self.tokens), error.dtype, advice) from None
        try:
            decomposition = decompose(
                self.model.named(traced), output=body.output, layer=self.layer, direction=body.direction
            )
            return json_parts(self._content(decomposition) | edits_content(traced.edits, traced.notes))
        except OptionError as error:
            raise problems.invalid_request(error.option, error.reason) from None

    def _effects(self, made: Decomposition) -> Array | None:
        """Return what keeping each word from being written does to the logit after the last step, (T,)."""
        if made.logit is None:
            return None
        model = self.model
        subject = subject_of_network(model.network, self.tokens, self.edits, named=model.named)
        options = RankingOptions(output=made.logit.outputs, layer=made.layer, direction=made.direction, together=())
        plan = RankingPlan.of(subject, "words", options, self.settings.engine)
        return ranked(plan).grid[0, :, 0]

    def _content(self, made: Decomposition) -> Content:
        encode = _as_typed_array if self.body.encoding == "base64" else np.ascontiguousarray
        config, wanted, (gate, value) = self.model.config, self.parts, memory_of(made.cell).writes_nothing
        place: Content = {"layer": made.layer, "direction": made.direction}
        content: Content = {
            "model": self.model.id,
            **place,
            "cell": made.cell,
            "hidden_size": made.state.shape[1],
            "steps": len(made),
            "tokens": [token.to_dict() for token in self.tokens],
            "state": made.letter,
            "columns": made.columns,
            "logit": None,
            "experiment": {"letter": gate, "hold": value, **place},
        }
        if (logit := made.logit) is not None:
            names = [config.outputs[output] for output in logit.outputs]
            content["logit"] = {"output": names[0], "against": (*names, None)[1], "bias": logit.bias}
        for part in wanted:
            given: Any = self._effects(made) if part == "effects" else getattr(made, part)
            if part == "change":
                content[part] = None if given is None else {key: encode(each) for key, each in given._asdict().items()}
            elif given is None or part in MATRICES:
                content[part] = None if given is None else encode(given)
            else:
                content[part] = np.ascontiguousarray(given)
        if self.body.source is not None or self.body.time is not None:
            units = made.per_unit(source=self.body.source, time=self.body.time)
            content["per_unit"] = {"source": self.body.source, "time": self.body.time} | {
                name: None if each is None else encode(each) for name, each in units._asdict().items()
            }
        return content


def plan_decomposition(model: Model, body: DecompositionBody, settings: Settings) -> DecompositionPlan:
    """Return what ``body`` asks for. Raises a problem that says what does not fit, or the limit that it would pass."""
    network = model.config.network
    try:
        memory_of(network.cell)
    except NoPathError as error:
        raise problems.no_memory_path(str(error)) from None
    plan = plan_over(tokens_of(model, body, settings), model, body, settings)
    if (much := passed(plan.demands(len(plan.tokens)), settings)) is not None:
        steps = len(plan.tokens)
        fits = how_many_fit(most_steps(steps, plan.demands, settings), steps)
        advice = f"Send a shorter text ({fits}), or ask for fewer parts"
        raise problems.too_much_work(f"{steps:,} steps", much.numbers, much.what, much.limit(settings), advice)
    return plan


def plan_over(tokens: list[Token], model: Model, body: DecompositionBody, settings: Settings) -> DecompositionPlan:
    """Return what ``body`` asks for over ``tokens``, whatever it takes. Raises a problem that names the option."""
    network = model.config.network
    last = network.layers - 1
    layer = last if body.layer is None else body.layer
    if layer > last:
        raise problems.invalid_request("layer", f"there is no layer {layer}: choose from 0 to {last}")
    asked = sorted(OF_A_HEAD & set(body.parts or ()))
    if asked and layer < last:
        reason = (
            f"{asked[0]!r} is of the last layer, {last}, which is all that the head reads: layer {layer} has no shares"
        )
        raise problems.invalid_request("parts", reason)
    if model.network.head is None and (asked or body.output is not None):
        what = "output" if body.output is not None else "parts"
        raise problems.invalid_request(what, f"{model.id} has no head, and so no output: only amounts can be asked for")
    if body.source is not None and body.time is not None:
        raise problems.invalid_request("time", "is not taken together with source: send one of the two")
    edits = bound_edits(model, body, len(tokens), body.edits, settings)
    return DecompositionPlan(model, body, tokens, edits, layer, settings)


def how_much_fits(body: DecompositionBody, done: float) -> str:
    """Return what to ask for instead, where the share ``done`` of the runs that ``effects`` take was done in time."""
    if "effects" not in (body.parts or ()):
        return "Send a shorter text, or ask for fewer parts"
    length = int(body.size * math.sqrt(done))  # a run for each word, each as long as the text
    of = "characters of the text" if body.text is not None else "steps"
    few = f"About {length:,} of the {body.size:,} {of} fit: send" if length else "Send"
    return f"{few} a shorter text, or leave out effects"


def _as_typed_array(array: Array) -> object:
    return typed_array(np.where(np.isfinite(array), array, np.nan))
