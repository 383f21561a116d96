"""How a model that a command makes enters its folder: whole, and among imported models by the rules of uploads."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .common import give_up

if TYPE_CHECKING:
    from ..settings import Settings


@contextmanager
def entering(model: Path, settings: "Settings", prefix: str) -> Iterator[tuple[Path, Sequence[int]]]:
    """Give an empty folder, out of sight, for the block to make the model in; it then enters the folder of ``model``.

    Where that is the folder of imported models, nobody else imports into it meanwhile: the process that makes the model
    is to hold the descriptors that are given, too. Whatever ends the block, nothing else is left.

    Gives up with one sentence, after ``prefix``, if another import is under way, the models would take more than they
    may, or there is one of that name. Raises OSError, which names ``model`` and nothing out of sight.
    """
    from ..importers.saving import taken
    from ..store.importing import HIDDEN, BusyError, FullError, TakenError

    folder, by_the_server = model.parent, is_imported(model, settings)
    there = next(each for each in (folder, *folder.absolute().parents) if each.is_dir())
    hidden = folder / HIDDEN if by_the_server else there / f".{model.name}-"
    if by_the_server and os.path.lexists(shipped := settings.models / model.name):  # which would serve in its place
        give_up(f"{prefix}: {taken(shipped)}")
    try:
        with _by_the_server(model, settings.max_imported) if by_the_server else _by_itself(model, hidden) as given:
            yield given
    except BusyError as error:
        what = f"a model {error.name!r}" if error.name else "a model"
        give_up(
            f"{prefix}: a server or another command is importing {what} into {folder}, and there is one import at a "
            "time: try again once that one has ended"
        )
    except FullError as error:
        give_up(
            f"{prefix}: the models in {folder} would take {error.taken:,} bytes, and may take {error.limit:,}: remove "
            "one by 'gatescope models remove', or raise GATESCOPE_MAX_IMPORTED"
        )
    except TakenError:
        give_up(f"{prefix}: {_taken(model, settings)}")
    except OSError as error:
        if not str(error.filename or "").startswith(str(hidden)):
            raise
        raise OSError(error.errno, error.strerror, str(model)) from None


def require_free(model: Path, settings: "Settings", prefix: str) -> None:
    """Give up with one sentence, after ``prefix``, if there is a model in the folder ``model``, or anything else."""
    if os.path.lexists(model):
        give_up(f"{prefix}: {_taken(model, settings)}")


def _taken(model: Path, settings: "Settings") -> str:
    from ..importers.saving import taken

    how = f", by gatescope models remove {model.name}" if is_imported(model, settings) else ""
    return f"{taken(model)}{how}"


def is_imported(model: Path, settings: "Settings") -> bool:
    """Return whether the folder of a model is that of imported ones."""
    return settings.imported is not None and os.path.realpath(settings.imported) == os.path.realpath(model.parent)


@contextmanager
def _by_the_server(model: Path, limit: int) -> Iterator[tuple[Path, Sequence[int]]]:
    from ..store.importing import put, require_room, workspace

    with workspace(model.parent, model.name) as (apart, lock):
        require_room(model.parent, apart, limit)
        yield apart, [lock]
        require_room(model.parent, apart / model.name, limit)
        put(apart / model.name, model.parent)


@contextmanager
def _by_itself(model: Path, hidden: Path) -> Iterator[tuple[Path, Sequence[int]]]:
    from ..store.importing import put

    with tempfile.TemporaryDirectory(prefix=hidden.name, dir=hidden.parent) as apart:
        yield Path(apart), []
        model.parent.mkdir(parents=True, exist_ok=True)
        put(Path(apart) / model.name, model.parent)
