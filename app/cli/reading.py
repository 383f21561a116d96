"""How a command reads a file of another framework: in a process of its own, whose limits and end are not its own."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import give_up

if TYPE_CHECKING:
    from ..importers.child import Limits

SecondsOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=1_000_000, metavar="S", help="Most seconds that reading the file may take; default: by its size."
    ),
]
MemoryOption = Annotated[
    int | None,
    typer.Option(
        min=500,
        max=10_000_000,
        metavar="MB",
        help="Most megabytes that reading the file may take; default: by its size.",
    ),
]


def read_apart(
    job: Mapping[str, Any], prefix: str, seconds: int | None, memory: int | None, locks: Sequence[int] = ()
) -> None:
    """Do ``job``, of the file at its ``path``, in a process of its own, and draw its progress at a terminal.

    That process holds the descriptors ``locks``, too.

    Gives up with one sentence, after ``prefix``, if the file is refused or takes more than the limits, or the process
    ends by itself. Raises OSError if a file cannot be read or written.
    """
    from ..importers.child import RefusedError
    from ..importers.found import ImportRefusedError, UndecidedError
    from ..importers.process import EndedError, TooMuchError
    from ..importers.saving import require_file_or_folder

    try:
        path = Path(job["path"])
        require_file_or_folder(path)
        asyncio.run(_drawn(job, _limits(path, seconds, memory), locks))
    except ImportRefusedError as error:
        give_up(f"{prefix}: {error}")
    except RefusedError as error:
        asked = error.question and UndecidedError(error.question, error.choices, str(error))
        give_up(f"{prefix}: {asked or error}")
    except TooMuchError as error:
        give_up(
            f"{prefix}: reading it takes more than {error.limit}, and nothing was kept: where you know what it is, "
            f"allow more by --{error.what}"
        )
    except EndedError as error:
        give_up(
            f"{prefix}: the process that read it ended by itself ({error}), and nothing was kept: save the file once "
            "more where it comes from, and report this if that does not help"
        )


def _limits(path: Path, seconds: int | None, memory: int | None) -> "Limits":
    from ..importers.child import Limits

    usual = Limits.of(path)
    return Limits(seconds or usual.seconds, usual.memory if memory is None else memory * 1_000_000)


async def _drawn(job: Mapping[str, Any], limits: "Limits", locks: Sequence[int]) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from ..importers import process

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as drawing:
        bar = drawing.add_task("reading and proving", total=None)
        async with aclosing(process.run(job, limits, locks)) as progress:
            async for done in progress:
                drawing.update(bar, completed=done, total=1)
