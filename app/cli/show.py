"""gatescope show: the page's first screen as lines of text."""

from typing import Annotated

import typer

from .common import give_up, read_model, read_settings
from .trace import edits_given


def show(
    text: Annotated[str, typer.Argument(help="The text to show.")],
    model: Annotated[
        str | None,
        typer.Option(help="Name of an installed model, or path of a folder: ./mine. Default: GATESCOPE_DEFAULT_MODEL."),
    ] = None,
    start: Annotated[int, typer.Option(min=0, help="First step to show, from 0.")] = 0,
    edits: Annotated[
        str, typer.Option(help="What to change inside the steps: i@3=0;f@4=1, or the JSON list that the API takes.")
    ] = "",
) -> None:
    """Print what the memory is made of at each word of a text, and what each word pushes the verdict by."""
    from fastapi_problem.error import Problem
    from pydantic import ValidationError
    from rich.console import Console

    from ..api.traces.plan import plan_trace
    from ..api.traces.schemas import TraceQuery
    from ..api.wire.problems import invalid_request, invalid_request_of
    from ..figures.parts import MOST_STEPS, parts_of
    from ..figures.subject import Subject, subject_of
    from ..figures.terminal import memory_lines, print_lines
    from ..figures.terms import terms_of
    from ..recurrent.edits.edit import EditError
    from ..training.tasks import features_of

    settings = read_settings()
    loaded = read_model(settings.default_model if model is None else model, settings)
    console = Console()

    def subject(query: TraceQuery) -> Subject:
        traced = loaded.named(plan_trace(loaded, query, settings).run())
        terms = terms_of(loaded, features_of(loaded.config.task))
        parts = parts_of(traced, cell=loaded.config.network.cell_definition)
        return subject_of(traced, parts, loaded.statistics, terms)

    try:
        asked = {"text": text, "start": start, "stop": start + MOST_STEPS, "edits": edits_given(edits)}
        query = TraceQuery.model_validate(asked)
        before = subject(query.model_copy(update={"edits": []})) if query.edits else None
        shown = subject(query)
    except EditError as error:
        give_up(str(invalid_request(error.pointer, error.what).detail))
    except ValidationError as error:
        give_up(str(invalid_request_of(error).detail))
    except Problem as problem:
        give_up(str(problem.detail))
    print_lines(memory_lines(shown, console.width, before), console)
    more = len(loaded.tokenizer(text)) - start - len(shown)
    if more > 0:
        are = "step is" if more == 1 else "steps are"
        typer.echo(f"{more:,} more {are} not shown: --start {start + len(shown)} goes on.")
