"""Files of numbers, read as the values and labels that the other calls take."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ...settings import Settings
from ...store.model import Model
from ...store.series import csv_of, rows_from, series_of
from ..wire import problems
from ..wire.computing import computed, watch_of
from ..wire.encoding import dumps
from ..wire.model import AModel
from ..wire.negotiation import CSV, JSON
from ..wire.openapi import problem_responses
from ..wire.values import labels_of

router = APIRouter(prefix="/models/{model}", tags=["traces"])

KINDS = {CSV: "csv", "text/tab-separated-values": "tsv", "application/octet-stream": "npy", JSON: "json"}
"""What a file is, by the media type of the body."""


class SeriesAnswer(BaseModel):
    """A sequence of numbers, as the calls about a model take it."""

    model: str = Field(description="The model whose columns were looked for.")
    values: list[list[float]] = Field(description="(T, E): a row for each step, a number for each column of the model.")
    labels: list[str] | None = Field(description="Names of the steps, one for each; null: the file gives none.")
    csv: str = Field(description="The same as CSV, as the field `csv` of other calls takes it.")


_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        media_type: {
            "schema": {} if kind == "json" else {"type": "string"} | ({"format": "binary"} if kind == "npy" else {})
        }
        for media_type, kind in KINDS.items()
    },
}


@router.post(
    "/series",
    summary="Read a file of numbers",
    response_model=SeriesAnswer,
    responses=problem_responses(
        404, 422, 503, s413="The file has too many steps or bytes.", s415="No such file is read."
    ),
    openapi_extra={"requestBody": _BODY},
)
async def post_series(request: Request, model: AModel) -> Response:
    """Find the columns of the model in a CSV, TSV, NPY or JSON file, and answer with what the other calls take.

    A file that names its columns is read by these names, and a column named time, timestamp, date or datetime names the
    steps; without names, columns are taken in order.
    """
    content_type = request.headers.get("content-type", "")
    kind = KINDS.get(content_type.partition(";")[0].strip().lower())
    if kind is None:
        raise problems.no_such_file(content_type, list(KINDS))
    data, settings = await request.body(), request.app.state.settings
    content = await computed(request, watch_of(settings), _read, data, kind, model, settings)
    return Response(content, media_type=JSON)


def _read(data: bytes, kind: str, model: Model, settings: Settings) -> bytes:
    """Return the JSON of a ``SeriesAnswer``. Raises a problem that says what is wrong with the file."""
    if model.tokenizer is not None:
        raise problems.invalid_request("body", f"holds numbers, and {model.id} reads text")
    try:
        series = series_of(data, kind, model.config.columns)
        steps, labels = len(model.tokens(series)), labels_of(list(series.labels))
    except ValueError as error:
        raise problems.invalid_request("body", str(error)) from None
    if steps > settings.max_text:
        raise problems.sequence_too_long(steps, settings.max_text)
    content = {"model": model.id, "values": rows_from(series.values), "labels": labels or None}
    return dumps(content | {"csv": csv_of(series, model.config.columns)})
