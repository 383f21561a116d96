"""Decompositions: what the memory is made of at each word of a text."""

from asyncio import Semaphore
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from ..wire.negotiation import JSON, Asked, asked_for, is_json
from ..wire.openapi import problem_responses
from .answer import plan_decomposition
from .schemas import DecompositionAnswer, DecompositionBody

router = APIRouter(prefix="/models/{model}", tags=["decompositions"])

AnAsked = Annotated[Asked, Depends(asked_for(JSON))]

SHORT_WORK = 10_000_000  # multiply-adds: about a millisecond
AT_ONCE = 2  # longer ones computed at a time; others wait, as each may take hundreds of megabytes

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": DecompositionAnswer, "description": "The decomposition."},
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


def install(app: FastAPI) -> None:
    """Limit the work that ``app`` does at a time."""
    app.state.decomposition_turns = Semaphore(AT_ONCE)


@router.post(
    "/decompositions",
    summary="What the memory is made of",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_decomposition(asked: AnAsked, options: DecompositionBody) -> Response:
    """Decompose the memory at each word: how much of what each wrote is left, and its share of an output's logit."""
    is_plain = not options.edits  # of which some run other texts
    plan = asked.model, options, asked.state.settings
    planned = plan_decomposition(*plan) if is_plain else await run_in_threadpool(plan_decomposition, *plan)
    if is_plain and planned.work() <= SHORT_WORK:
        return Response(planned.json(), media_type=JSON)
    async with asked.state.decomposition_turns:
        return Response(await run_in_threadpool(planned.json), media_type=JSON)
