"""What fits the limits: by the plans that refuse what does not, over steps that stand in for those of a text."""

from collections.abc import Callable, Sequence
from functools import partial

from ...recurrent.decomposition.path import NoPathError
from ...recurrent.memory.plan import OF_HEAD, PARTS, MemoryPart, MemoryPlan
from ...recurrent.option_error import OptionError
from ...recurrent.ranking import KINDS, KindName
from ...recurrent.tokenizer import Token
from ...settings import PREFIX, Settings
from ...store.model import Model
from ..decompositions.answer import plan_over as decomposition_over
from ..decompositions.schemas import DecompositionBody
from ..experiments.answer import demands as experiment_demands
from ..memory.limits import demands as memory_demands
from ..memory.limits import plan_over as memory_over
from ..memory.limits import seconds, steps_in_time
from ..memory.schemas import MemoryBody
from ..rankings.limits import demands as ranking_demands
from ..rankings.limits import plan_over as ranking_over
from ..rankings.schemas import RankingBody
from ..traces.plan import unedited_over
from ..traces.schemas import TraceBody
from ..wire import problems
from ..wire.fitting import Demand, Demands, most_steps, passed
from .schemas import Fit, Limit, LimitsAnswer, MemoryFit

DemandsOver = Callable[[int], Demands]  # of an answer over so many steps
OF_TWO_TEXTS: frozenset[KindName] = frozenset({"patches"})


def limits(
    model: Model,
    steps: int,
    layers: Sequence[int] | None,
    parts: Sequence[MemoryPart] | None,
    settings: Settings,
    rate: float,
) -> LimitsAnswer:
    """Return of how many of ``steps`` each answer fits, and about how long memory takes.

    ``rate`` is what the machine computes, as ``measured_rate`` gives it. Raises a problem that names what the model
    does not have.
    """
    if steps > settings.max_text:
        limit = f"{settings.max_text:,}, the longest text of this server ({PREFIX}MAX_TEXT)"
        raise problems.invalid_request("steps", f"{steps:,} are more than {limit}")
    tokens = _stand_in(model, steps)
    every = list(range(model.config.network.layers)) if layers is None else list(layers)
    has_path = model.network.config.cell_definition.memory is not None
    possible = [part for part in PARTS if model.network.head is not None or part not in OF_HEAD]

    def fit(of: Callable[[list[int]], DemandsOver]) -> Fit:
        """Return what fits of the layers asked about, and of one of them."""
        return _fit(steps, of(every), settings, of_one_layer=of(every[:1]))

    def planned(parts: Sequence[MemoryPart] | None, layers: list[int]) -> MemoryPlan:
        body = MemoryBody(layers=layers, parts=None if parts is None else list(parts))
        return memory_over(tokens, model, body, settings)

    def memory(parts: Sequence[MemoryPart] | None) -> MemoryFit:
        plan, held = planned(parts, every), fit(lambda layers: partial(memory_demands, planned(parts, layers)))
        return MemoryFit(**dict(held), seconds=seconds(plan, steps, rate), in_time=steps_in_time(plan, rate, settings))

    def traced(layers: list[int]) -> DemandsOver:
        return unedited_over(tokens, model, TraceBody(layers=layers), settings).demands

    def experiment(layers: list[int]) -> DemandsOver:
        return partial(experiment_demands, unedited_over(tokens, model, TraceBody(layers=layers), settings))

    return LimitsAnswer(
        model=model.id,
        steps=steps,
        layers=every,
        trace=fit(traced),
        experiment=fit(experiment),
        max_seconds=settings.max_seconds,
        memory=memory(parts),
        memory_parts={part: memory([part]) for part in possible},
        decomposition=_fit(steps, decomposition_over(tokens, model, DecompositionBody(), settings).demands, settings)
        if has_path
        else None,
        rankings=_rankings(model, tokens, settings),
    )


def _stand_in(model: Model, steps: int) -> list[Token]:
    """Return so many steps of what ``model`` reads: how much an answer takes depends on nothing else of them."""
    if model.tokenizer is None:
        return [Token.of_numbers(step, [0.0] * model.config.network.inputs) for step in range(steps)]
    return [Token("", 0, 0, 0, known=False)] * steps


def _fit(steps: int, demands: DemandsOver, settings: Settings, of_one_layer: DemandsOver | None = None) -> Fit:
    return Fit(
        steps=most_steps(steps, demands, settings),
        of_one_layer=None if of_one_layer is None else most_steps(steps, of_one_layer, settings),
        limit=_limit(passed(demands(steps), settings), settings),
    )


def _limit(much: Demand | None, settings: Settings) -> Limit | None:
    if much is None:
        return None
    setting = f"{PREFIX}{much.setting.upper()}"
    return Limit(setting=setting, value=much.limit(settings), numbers=much.numbers, what=much.what)


def _rankings(model: Model, tokens: list[Token], settings: Settings) -> dict[KindName, Fit]:
    """Return what fits of each kind of ranking that ``model`` has."""
    fits: dict[KindName, Fit] = {}
    for kind in KINDS:
        if model.network.head is None or kind in OF_TWO_TEXTS:
            continue
        body = RankingBody(kind=kind, to="zero" if kind == "gates" else None)  # as for the mean, which not all have

        def over(steps: int, body: RankingBody = body) -> list[Demand]:
            return ranking_demands(ranking_over(tokens[:steps], model, body, settings))

        try:
            fits[kind] = _fit(len(tokens), over, settings)
        except (NoPathError, OptionError):  # the cell has no such parts
            continue
    return fits
