"""gatescope show: the page's first screen as lines of text."""

from typing import Annotated

import typer

from .common import read_model, read_settings
from .trace import EditsOption, ModelOption, ValuesOption, edits_given, in_one_line, numbers_in


def show(
    text: Annotated[str | None, typer.Argument(help="The text to show.")] = None,
    model: ModelOption = None,
    start: Annotated[int, typer.Option(min=0, help="First step to show, from 0.")] = 0,
    edits: EditsOption = "",
    values: ValuesOption = None,
) -> None:
    """Print what the memory is made of at each word of a text, and what each word pushes the verdict by."""
    from rich.console import Console

    from ..api.traces.plan import plan_trace
    from ..api.traces.schemas import TraceQuery
    from ..api.wire.sequence import tokens_of
    from ..figures.parts import MOST_STEPS, parts_of
    from ..figures.subject import Subject, subject_of
    from ..figures.terminal import memory_lines, print_lines
    from ..figures.terms import terms_of
    from ..training.tasks import features_of

    settings = read_settings()
    loaded = read_model(settings.default_model if model is None else model, settings)
    console = Console()

    def subject(query: TraceQuery) -> Subject:
        traced = loaded.named(plan_trace(loaded, query, settings).run())
        terms = terms_of(loaded, features_of(loaded.config.task))
        parts = parts_of(traced, cell=loaded.config.network.cell_definition)
        return subject_of(traced, parts, loaded.statistics, terms)

    with in_one_line():
        asked = {"text": text, "start": start, "stop": start + MOST_STEPS, "edits": edits_given(edits)}
        asked["layers"] = [loaded.config.network.layers - 1]  # the one that the head reads
        query = TraceQuery.model_validate(asked).model_copy(update=numbers_in(values, loaded))
        before = subject(query.model_copy(update={"edits": []})) if query.edits else None
        shown = subject(query)
    print_lines(memory_lines(shown, console.width, before), console)
    more = len(tokens_of(loaded, query, settings)) - start - len(shown)
    if more > 0:
        are = "step is" if more == 1 else "steps are"
        typer.echo(f"{more:,} more {are} not shown: --start {start + len(shown)} goes on.")
