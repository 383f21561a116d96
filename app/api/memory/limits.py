"""What a request for memory asks for, checked against its model and the limits of the server."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial

from ...recurrent.memory.altered import untrained
from ...recurrent.memory.plan import MemoryOptions, MemoryPlan
from ...recurrent.memory.subject import Subject
from ...recurrent.memory.work import work
from ...recurrent.network import Network
from ...recurrent.option_error import OptionError
from ...recurrent.overflow import RangeError
from ...recurrent.tokenizer import Token
from ...settings import Settings
from ...store.model import Model
from ...training.trainer import started
from ..wire import problems
from ..wire.fitting import Demand, how_many_fit, most, most_steps, passed
from ..wire.sequence import tokens_of
from .schemas import MemoryBody


def plan_within_limits(model: Model, body: MemoryBody, settings: Settings) -> MemoryPlan:
    """Return what ``body`` asks for, traced and otherwise not yet computed.

    Raises a problem that names the option and what would be right, or the limit that it would pass.
    """
    tokens = tokens_of(model, body, settings)
    plan = plan_over(tokens, model, body, settings)
    _require_within_limits(plan, settings)
    try:
        plan.trace  # noqa: B018  an overflow must become a problem before the headers go out
    except RangeError as error:
        advice = f"Lower alpha, which is {body.alpha:g}, or send a shorter text"
        raise problems.states_overflow(error.what, error.step, len(tokens), error.dtype, advice) from None
    return plan


def plan_over(tokens: Sequence[Token], model: Model, body: MemoryBody, settings: Settings) -> MemoryPlan:
    """Return what ``body`` asks for over ``tokens``, whatever it takes. Raises a problem that names the option."""
    options = MemoryOptions(**{each.name: getattr(body, each.name) for each in fields(MemoryOptions)})
    subject = Subject(_network(model, body), tuple(tokens), model.next_outputs)
    try:
        return MemoryPlan.of(subject, options, settings.engine)
    except OptionError as error:
        raise problems.invalid_request(error.option, error.reason) from None


CAUTION = 2  # what an answer may take of the estimate: the estimate is rough, and others compute, too


def demands(plan: MemoryPlan, steps: int) -> list[Demand]:
    """Return what the answer takes if it is about so many steps of the text."""
    part = replace(plan, stop=plan.start + steps)
    return [
        Demand("max_held", part.numbers_held(), "numbers held at a time"),
        Demand("max_values", part.numbers_returned(), "numbers sent"),
    ]


def seconds(plan: MemoryPlan, steps: int, rate: float) -> float:
    """Estimate how long the answer takes if it is about so many steps of the text, by the ``rate`` of the machine."""
    return sum(work(replace(plan, stop=plan.start + steps)).values()) / rate


def steps_in_time(plan: MemoryPlan, rate: float, settings: Settings) -> int:
    """Return of how many steps an answer can be expected to end in time; 0: not even of one."""
    return most(plan.steps, lambda steps: CAUTION * seconds(plan, steps, rate) <= settings.max_seconds)


def _network(model: Model, body: MemoryBody) -> Network:
    """Return the network with the weights that ``body`` asks for."""
    if body.weights == "trained":
        return model.network
    config = model.config
    if body.weights == "untrained, as it started":
        seed = body.seed if "seed" in body.model_fields_set else config.seed
        if config.start is None or seed is None:
            missing = "start" if config.start is None else "seed"
            reason = f"the config.json of {model.id} has no {missing}, so how it started is not known"
            raise problems.invalid_request("weights", f"{reason}; send 'untrained'")
        return started(config.network, config.start, seed)
    try:
        return untrained(config.network, body.seed, 1.0 if body.weights != "untrained" else None)
    except ValueError as error:
        raise problems.invalid_request("weights", f"{error}; send 'untrained'") from None


def how_much_fits(plan: MemoryPlan, done: float) -> str:
    """Return what to ask for instead of ``plan``, of which the share ``done`` was done in time."""
    steps = int(plan.steps * math.sqrt(done))  # the work grows with the pairs of steps
    few = f"Of {plan.steps:,} steps, about {steps:,} fit: narrow" if steps else "Narrow"
    return f"{few} the request with start and stop, layers or parts, or send a shorter text"


def _require_within_limits(plan: MemoryPlan, settings: Settings) -> None:
    """Raise a problem, which says how many steps fit, if it holds or sends too much for one answer."""
    if (much := passed(demands(plan, plan.steps), settings)) is None:
        return
    of_all = f"{plan.steps:,} steps of {len(plan.subject.tokens):,}"
    fits = how_many_fit(most_steps(plan.steps, partial(demands, plan), settings), plan.steps)
    advice = f"Narrow the request with start and stop ({fits}), layers or parts, or send a shorter text"
    raise problems.too_much_work(of_all, much.numbers, much.what, much.limit(settings), advice)
