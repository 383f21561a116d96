"""Memory and gradients of a model over a text, and what a step costs.

The work is done in slices of a tenth of a second. Between two of them it stops if the client has gone, and, where JSON
lines are accepted, the progress is sent.
"""

import time
from asyncio import Semaphore
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

import torch
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from ...recurrent import cost
from ...recurrent.memory.measure import Steps, memory_steps
from ...recurrent.memory.report import Memory
from ...store.model import Model
from ..wire.encoding import dumps
from ..wire.model import AModel
from ..wire.negotiation import JSON, JSONL, Asked, asked_for, is_json
from ..wire.openapi import problem_responses, schema_ref
from .answer import memory_content
from .limits import plan_within_limits
from .schemas import CostAnswer, EngineTime, MemoryAnswer, MemoryBody

router = APIRouter(prefix="/models/{model}", tags=["memory"])

AnAsked = Annotated[Asked, Depends(asked_for(JSON, JSONL))]

SLICE = 0.1  # seconds
AT_ONCE = 2  # answers computed at a time; others wait, as each may take hundreds of megabytes

_PROGRESS = {
    "type": "object",
    "properties": {
        "done": {"type": "number", "description": "Share of the work that is done, in [0, 1]."},
        "answer": {"$ref": schema_ref(MemoryAnswer)["$ref"], "description": "Only in the last line."},
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
    """Limit the work that ``app`` does at a time, and count the abandoned answers in ``registry``."""
    app.state.memory_turns = Semaphore(AT_ONCE)
    app.state.memory_abandoned = Counter(
        "gatescope_memory_abandoned", "Answers on memory abandoned because their client had gone.", registry=registry
    )


@router.post(
    "/memory",
    summary="Memory and gradients over a text",
    responses=_RESPONSES,
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_memory(asked: AnAsked, options: MemoryBody) -> Response:
    """Measure how far back each layer remembers, how outputs depend on words, and where the gradient of a loss goes."""
    plan = await run_in_threadpool(plan_within_limits, asked.model, options, asked.state.settings)
    progress = measured(asked.request, memory_steps(plan))
    if asked.form == JSONL:
        return ClosingResponse(lines(progress, asked.model, options), media_type=JSONL)
    finished = [memory async for _, memory in progress if memory is not None]
    if not finished:  # the client has gone, and nobody reads this
        return Response(status_code=499)
    content = await run_in_threadpool(memory_content, finished[0], asked.model, options)
    return Response(dumps(content), media_type=JSON)


class ClosingResponse(StreamingResponse):
    """A stream that is closed when it ends or its client goes: no turn waits for the garbage collector."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                await self.body_iterator.aclose()


async def lines(
    progress: AsyncGenerator[tuple[float, Memory | None]], model: Model, body: MemoryBody
) -> AsyncIterator[bytes]:
    """Yield the progress as JSON lines, the answer in the last of them."""
    async with aclosing(progress):
        async for done, memory in progress:
            content: dict[str, Any] = {"done": done}
            if memory is not None:
                content["answer"] = await run_in_threadpool(memory_content, memory, model, body)
            yield dumps(content) + b"\n"


async def measured(request: Request, steps: Steps[Memory]) -> AsyncGenerator[tuple[float, Memory | None]]:
    """Measure slice by slice: yield the share that is done after each, and in the end the memory with it.

    Ends without it if the client goes.
    """
    state, memory = request.app.state, None
    try:
        async with state.memory_turns:
            while memory is None and not await request.is_disconnected():
                done, memory = await run_in_threadpool(a_slice, steps)
                yield done, memory
    finally:  # the framework cancels a stream
        if memory is None:
            state.memory_abandoned.inc()


def a_slice(steps: Steps[Memory]) -> tuple[float, Memory | None]:
    """Measure for ``SLICE`` seconds, or to the end: return the share that is done, and then the memory."""
    end = time.monotonic() + SLICE
    try:
        done = next(steps)
        while time.monotonic() < end:
            done = next(steps)
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
    """Count the parameters and operations of a step, and measure its time on this machine, in both engines."""
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
