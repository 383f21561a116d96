"""A store that follows its folder on disk: each refresh notices new, changed and removed models."""

import logging
from copy import copy
from pathlib import Path

from .files import LIMITS, BrokenModelError, model_folders, printable
from .model import Model
from .store import Store, load_named

logger = logging.getLogger(__name__)

# Of a model's files: it changes when one of them does, or who may read it.
Fingerprint = tuple[tuple[int, ...], ...]
_SIZE = -1  # its place in what is known of a file


class WatchedStore:
    """The store of a folder, and the fingerprints that its models had when they were loaded.

    Whatever the folder holds or becomes, neither the start nor a refresh fails.
    """

    def __init__(self, folder: Path) -> None:
        self._loaded: dict[str, Fingerprint] = {}
        self._missing: set[str] = set()  # loaded models that were not there at the last refresh
        self._complaint = ""  # the last one about the folder as a whole
        self.store = Store(folder, ())
        try:
            self._loaded = fingerprints(folder)  # taken before loading, so that the next refresh notices later changes
            self.store = Store(folder)
        except OSError as error:
            self._complain(error)

    def refresh(self) -> Store:
        """Return the store for the folder as it is now: the same one if nothing changed.

        Only new and changed models are loaded, the smallest first, and each is in ``store`` as soon as it is complete:
        a large one keeps no other waiting. A model stays in use until its replacement is complete, so that copying a
        folder does not break it. A model counts as gone only if it is missing at two refreshes in a row, because a
        folder that is being replaced may be missing for an instant.
        """
        try:
            now = fingerprints(self.store.folder)
        except OSError as error:
            self._complain(error)
            return self.store
        self._complaint = ""
        missing = self._loaded.keys() - now.keys()
        gone, self._missing = missing & self._missing, missing
        for name in sorted(gone):
            self._forget(name)
        for name in sorted(now, key=lambda name: (_size(now[name]), name)):
            if now[name] != self._loaded.get(name):
                self._load(name)
                self._loaded[name] = now[name]
        return self.store

    def _load(self, name: str) -> None:
        """Load a new or changed model."""
        shown = printable(name)
        try:
            model = load_named(self.store.folder / name)
        except BrokenModelError as error:
            is_kept = name in self.store.models
            if not is_kept:
                self._put(shown, reason=str(error))
            kept = "; the previous one stays in use" if is_kept else ""
            logger.warning("the model %s cannot be used: %s%s", shown, error, kept)
        else:
            self._put(shown, model)
            logger.info("the model %s was loaded", shown)

    def _forget(self, name: str) -> None:
        """Take a model out that is gone."""
        del self._loaded[name]
        self._put(printable(name))
        logger.info("the model %s is gone", printable(name))

    def _put(self, name: str, model: Model | None = None, reason: str = "") -> None:
        """Make a new store, in which this model is as given; requests under way keep the old one."""
        store = copy(self.store)
        store.models = {each: old for each, old in store.models.items() if each != name}
        store.broken = {each: old for each, old in store.broken.items() if each != name}
        if model is not None:
            store.models = dict(sorted({**store.models, name: model}.items()))
        elif reason:
            store.broken = dict(sorted({**store.broken, name: reason}.items()))
        self.store = store

    def _complain(self, error: OSError) -> None:
        """Log that the folder cannot be read, once for each reason."""
        reason = error.strerror or str(error)
        if reason != self._complaint:
            logger.warning("the folder of models %s cannot be read: %s", printable(str(self.store.folder)), reason)
        self._complaint = reason


def fingerprints(folder: Path) -> dict[str, Fingerprint]:
    """Return the fingerprint of each model in ``folder``, by name, without reading its files.

    Raises OSError if the folder cannot be read.
    """
    return {each.name: tuple(_fingerprint(each / name) for name in LIMITS) for each in model_folders(folder)}


def _fingerprint(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


def _size(fingerprint: Fingerprint) -> int:
    """Return the bytes of all files."""
    return sum(file[_SIZE] for file in fingerprint if file)
