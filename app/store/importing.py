"""The folder of imported models: who may write to it, what it holds, and how a model enters and leaves it.

Whatever is not yet a model, or no longer one, is in the hidden folder ``.imports`` inside it. A model enters and leaves
by being renamed, so that it is there as a whole or not at all.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .files import model_folders

HIDDEN = ".imports"
_LOCK = "lock"


class BusyError(Exception):
    """Another import is under way."""


class TakenError(Exception):
    """There is a model of that name."""


class Workspace(NamedTuple):
    """Where one import does its work."""

    folder: Path  # empty at first; removed at the end with all that is in it
    lock: int  # descriptor: whoever has it open keeps others from importing


@contextmanager
def workspace(imported: Path) -> Iterator[Workspace]:
    """Give a place for one import into the folder ``imported``, which is made if it is missing.

    What earlier imports left that were killed is removed first. Raises BusyError while another one is under way, in
    whatever process, and OSError if the folder cannot be written to.
    """
    hidden = imported / HIDDEN
    hidden.mkdir(parents=True, exist_ok=True)
    with (hidden / _LOCK).open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError from None
        _sweep(hidden)
        folder = Path(tempfile.mkdtemp(dir=hidden))
        try:
            yield Workspace(folder, lock.fileno())
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(imported: Path) -> None:
    """Remove what imports left that were killed, unless one is under way; never fails."""
    if (imported / HIDDEN).is_dir():
        with suppress(BusyError, OSError), workspace(imported):
            pass


def _sweep(hidden: Path) -> None:
    for each in hidden.iterdir():
        if each.name != _LOCK:
            shutil.rmtree(each, ignore_errors=True)


def put(new: Path, imported: Path) -> None:
    """Let the model in the folder ``new`` enter. Raises TakenError if there is one of its name, and OSError."""
    try:
        new.rename(imported / new.name)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise TakenError from None
        raise


def remove(imported: Path, name: str) -> bool:
    """Remove the imported model of that name, or a link to one; return whether there was any. Raises OSError."""
    found = [each for each in model_folders(imported) if each.name == name]
    if not found:
        return False
    if found[0].is_symlink():
        found[0].unlink()
        return True
    hidden = imported / HIDDEN
    hidden.mkdir(exist_ok=True)
    gone = Path(tempfile.mkdtemp(dir=hidden))
    found[0].rename(gone / name)
    shutil.rmtree(gone, ignore_errors=True)
    return True


def size(folder: Path) -> int:
    """Return how many bytes the files in ``folder`` have, without following links."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
    return total
