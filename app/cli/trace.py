"""gatescope trace: the JSON of a trace, without a server."""

from typing import Annotated

import typer

from .common import give_up, read_model, read_settings


def trace(
    text: Annotated[str, typer.Argument(help="The text to trace.")],
    model: Annotated[
        str | None,
        typer.Option(help="Name of an installed model, or path of a folder: ./mine. Default: GATESCOPE_DEFAULT_MODEL."),
    ] = None,
    activations: Annotated[str | None, typer.Option(help="Letters of the activations, such as fio.")] = None,
    start: Annotated[int, typer.Option(min=0, help="First step to print, from 0.")] = 0,
    stop: Annotated[int | None, typer.Option(min=1, help="One past the last step to print.")] = None,
) -> None:
    """Print the trace of a text as JSON, as the API gives it."""
    from fastapi_problem.error import Problem
    from pydantic import ValidationError

    from ..api.traces.routes import trace_json
    from ..api.traces.schemas import TraceOptions
    from ..api.wire.problems import invalid_request_of

    settings = read_settings()
    loaded = read_model(settings.default_model if model is None else model, settings)
    options = {"text": text, "activations": activations and list(activations), "start": start, "stop": stop}
    try:
        typer.echo(trace_json(loaded, TraceOptions.model_validate(options), settings))
    except ValidationError as error:
        give_up(str(invalid_request_of(error).detail))
    except Problem as problem:
        give_up(str(problem.detail))
