"""Memory and gradients of a model over a text, and what a step of it costs.

The work is done in slices of a tenth of a second: between two of them it is given up if the client has gone, and, where
JSON lines are accepted, its progress is sent.
"""

import time
from asyncio import Semaphore
from collections.abc import AsyncIterator
from typing import Annotated, Any

import torch
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...recurrent import cost
from ..models import AModel
from ..wire.encoding import dumps
from ..wire.negotiation import JSON, JSONL, Asked, asked_for, is_json
from ..wire.openapi import problem_responses, schema_ref
from .parts import Job, job
from .plan import plan
from .schemas import CostAnswer, EngineTime, MemoryAnswer, MemoryBody

router = APIRouter(prefix="/models/{model}", tags=["memory"])

AnAsked = Annotated[Asked, Depends(asked_for(JSON, JSONL))]

SLICE = 0.1  # seconds
AT_ONCE = 2  # answers that are worked on at a time; others wait, as each may take hundreds of megabytes

_PROGRESS = {
    "type": "object",
    "properties": {
        "done": {"type": "number", "description": "Share of the work that is done, in [0, 1]."},
        "answer": {"$ref": schema_ref(MemoryAnswer)["$ref"], "description": "In the last line alone."},
    },
    "required": ["done"],
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": MemoryAnswer,
        "description": "The answer; with `Accept: application/jsonl`, lines that tell the progress before it.",
        "content": {JSONL: {"schema": _PROGRESS}},
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
    """Bound the work that ``app`` does at a time, and count in ``registry`` what is given up."""
    app.state.memory_turns = Semaphore(AT_ONCE)
    app.state.memory_abandoned = Counter(
        "gatescope_memory_abandoned", "Answers on memory given up as their client had gone.", registry=registry
    )


@router.post(
    "/memory",
    summary="Memory and gradients over a text",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_memory(asked: AnAsked, options: MemoryBody) -> Response:
    """How far back each layer remembers, what the outputs owe to the words, and how the gradient of a loss travels."""
    planned = await run_in_threadpool(plan, asked.model, options, asked.state.settings)
    progress = work(asked.request, job(planned))
    if asked.form == JSONL:
        return StreamingResponse(lines(progress), media_type=JSONL)
    found = [content async for _, content in progress if content]
    return Response(dumps(found[0]), media_type=JSON) if found else Response(status_code=499)  # which nobody reads


async def lines(progress: AsyncIterator[tuple[float, dict[str, Any] | None]]) -> AsyncIterator[bytes]:
    """The progress as JSON lines, the answer in the last of them."""
    async for done, content in progress:
        yield dumps({"done": done} | ({"answer": content} if content else {})) + b"\n"


async def work(request: Request, under_way: Job) -> AsyncIterator[tuple[float, dict[str, Any] | None]]:
    """Run a job slice by slice: the share that is done after each, and in the end its content.

    Ends without it if the client goes.
    """
    state, content = request.app.state, None
    try:
        async with state.memory_turns:
            while content is None and not await request.is_disconnected():
                done, content = await run_in_threadpool(a_slice, under_way)
                yield done, content
    finally:  # the framework cancels a stream
        if content is None:
            state.memory_abandoned.inc()


def a_slice(under_way: Job) -> tuple[float, dict[str, Any] | None]:
    """Run a job for ``SLICE`` seconds, or to its end: the share that is done, and then the content."""
    end = time.monotonic() + SLICE
    try:
        done = next(under_way)
        while time.monotonic() < end:
            done = next(under_way)
    except StopIteration as finished:
        return 1.0, finished.value
    return done, None


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
    """Parameters and operations of a step, and the time that it takes on this machine, in PyTorch's engine and ours."""
    response.headers["Cache-Control"] = "no-store"
    async with request.app.state.memory_turns:
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
