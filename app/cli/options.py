"""The options that every command of ``gatescope train`` takes, and how they become those of a command."""

import inspect
import shlex
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .common import give_up

LARGEST = 4_096  # units
_RANGES: dict[str, tuple[float, float]] = {
    "epochs": (1, 10_000),
    "patience": (0, 10_000),
    "chrono": (0, 1_000_000),
    "learning_rate": (1e-6, 1),
    "forget_bias": (-100, 100),
}
_BLOCKS = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass(frozen=True)
class Options:
    """What was asked for; None where the lesson says."""

    cell: Annotated[Literal["lstm", "gru", "rnn"], typer.Option(help="Cell of the network.")]
    seeds: Annotated[
        str, typer.Option("--seeds", "--seed", help="Seeds to train, such as 0,1,2; the best on validation is kept.")
    ] = "0"
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: NAME-CELL.")] = None
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps data and checkpoints; default: the user's cache.")
    ] = None
    hidden: Annotated[int | None, typer.Option(help=f"Units, 1 to {LARGEST}; default: the lesson's.")] = None
    epochs: Annotated[int | None, typer.Option(help="Times that the data are read; default: the lesson's.")] = None
    patience: Annotated[
        int | None, typer.Option(help="Epochs in a row without a better network that end a run; 0: never.")
    ] = None
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of the first step.")] = None
    forget_bias: Annotated[float | None, typer.Option(help="Where an LSTM's forget bias starts, in sum.")] = None
    chrono: Annotated[
        int | None, typer.Option(help="Longest dependency that an LSTM's biases are drawn for; 0: none.")
    ] = None

    @property
    def numbers(self) -> list[int]:
        """The distinct seeds; gives up if there is none or a wrong one."""
        try:
            seeds = [int(each) for each in self.seeds.split(",")]
        except ValueError:
            give_up(f"--seeds {self.seeds!r}: whole numbers with commas between them, such as 0,1,2", code=2)
        if min(seeds) < 0 or max(seeds) >= 2**63 or len(set(seeds)) < len(seeds):
            give_up(f"--seeds {self.seeds!r}: each seed once, from 0 to 2^63 - 1", code=2)
        return seeds

    def command(self, name: str, **own: str | Path | None) -> str:
        """The command that trains ``name`` again, anywhere: ``own`` are the options of it alone, a file by its name."""
        given: dict[str, Any] = {key: value.name if isinstance(value, Path) else value for key, value in own.items()}
        given |= {each.name: getattr(self, each.name) for each in fields(self) if each.name not in {"out", "data"}}
        words = ((f"--{key.replace('_', '-')}", str(value)) for key, value in given.items() if value is not None)
        return shlex.join(["gatescope", "train", name, *(word for pair in words for word in pair)])

    def check(self) -> None:
        """Give up at once, naming the range, if an option lies outside it."""
        _ = self.numbers
        if self.hidden is not None and not 1 <= self.hidden <= LARGEST:
            weights = _BLOCKS[self.cell] * self.hidden**2 * 4 / 1e9
            size = f"; the recurrent weights alone would take {weights:,.0f} GB" if self.hidden > LARGEST else ""
            give_up(f"--hidden {self.hidden}: from 1 to {LARGEST} units{size}", code=2)
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                give_up(f"--{name.replace('_', '-')} {value}: from {least:g} to {most:,}", code=2)


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes the options beside its own: ``function`` gets them as its first argument."""
    common = inspect.signature(Options).parameters
    own = list(inspect.signature(function).parameters.values())[1:]

    def command(**given: Any) -> None:
        options = Options(**{name: given.pop(name) for name in common})
        options.check()
        function(options, **given)

    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *common.values())]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # where Typer reads them
    command.__doc__, command.__name__ = function.__doc__, function.__name__
    return command
