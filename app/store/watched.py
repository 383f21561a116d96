"""A store that follows its folder on disk: each refresh notices new, changed and removed models."""

import logging
from copy import copy
from pathlib import Path

from .files import CONFIG, STATISTICS, VOCABULARY, WEIGHTS, BrokenModelError, model_folders
from .loading import load_model
from .store import Store

logger = logging.getLogger(__name__)

Fingerprint = tuple[tuple[int, ...], ...]  # of a model's files: it changes when one of them does


class WatchedStore:
    """The store of a folder, and the fingerprints that its models had when they were loaded."""

    def __init__(self, folder: Path) -> None:
        self._loaded = fingerprints(folder)  # taken before loading, so that the next refresh notices later changes
        self._missing: set[str] = set()  # loaded models that were not there at the last refresh
        self.store = Store(folder)

    def refresh(self) -> Store:
        """Return the store for the folder as it is now: the same one if nothing changed.

        Only new and changed models are loaded. A model stays in use until its replacement is complete, so that copying
        a folder does not break it. A model counts as gone only if it is missing at two refreshes in a row, because a
        folder that is being replaced is missing for an instant.
        """
        try:
            now = fingerprints(self.store.folder)
        except OSError as error:
            logger.warning("the folder of models %s cannot be read: %s", self.store.folder, error.strerror)
            return self.store
        missing = self._loaded.keys() - now.keys()
        now |= {name: self._loaded[name] for name in missing - self._missing}
        self._missing = missing
        if now != self._loaded:
            self.store = self._load(now)
            self._loaded = now
        return self.store

    def _load(self, now: dict[str, Fingerprint]) -> Store:
        """Return a new store of the models in ``now``; requests under way keep the old one."""
        changed = sorted(name for name in now if now[name] != self._loaded.get(name))
        models = {name: model for name, model in self.store.models.items() if name in now}
        broken = {name: why for name, why in self.store.broken.items() if name in now and name not in changed}
        for name in changed:
            try:
                models[name] = load_model(self.store.folder / name)
                logger.info("the model %s was loaded", name)
            except BrokenModelError as error:
                if name not in models:
                    broken[name] = str(error)
                kept = "; the previous one stays in use" if name in models else ""
                logger.warning("the model %s cannot be used: %s%s", name, error, kept)
        for name in sorted(self._loaded.keys() - now.keys()):
            logger.info("the model %s is gone", name)
        store = copy(self.store)
        store.models, store.broken = dict(sorted(models.items())), broken
        return store


def fingerprints(folder: Path) -> dict[str, Fingerprint]:
    """Return the fingerprint of each model in ``folder``, by name, without reading its files."""
    return {
        each.name: tuple(_fingerprint(each / name) for name in (WEIGHTS, CONFIG, VOCABULARY, STATISTICS))
        for each in model_folders(folder)
    }


def _fingerprint(file: Path) -> tuple[int, ...]:
    try:
        status = file.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns, status.st_size
