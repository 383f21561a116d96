"""Experiments: what edits change in a run over a text."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from ..wire.bounded import BoundedRoute
from ..wire.computing import computed, watch_of
from ..wire.negotiation import JSON, Asked, asked_for, is_json
from ..wire.openapi import problem_responses
from ..wire.parts import in_parts
from .answer import plan_experiment
from .schemas import ExperimentAnswer, ExperimentBody

router = APIRouter(prefix="/models/{model}", tags=["experiments"], route_class=BoundedRoute)

AnAsked = Annotated[Asked, Depends(asked_for(JSON))]

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": ExperimentAnswer, "description": "Both runs, and their difference."},
    **problem_responses(
        400,
        404,
        406,
        415,
        503,
        s413="The text, the body or the answer is too large.",
        s422="A field is wrong, or the states overflow.",
    ),
}


@router.post(
    "/experiments",
    summary="What edits change",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_experiment(asked: AnAsked, options: ExperimentBody) -> Response:
    """Run the model over a text without the edits and with them, and answer with both runs and their difference."""
    watch = watch_of(asked.state.settings)
    return in_parts(await computed(asked.request, watch, _answer, asked, options), JSON)


def _answer(asked: Asked, options: ExperimentBody) -> list[bytes]:
    return plan_experiment(asked.model, options, asked.state.settings).json()
