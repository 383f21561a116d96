"""Rankings: which units, gates, words or patches matter for an output."""

from asyncio import Semaphore
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import CollectorRegistry, Counter
from starlette.responses import Response

from ..wire.bounded import BoundedRoute
from ..wire.negotiation import JSON, JSONL, Asked, asked_for, is_json
from ..wire.openapi import problem_responses
from ..wire.slices import Turns, answer_in_slices, progress_lines
from .answer import ranking_content
from .limits import how_much_fits, plan_within_limits, steps_of_work
from .schemas import RankingAnswer, RankingBody

router = APIRouter(prefix="/models/{model}", tags=["rankings"], route_class=BoundedRoute)

AnAsked = Annotated[Asked, Depends(asked_for(JSON, JSONL))]

AT_ONCE = 2  # answers computed at a time; others wait, as each may take a hundred megabytes

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": RankingAnswer,
        "description": "The answer; with `Accept: application/jsonl`, lines that tell the progress before it.",
        "content": progress_lines(RankingAnswer),
    },
    **problem_responses(
        400,
        404,
        406,
        415,
        503,
        s413="The text, the body, the work or the answer is too large.",
        s422="A field is wrong, the states overflow, or the cell has no path of memory.",
    ),
}


def install(app: FastAPI, registry: CollectorRegistry) -> None:
    """Limit the work that ``app`` does at a time, and count the abandoned answers in ``registry``."""
    abandoned = "gatescope_rankings_abandoned", "Rankings abandoned because their client had gone."
    app.state.ranking_turns = Turns(Semaphore(AT_ONCE), Counter(*abandoned, registry=registry))


@router.post(
    "/rankings",
    summary="Which parts matter",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_ranking(asked: AnAsked, options: RankingBody) -> Response:
    """Edit each unit, gate, word or patch in a run of its own, and rank them by their effect on an output."""
    plan = partial(plan_within_limits, asked.model, options, asked.state.settings)
    content = partial(ranking_content, model=asked.model)
    return await answer_in_slices(asked, plan, steps_of_work, content, asked.state.ranking_turns, how_much_fits)
