"""Import a file that is uploaded, and remove what was imported."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, FastAPI, Header, Path
from fastapi_problem.error import Problem
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ...settings import Settings
from ...store.importing import remove, sweep
from ...store.watched import WatchedStore
from ..models.schemas import ModelSummary
from ..wire import problems as usual
from ..wire.bounded import BoundedRoute
from ..wire.encoding import dumps
from ..wire.lines import Lines
from ..wire.negotiation import JSON, JSONL, best_form
from ..wire.openapi import problem_responses
from ..wire.root import UPLOADS
from ..wire.slices import progress_lines
from .importing import Progress, carried_out
from .keeping import KeptUpload, dropped_at_the_end
from .permission import may_import
from .problems import not_imported, not_written
from .schemas import FORM, AnImport

router = APIRouter(
    tags=["imports"], route_class=BoundedRoute, dependencies=[Depends(may_import)], lifespan=dropped_at_the_end
)

_KEPT_UPLOAD = "What a problem with a `question` has as `kept_upload`: the body may then be empty."
_PERMISSION = {"s401": "The token is wrong.", "s403": "Nobody may do this, or not without the token."}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "With `Accept: application/jsonl`, once the file has come: lines that tell the progress, and in "
        "the last of them the model, or the problem that ended the import.",
        "content": progress_lines(ModelSummary),
    },
    201: {"model": ModelSummary, "description": "The model, which serves."},
    **problem_responses(
        400,
        406,
        **_PERMISSION,
        s409="There is a model of that name, or an import of one is under way.",
        s410="The upload is not kept any longer.",
        s413="The upload is too large.",
        s415="The body is not declared as a form.",
        s422="A field is wrong, or the file cannot be imported; `question` and `choices` ask for an "
        "answer, and `kept_upload` is what to send with it in the place of the files.",
        s503="Another import is under way, or the server is busy or stops.",
        s507="The imported models take all the room that they may, or the disk is full.",
    ),
}


def install(app: FastAPI) -> None:
    """Remove what imports into the folder of ``app`` left that were killed."""
    settings: Settings = app.state.settings
    app.state.kept_upload = None
    if settings.imported is not None:
        sweep(settings.imported)
        app.state.kept_upload = KeptUpload(settings.imported)


@router.post(
    UPLOADS.removeprefix("/api/v1"),
    summary="Import a file as a model",
    status_code=201,
    responses=_RESPONSES,
    response_class=Response,
    openapi_extra={"requestBody": FORM},
)
async def post_import(
    request: Request,
    options: AnImport,
    kept_upload: Annotated[str, Header(max_length=100, description=_KEPT_UPLOAD)] = "",
) -> Response:
    """Read a network of another framework, prove by numbers that it computes the same, and let it serve.

    One import runs at a time. Nothing is kept of one that is refused, or whose client goes; the files of one that asks
    a question are kept for a few minutes, for the answer.
    """
    accept = ", ".join(request.headers.getlist("accept")) or "*/*"
    form = best_form(accept, (JSON, JSONL))
    if not form:
        raise usual.not_acceptable(accept, (JSON, JSONL))
    progress = carried_out(request, options, kept_upload)
    try:
        first = await anext(progress)  # once the file has come: until then, a problem has its own status
        if form == JSONL:
            return Lines(_lines(first, progress), progress.aclose)
        *_, model = [each async for each in progress]
    except BaseException:
        await progress.aclose()
        raise
    return Response(dumps(model), 201, media_type=JSON)


@router.delete(
    f"{UPLOADS.removeprefix('/api/v1')}/{{model}}",
    summary="Remove an imported model",
    status_code=204,
    responses=problem_responses(
        **_PERMISSION,
        s404="No imported model has that name.",
        s503="The server is busy, or stops.",
        s507="The disk fails.",
    ),
)
async def delete_import(request: Request, model: Annotated[str, Path(description="Name of the model.")]) -> Response:
    """Remove a model that was imported, for everyone, from memory and from disk."""
    imported = request.app.state.settings.imported
    watched: WatchedStore = request.app.state.watched
    try:
        was_there = await run_sync(remove, imported, model)
    except OSError as error:
        raise not_written(error.strerror or str(error)) from None
    if not was_there:
        raise not_imported(model)
    for _ in range(2):  # a model counts as gone once it is missing twice
        request.app.state.store = await run_sync(watched.refresh)
    return Response(status_code=204)


async def _lines(first: Progress, progress: AsyncGenerator[Progress]) -> AsyncGenerator[bytes]:
    yield dumps({"done": first}) + b"\n"
    done = first
    try:
        async for each in progress:
            if isinstance(each, float):
                done = each
                yield dumps({"done": done}) + b"\n"
            else:
                yield dumps({"done": 1, "answer": each}) + b"\n"
    except Problem as problem:
        yield dumps({"done": done, "problem": problem.marshal()}) + b"\n"
    except ClientDisconnect:
        return
