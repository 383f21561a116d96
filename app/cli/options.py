"""The options of ``gatescope train``: those of every command, and those that name the data of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from ..recurrent.cells import CellName
from ..recurrent.tokenizer import TokenizerKind
from ..training.options import RANGES, Options
from ..training.tasks import Entry

DATA_TYPES: Mapping[str, Any] = {"file": Path, "text": str, "label": str, "tokens": TokenizerKind}


def seeds_of(text: str) -> list[int]:
    """Return the seeds in a text such as "0,1,2". Raises typer.BadParameter if they are not whole numbers."""
    try:
        return [int(each) for each in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r}: whole numbers with commas between them, such as 0,1,2") from None


def _number(name: str, text: str) -> Any:
    """Return the option ``name`` of a run, with the range that it has there."""
    least, most = RANGES[name]
    return typer.Option(min=least, max=most, help=text)


@dataclass(frozen=True)
class TrainOptions:
    """What every command takes; None where the task says."""

    cell: Annotated[CellName, typer.Option(help="Cell of the network.")]
    seeds: Annotated[
        Any,
        typer.Option(
            "--seeds",
            "--seed",
            parser=seeds_of,
            metavar="SEEDS",
            help="Seeds to train, such as 0,1,2; the best on validation is kept.",
        ),
    ] = "0"
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: NAME-CELL.")] = None
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps data and checkpoints; default: the user's cache.")
    ] = None
    hidden: Annotated[int | None, _number("hidden", "Units; default: the task's.")] = None
    epochs: Annotated[int | None, _number("epochs", "How often the data are read; default: the task's.")] = None
    patience: Annotated[
        int | None, _number("patience", "Epochs in a row without a better network that end a run; 0: never.")
    ] = None
    learning_rate: Annotated[float | None, _number("learning_rate", "Learning rate of the first step.")] = None
    forget_bias: Annotated[float | None, _number("forget_bias", "Where an LSTM's forget bias starts, in sum.")] = None
    chrono: Annotated[
        int | None, _number("chrono", "Longest dependency that an LSTM's biases are drawn for; 0: none.")
    ] = None

    def run_options(self) -> Options:
        """Return the options of the run. Raises typer.BadParameter for NaN, which lies in no range."""
        try:
            return Options(**{each.name: getattr(self, each.name) for each in fields(Options)})
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None


COMMON: Mapping[str, Parameter] = {
    name: each.replace(kind=Parameter.KEYWORD_ONLY) for name, each in signature(TrainOptions).parameters.items()
}


def data_parameters(entry: Entry) -> list[Parameter]:
    """Return the parameters of a command that name the data of its task: those that are required, then the others."""
    required = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=Annotated[DATA_TYPES[name], typer.Option(help=text)])
        for name, text in entry.options.items()
    ]
    optional = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[DATA_TYPES[name] | None, typer.Option(help=text)],
        )
        for name, text in entry.optional.items()
    ]
    return [*required, *optional]
