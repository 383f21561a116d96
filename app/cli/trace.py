"""gatescope trace: the JSON of a trace, without a server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from .common import give_up, read_model, read_settings

ModelOption = Annotated[
    str | None,
    typer.Option(help="Name of an installed model, or path of a folder: ./mine. Default: GATESCOPE_DEFAULT_MODEL."),
]
EditsOption = Annotated[
    str, typer.Option(help="What to change inside the steps: i@3=0;f@4=1, or the JSON list that the API takes.")
]


def trace(
    text: Annotated[str, typer.Argument(help="The text to trace.")],
    model: ModelOption = None,
    activations: Annotated[str | None, typer.Option(help="Letters of the activations, such as fio.")] = None,
    start: Annotated[int, typer.Option(min=0, help="First step to print, from 0.")] = 0,
    stop: Annotated[int | None, typer.Option(min=1, help="One past the last step to print.")] = None,
    edits: EditsOption = "",
) -> None:
    """Print the trace of a text as JSON, as the API gives it."""
    from ..api.traces.routes import trace_json
    from ..api.traces.schemas import TraceQuery

    settings = read_settings()
    loaded = read_model(settings.default_model if model is None else model, settings)
    options = {"text": text, "activations": activations and list(activations), "start": start, "stop": stop}
    with in_one_line():
        typer.echo(trace_json(loaded, TraceQuery.model_validate({**options, "edits": edits_given(edits)}), settings))


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
