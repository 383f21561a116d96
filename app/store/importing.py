"""The folder of imported models: who may write to it, what it holds, and how a model enters and leaves it.

Whatever is not yet a model, or no longer one, is in the hidden folder ``.imports`` inside it. A model enters and leaves
by being renamed, so that it is there as a whole or not at all. What one import leaves for the next, which answers a
question, is there, too; any other import removes it.
"""

import errno
import fcntl
import hashlib
import os
import secrets
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
    """Another import is under way, of a model called ``name``; empty where that is not known."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class GoneError(Exception):
    """What was kept is not there any more, or never was."""


class TakenError(Exception):
    """There is a model of that name."""


class FullError(Exception):
    """Models that would take ``taken`` bytes together, of which they may take ``limit``."""

    def __init__(self, taken: int, limit: int) -> None:
        super().__init__(taken, limit)
        self.taken, self.limit = taken, limit


class Workspace(NamedTuple):
    """Where one import does its work."""

    folder: Path  # empty at first; removed at the end with all that is in it
    lock: int  # descriptor: whoever has it open keeps others from importing


@contextmanager
def workspace(imported: Path, name: str = "", kept: str = "") -> Iterator[Workspace]:
    """Give a place for one import of a model called ``name`` into ``imported``, which is made if it is missing.

    It is empty, or has what was ``kept`` by that secret. What else is left of earlier imports is removed first.

    Raises BusyError while another import is under way, in whatever process, GoneError if nothing is kept by the secret,
    and OSError if the folder cannot be written to.
    """
    hidden = imported / HIDDEN
    hidden.mkdir(parents=True, exist_ok=True)
    with (hidden / _LOCK).open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise BusyError(lock.read().decode()) from None
        lock.truncate(0)
        lock.write(name.encode())
        lock.flush()
        folder = Path(tempfile.mkdtemp(dir=hidden))
        try:
            if kept:
                _take(hidden / _place_of(kept), folder)
            _sweep(hidden, folder)
            yield Workspace(folder, lock.fileno())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.truncate(0)


def keep(folder: Path) -> str:
    """Keep what is in the folder of a workspace when that ends; return the secret by which it can be had.

    Raises OSError if it cannot be kept.
    """
    secret = secrets.token_urlsafe()
    folder.rename(folder.with_name(_place_of(secret)))
    return secret


def discard(imported: Path, secret: str) -> None:
    """Remove what is kept by a secret, if it is still there; never fails."""
    hidden = imported / HIDDEN
    with suppress(OSError):
        gone = Path(tempfile.mkdtemp(dir=hidden))
        with suppress(GoneError):
            _take(hidden / _place_of(secret), gone)
        shutil.rmtree(gone, ignore_errors=True)


def _place_of(secret: str) -> str:
    """Return the name of the folder that is kept by a secret, which it does not tell."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _take(kept: Path, folder: Path) -> None:
    """Put what was kept in the place of an empty folder. Of several that take it, one has it."""
    try:
        kept.rename(folder)
    except FileNotFoundError:
        raise GoneError from None


def sweep(imported: Path) -> None:
    """Remove what imports left that were killed, unless one is under way; never fails."""
    if (imported / HIDDEN).is_dir():
        with suppress(BusyError, OSError), workspace(imported):
            pass


def _sweep(hidden: Path, spared: Path) -> None:
    for each in hidden.iterdir():
        if each.name != _LOCK and each != spared:
            shutil.rmtree(each, ignore_errors=True)


def put(new: Path, imported: Path) -> None:
    """Let the model in the folder ``new`` enter. Raises TakenError if there is one of its name, and OSError."""
    try:
        new.rename(imported / new.name)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise TakenError from None
        raise


def require_room(imported: Path, new: Path, limit: int) -> None:
    """Raise FullError if the models in ``imported`` and that in ``new`` take more than ``limit`` bytes, or all."""
    added = size(new)
    taken = sum(map(size, model_folders(imported))) + added
    if taken > limit or (not added and taken == limit):
        raise FullError(taken, limit)


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
    gone = (
        hidden / secrets.token_hex()
    )  # not within a folder that is made first: an import that begins may sweep it away
    found[0].rename(gone)
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
