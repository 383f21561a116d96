"""What a request for a ranking asks for, checked against its model and the limits of the server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ...recurrent.decomposition.path import NoPathError
from ...recurrent.option_error import OptionError
from ...recurrent.overflow import RangeError
from ...recurrent.ranking.batch import plain_output
from ...recurrent.ranking.kind import Choices
from ...recurrent.ranking.measure import ranking_steps
from ...recurrent.ranking.plan import RankingOptions, RankingPlan
from ...recurrent.ranking.report import Ranking
from ...recurrent.ranking.subject import subject_of_network
from ...recurrent.tokenizer import Token
from ...recurrent.trace import Trace, trace
from ...settings import Settings
from ...store.model import Model
from ..wire import problems
from ..wire.edits import bound_edits
from ..wire.fitting import Demand, how_many_fit, most_steps, passed
from ..wire.sequence import tokens_of
from ..wire.slices import Steps
from .schemas import RankingBody

NUMBERS_OF_A_PART = 5
_ADVICE = {"max_held": "Send a shorter text", "max_values": "Name fewer units or steps, or send a shorter text"}


def plan_within_limits(model: Model, body: RankingBody, settings: Settings) -> RankingPlan:
    """Return what ``body`` asks for, checked and otherwise not yet computed.

    Raises a problem that names the option and what would be right, or the limit that it would pass.
    """
    tokens = tokens_of(model, body, settings)
    if model.network.head is None:
        raise problems.invalid_request(
            "output", f"{model.id} has no head, and so no output that parts could matter for"
        )
    if (total := body.size + len(body.other or body.other_values or ())) > settings.max_text:
        too_long = problems.sequence_too_long if model.tokenizer is None else problems.text_too_long
        raise too_long(total, settings.max_text, "This and the other one have together")
    if body.other is not None and body.other_values is not None:
        raise problems.invalid_request("other_values", "are sent together with other; send one of the two")
    try:
        with _overflow_as_a_problem(len(tokens)):
            plan = plan_over(tokens, model, body, settings)
            _require_within_limits(plan, tokens, model, body, settings)
            plain_output(plan)  # what does not fit must become a problem before the headers go out
    except OptionError as error:
        raise problems.invalid_request(error.option, error.reason) from None
    except NoPathError as error:
        raise problems.no_memory_path(str(error)) from None
    return plan


def plan_over(tokens: list[Token], model: Model, body: RankingBody, settings: Settings) -> RankingPlan:
    """Return what ``body`` asks for over ``tokens``, whatever it takes.

    Raises OptionError if an option does not fit, and NoPathError for words of a cell that has no path of memory.
    """
    edits = bound_edits(model, body, len(tokens), body.edits, settings)
    subject = subject_of_network(model.network, tokens, edits, model.resources(_tracer(model, settings)), model.named)
    fields = ("letter", "to", "units", "steps")
    other = body.other if body.other_values is None else body.other_values
    options = RankingOptions(
        output=body.output,
        layer=body.layer,
        direction=body.direction,
        choices=Choices(**{name: getattr(body, name) for name in fields}, other=other),
        by=body.by,
        together=body.together,
        draws=body.draws,
    )
    return RankingPlan.of(subject, body.kind, options, settings.engine)


def demands(plan: RankingPlan) -> list[Demand]:
    """Return what the answer takes."""
    return [
        Demand("max_held", plan.numbers_held(), "numbers held at a time"),
        Demand("max_values", NUMBERS_OF_A_PART * plan.runs, "numbers sent"),
    ]


def steps_of_work(plan: RankingPlan) -> Steps[Ranking]:
    """Do the work of ``plan``. Raises a problem if a number overflows where parts are edited."""
    with _overflow_as_a_problem(len(plan.subject)):
        return (yield from ranking_steps(plan))


@contextmanager
def _overflow_as_a_problem(steps: int) -> Iterator[None]:
    try:
        yield
    except RangeError as error:
        raise problems.states_overflow(error.what, error.step, steps, error.dtype, "Send a shorter text") from None


def _tracer(model: Model, settings: Settings) -> Callable[[Any], Trace]:
    """Return what traces the other text, or the other values."""

    def traced(other: Any) -> Trace:
        try:
            return trace(model.network, model.tokens(other), None, settings.engine, overflow="refuse", on_demand=True)
        except RangeError as error:
            raise ValueError(f"cannot be traced: {error}") from None

    return traced


def how_much_fits(plan: RankingPlan, done: float) -> str:
    """Return what to ask for instead of ``plan``, of which the share ``done`` was done in time."""
    runs = int(plan.runs * done)
    few = f"Of {plan.runs:,} runs over {len(plan.subject):,} steps, about {runs:,} fit: name" if runs else "Name"
    return f"{few} fewer units or steps, ask for fewer groups and draws, or send a shorter text"


def _require_within_limits(
    plan: RankingPlan, tokens: list[Token], model: Model, body: RankingBody, settings: Settings
) -> None:
    """Raise a problem if it holds or sends too much for one answer; it says how many steps fit where these decide."""
    if (much := passed(demands(plan), settings)) is None:
        return
    advice = _ADVICE[much.setting]
    if not (body.other or body.other_values or body.steps or body.edits):  # which are of a text of this length

        def over(steps: int) -> list[Demand]:
            return demands(plan_over(tokens[:steps], model, body, settings))

        advice = f"{advice} ({how_many_fit(most_steps(len(tokens), over, settings), len(tokens))})"
    runs = f"{plan.runs:,} runs over {len(plan.subject):,} steps"
    raise problems.too_much_work(runs, much.numbers, much.what, much.limit(settings), advice)
