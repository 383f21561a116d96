"""Memory and gradients of a model over a text, and what a step costs."""

from asyncio import Semaphore
from functools import partial
from typing import Annotated, Any

import torch
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ...recurrent import cost
from ...recurrent.memory.measure import memory_steps
from ...recurrent.memory.work import measured_rate
from ..wire.bounded import BoundedRoute
from ..wire.model import AModel
from ..wire.negotiation import JSON, JSONL, Asked, asked_for, is_json
from ..wire.openapi import problem_responses
from ..wire.slices import Turns, answer_in_slices, progress_lines
from .answer import memory_content
from .limits import how_much_fits, plan_within_limits
from .schemas import CostAnswer, EngineTime, MemoryAnswer, MemoryBody

router = APIRouter(prefix="/models/{model}", tags=["memory"], route_class=BoundedRoute)

AnAsked = Annotated[Asked, Depends(asked_for(JSON, JSONL))]

AT_ONCE = 2  # answers computed at a time; others wait, as each may take hundreds of megabytes

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": MemoryAnswer,
        "description": "The answer; with `Accept: application/jsonl`, lines that tell the progress before it.",
        "content": progress_lines(MemoryAnswer),
    },
    **problem_responses(
        400,
        404,
        406,
        415,
        503,
        s413="The text, the body, the work or the answer is too large.",
        s422="A field is wrong, or the states overflow.",
    ),
}


def install(app: FastAPI, registry: CollectorRegistry) -> None:
    """Limit the work that ``app`` does at a time, and count the abandoned answers in ``registry``.

    How fast the machine computes is measured when it is first asked.
    """
    app.state.rate = measured_rate
    abandoned = "gatescope_memory_abandoned", "Answers on memory abandoned because their client had gone."
    app.state.memory_turns = Turns(Semaphore(AT_ONCE), Counter(*abandoned, registry=registry))


@router.post(
    "/memory",
    summary="Memory and gradients over a text",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_memory(asked: AnAsked, options: MemoryBody) -> Response:
    """Measure how far back each layer remembers, how outputs depend on words, and where the gradient of a loss goes."""
    plan = partial(plan_within_limits, asked.model, options, asked.state.settings)
    content = partial(memory_content, model=asked.model, body=options)
    return await answer_in_slices(asked, plan, memory_steps, content, asked.state.memory_turns, how_much_fits)


@router.get(
    "/cost",
    summary="What a step costs",
    responses=problem_responses(404, 422, 503),
)
async def get_cost(
    request: Request,
    response: Response,
    model: AModel,
    steps: Annotated[int, Query(ge=1, le=1000, description="T of the sequence that is measured.")] = 20,
) -> CostAnswer:
    """Count the parameters and operations of a step, and measure its time on this machine, in both engines."""
    response.headers["Cache-Control"] = "no-store"
    async with request.app.state.memory_turns.free:
        times = await run_in_threadpool(cost.times, model.network, steps, request.app.state.settings.engine)
    return CostAnswer(
        model=model.id,
        cell=model.config.network.cell,
        recurrent_parameters=cost.parameters(model.network),
        multiply_adds=cost.multiply_adds(model.network),
        tensor_operations=cost.tensor_operations(model.network),
        steps=steps,
        threads=torch.get_num_threads(),
        times=[EngineTime.model_validate({"engine": engine, **vars(taken)}) for engine, taken in times.items()],
    )
