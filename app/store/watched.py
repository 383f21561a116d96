"""A store that follows its folders on disk: each refresh notices new, changed and removed models."""

import logging
from copy import copy
from pathlib import Path
from threading import Lock

from .files import LIMITS, BrokenModelError, printable
from .model import Model
from .store import SHADOWED, Entry, Store, load_named, places

logger = logging.getLogger(__name__)

# Of a model's files: it changes when one of them does, or who may read it.
Fingerprint = tuple[tuple[int, ...], ...]
_SIZE = -1  # its place in what is known of a file
_SHADOWED: Fingerprint = ()  # of a model that is not loaded, since another one has its name


class WatchedStore:
    """The store of a folder, and of the imported models, with the fingerprints that they had when they were loaded.

    Whatever the folders hold or become, neither the start nor a refresh fails.
    """

    def __init__(self, folder: Path, imported: Path | None = None) -> None:
        self._loaded: dict[Path, Fingerprint] = {}
        self._missing: set[Path] = set()  # loaded models that were not there at the last refresh
        self._complaint = ""  # the last one about the folder as a whole
        self._refreshing = Lock()
        self.store = Store(folder, (), imported)
        try:
            self._loaded = fingerprints(folder, imported)  # before loading, so that the next refresh notices changes
            self.store = Store(folder, None, imported)
        except OSError as error:
            self._complain(error)

    def refresh(self) -> Store:
        """Return the store for the folders as they are now: the same one if nothing changed.

        Only new and changed models are loaded, the smallest first, and each is in ``store`` as soon as it is complete:
        a large one keeps no other waiting. A model stays in use until its replacement is complete, so that copying a
        folder does not break it. A model counts as gone only if it is missing at two refreshes in a row, because a
        folder that is being replaced may be missing for an instant.
        """
        with self._refreshing:
            return self._refresh()

    def _refresh(self) -> Store:
        try:
            now = fingerprints(self.store.folder, self.store.imported)
        except OSError as error:
            self._complain(error)
            return self.store
        self._complaint = ""
        missing = self._loaded.keys() - now.keys()
        gone, self._missing = missing & self._missing, missing
        for path in sorted(gone):
            self._forget(path)
        # One whose name is taken comes last: until then it serves.
        for path in sorted(now, key=lambda path: (now[path] == _SHADOWED, _size(now[path]), path)):
            if now[path] != self._loaded.get(path):
                self._load(path, is_shadowed=now[path] == _SHADOWED)
                self._loaded[path] = now[path]
        return self.store

    def _load(self, path: Path, *, is_shadowed: bool) -> None:
        """Load a new or changed model."""
        shown = printable(path.name)
        try:
            if is_shadowed:
                raise BrokenModelError(SHADOWED)
            model = load_named(path)
        except BrokenModelError as error:
            is_kept = not is_shadowed and isinstance(self.store.entries.get(path), Model)
            if not is_kept:
                self._put(path, str(error))
            kept = "; the previous one stays in use" if is_kept else ""
            logger.warning("the model %s cannot be used: %s%s", shown, error, kept)
        else:
            self._put(path, model)
            logger.info("the model %s was loaded", shown)

    def _forget(self, path: Path) -> None:
        """Take a model out that is gone."""
        del self._loaded[path]
        self._put(path, None)
        logger.info("the model %s is gone", printable(path.name))

    def _put(self, path: Path, entry: Entry | None) -> None:
        """Make a new store, in which this model is as given; requests under way keep the old one."""
        store = copy(self.store)
        others = {each: old for each, old in store.entries.items() if each != path}
        store.fill(others if entry is None else {**others, path: entry})
        self.store = store

    def _complain(self, error: OSError) -> None:
        """Log that the folder cannot be read, once for each reason."""
        reason = error.strerror or str(error)
        if reason != self._complaint:
            logger.warning("the folder of models %s cannot be read: %s", printable(str(self.store.folder)), reason)
        self._complaint = reason


def fingerprints(folder: Path, imported: Path | None = None) -> dict[Path, Fingerprint]:
    """Return the fingerprint of each model in ``folder`` and ``imported``, without reading its files.

    Raises OSError if ``folder`` cannot be read.
    """
    return {
        each: _SHADOWED if is_shadowed else tuple(_fingerprint(each / name) for name in LIMITS)
        for each, is_shadowed in places(folder, imported)
    }


def _fingerprint(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _size(fingerprint: Fingerprint) -> int:
    """Return the bytes of all files."""
    return sum(file[_SIZE] for file in fingerprint if file)
