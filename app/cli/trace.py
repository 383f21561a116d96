"""gatescope trace: the JSON of a trace, without a server."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import give_up, read_model, read_settings

if TYPE_CHECKING:
    from ..store.model import Model

ModelOption = Annotated[
    str | None,
    typer.Option(help="Name of an installed model, or path of a folder: ./mine. Default: GATESCOPE_DEFAULT_MODEL."),
]
EditsOption = Annotated[
    str, typer.Option(help="What to change inside the steps: i@3=0;f@4=1, or the JSON list that the API takes.")
]


ValuesOption = Annotated[
    Path | None,
    typer.Option(
        help="A file in place of a text, for a model that reads numbers: .csv, .npy or .json, a row for each step."
    ),
]


def trace(
    text: Annotated[str | None, typer.Argument(help="The text to trace.")] = None,
    model: ModelOption = None,
    activations: Annotated[str | None, typer.Option(help="Letters of the activations, such as fio.")] = None,
    start: Annotated[int, typer.Option(min=0, help="First step to print, from 0.")] = 0,
    stop: Annotated[int | None, typer.Option(min=1, help="One past the last step to print.")] = None,
    edits: EditsOption = "",
    values: ValuesOption = None,
) -> None:
    """Print the trace of a text, or of numbers, as JSON, as the API gives it."""
    from ..api.traces.routes import trace_json
    from ..api.traces.schemas import TraceQuery

    settings = read_settings()
    loaded = read_model(settings.default_model if model is None else model, settings)
    options = {"activations": activations and list(activations), "start": start, "stop": stop}
    with in_one_line():
        query = TraceQuery.model_validate({**options, "text": text, "edits": edits_given(edits)})
        typer.echo(trace_json(loaded, query.model_copy(update=numbers_in(values, loaded)), settings))


def numbers_in(path: Path | None, model: "Model") -> Mapping[str, Any]:
    """Return the fields of a request that a file of numbers gives; none if ``path`` is None. Gives up if it cannot."""
    from ..store.columns import steps_of
    from ..store.series import read_series, rows_from

    if path is None:
        return {}
    if model.tokenizer is not None:
        give_up(f"{model.id} reads text, not numbers: give a text in place of --values")
    try:
        series = read_series(path, model.config.columns)
        steps_of(model.config.columns, series, model.network.dtype)
    except OSError as error:
        give_up(f"{path}: cannot be read: {error.strerror}")
    except ValueError as error:
        give_up(f"{path}: {error}")
    return {"values": rows_from(series.values), "labels": list(series.labels) or None}


@contextmanager
def in_one_line() -> Iterator[None]:
    """End the command with what the API would say, where what was asked for is refused within this block."""
    from fastapi_problem.error import Problem
    from pydantic import ValidationError

    from ..api.wire.problems import invalid_request, invalid_request_of
    from ..recurrent.edits.edit import EditError

    try:
        yield
    except EditError as error:
        give_up(str(invalid_request(error.pointer, error.what).detail))
    except ValidationError as error:
        give_up(str(invalid_request_of(error).detail))
    except Problem as problem:
        give_up(str(problem.detail))


def edits_given(text: str) -> list[Any]:
    """Return edits as an address gives them: one JSON list as it is, or those of the short form as objects.

    Raises EditError if the short form cannot be read.
    """
    from ..recurrent.edits.short_form import from_short_form

    if re.match(r"\s*\[\D", text):  # in the short form, a bracket holds units
        return [text]
    return [edit.to_dict() for edit in from_short_form(text)]
