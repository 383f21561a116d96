"""gatescope train: train a model for a task, measure it and write it with its card; a command for each task."""

from collections.abc import Callable, Mapping
from inspect import Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..training.tasks import TASKS, Entry
from .common import give_up, read_settings
from .options import COMMON, TrainOptions, data_parameters

if TYPE_CHECKING:
    from rich.table import Table

    from ..store.model import Model

INTERRUPTED = 130  # exit status after Ctrl-C, as shells give it

app = typer.Typer(name="train", help="Train a model, measure it on held-out data and write it with its card.")


@app.callback()
def train() -> None:
    """Train a model, measure it on held-out data and write it with its card.

    A run that was stopped goes on by the same command. The same seed gives the same bytes on the same machine.
    """


def _command(name: str, entry: Entry) -> Callable[..., None]:
    """Return the command of a task: a function whose signature names its options, for Typer to read."""

    def command(**given: Any) -> None:
        options = TrainOptions(**{each: given.pop(each) for each in COMMON})
        _train(name, entry, options, given)

    command.__signature__ = Signature([*data_parameters(entry), *COMMON.values()])  # type: ignore[attr-defined]
    return command


for _name, _entry in TASKS.items():
    app.command(_name, help=_entry.summary)(_command(_name, _entry))


def _train(name: str, entry: Entry, options: TrainOptions, data: Mapping[str, Any]) -> None:
    """Train and write the model; gives up in one line for whatever stands in the way."""
    from rich.console import Console
    from rich.markup import escape

    from ..training.checkpoint import CheckpointError
    from ..training.run import BadArgumentError, RefusedError, StoppedError, run
    from ..training.sources.download import DataError
    from .progress import Bars

    console, run_options = Console(), options.run_options()
    folder = options.out or _default_folder(name, entry, options, data)
    try:
        with Bars(console, options.cell, options.seeds) as bars:
            model = run(
                name,
                options.cell,
                folder,
                seeds=options.seeds,
                options=run_options,
                data=data,
                cache=options.data,
                progress=bars.update,
                warn=lambda note: console.print(f"[yellow]note:[/yellow] {escape(note)}"),
            )
    except StoppedError as stopped:
        give_up(str(stopped), INTERRUPTED)
    except BadArgumentError as error:
        give_up(str(error), code=2)
    except (CheckpointError, DataError, RefusedError, ValueError) as error:
        give_up(str(error))
    except OSError as error:
        place = error.filename or folder
        give_up(f"{place} cannot be written: {error.strerror or error}; once it can, the same command goes on")
    console.print(_figures(model))
    console.print(f"written to {model.folder}", soft_wrap=True, markup=False, highlight=False)


def _default_folder(name: str, entry: Entry, options: TrainOptions, data: Mapping[str, Any]) -> Path:
    """Return the folder to write: a model of the user's own data goes where the application finds it."""
    if entry.own:
        return read_settings().models / f"{data['file'].stem}-{options.cell}"
    return Path(f"{name}-{options.cell}")


def _figures(model: "Model") -> "Table":
    """Return the figures of a model, for the terminal."""
    from rich.table import Table

    from ..training.card import figure

    table = Table("measured on", "unit", f"seed {model.config.seed} (95 %)", "all seeds", "baselines")
    for metric in model.config.metrics:
        ends = [figure(end, metric.unit) for end in metric.interval or ()]
        table.add_row(
            metric.name,
            metric.unit,
            figure(metric.value, metric.unit) + (f" ({' to '.join(ends)})" if ends else ""),
            ", ".join(figure(each, metric.unit) for each in metric.seeds),
            ", ".join(f"{name} {figure(value, metric.unit)}" for name, value in metric.baselines.items()),
        )
    return table
