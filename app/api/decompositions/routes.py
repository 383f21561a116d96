"""Decompositions: what the memory is made of at each word of a text."""

from asyncio import Semaphore
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.responses import Response

from ..wire.bounded import BoundedRoute
from ..wire.computing import computed, watch_of
from ..wire.negotiation import JSON, Asked, asked_for, is_json
from ..wire.openapi import problem_responses
from ..wire.parts import in_parts
from .answer import how_much_fits, plan_decomposition
from .schemas import DecompositionAnswer, DecompositionBody

router = APIRouter(prefix="/models/{model}", tags=["decompositions"], route_class=BoundedRoute)

AnAsked = Annotated[Asked, Depends(asked_for(JSON))]

SHORT_NUMBERS, SHORT_WORK = 20_000, 10_000_000  # numbers to write, and multiply-adds: a millisecond or two
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
    asked_of = asked.model, options, asked.state.settings
    watch = watch_of(asked.state.settings, partial(how_much_fits, options))
    if is_plain:
        planned = plan_decomposition(*asked_of)
        if planned.work() <= SHORT_WORK and planned.numbers_sent() <= SHORT_NUMBERS:
            return in_parts(planned.json(), JSON)
    async with asked.state.decomposition_turns:
        if not is_plain:
            planned = await computed(asked.request, watch, plan_decomposition, *asked_of)
        return in_parts(await computed(asked.request, watch, planned.json), JSON)
