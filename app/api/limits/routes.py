"""What fits the limits of this server."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from ...recurrent.memory.plan import MemoryPart
from ..traces.schemas import MOST_LIKELY
from ..wire.bounded import BoundedRoute
from ..wire.model import AModel
from ..wire.openapi import problem_responses
from ..wire.schemas import Choice, Index
from .answer import limits
from .schemas import LimitsAnswer

router = APIRouter(prefix="/models/{model}", tags=["limits"], route_class=BoundedRoute)


@router.get("/limits", summary="What fits the limits", responses=problem_responses(404, 422, 503))
def get_limits(
    request: Request,
    model: AModel,
    steps: Annotated[int, Query(ge=1, description="T: tokens of a text, or steps of values.")],
    layers: Annotated[Choice[Index], Query(description="The layers wanted; left out: all.")] = None,
    parts: Annotated[
        Choice[MemoryPart], Query(description="The parts of memory wanted together; left out: all but `occlusion`.")
    ] = None,
    top: Annotated[
        int | None,
        Query(ge=1, le=MOST_LIKELY, description="The most probable outputs of a trace or experiment; left out: all."),
    ] = None,
) -> LimitsAnswer:
    """Say of how many steps each answer fits, before it is asked for, by what refuses it when it is.

    How long memory takes is estimated, too.
    """
    state = request.app.state
    return limits(model, steps, layers, parts, top, state.settings, state.rate())
