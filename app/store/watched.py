"""The models of a running application, kept as they stand on disk: a folder that is new, changed or gone is noticed.

No thread watches: a request that comes ``EVERY`` seconds or more after the last look has the folder looked at, in a
worker thread, and is answered with what was found. Requests that come meanwhile are answered with what was there.
"""

import logging
from copy import copy
from pathlib import Path

from .files import CONFIG, STATISTICS, VOCABULARY, WEIGHTS, BrokenModelError
from .loading import load_model
from .store import Store

logger = logging.getLogger(__name__)

Mark = tuple[tuple[int, ...], ...]  # what changes when a file of a model does


class Shelf:
    """The store of a folder, and what the folder looked like when it was loaded."""

    def __init__(self, folder: Path) -> None:
        self._seen = marks(folder)  # before it is read: what changes meanwhile is found at the next look
        self._missed: set[str] = set()
        self.store = Store(folder)

    def look(self) -> Store:
        """The store as the folder stands now; the same one if nothing changed. Loads only what is new or changed.

        A model that served goes on serving until what takes its place is whole: a folder that is being copied does
        not break it, and a folder is gone only if it is missed twice, as one that is replaced is away for an instant.
        """
        try:
            now = marks(self.store.folder)
        except OSError as error:
            logger.warning("the folder of models %s cannot be looked at: %s", self.store.folder, error.strerror)
            return self.store
        missed = self._seen.keys() - now.keys()
        now |= {name: self._seen[name] for name in missed - self._missed}
        self._missed = missed
        if now != self._seen:
            self.store = self._load(now)
            self._seen = now
        return self.store

    def _load(self, now: dict[str, Mark]) -> Store:
        """A new store of the folders in ``now``: requests that are under way keep theirs."""
        changed = sorted(name for name in now if now[name] != self._seen.get(name))
        models = {name: model for name, model in self.store.models.items() if name in now}
        broken = {name: why for name, why in self.store.broken.items() if name in now and name not in changed}
        for name in changed:
            try:
                models[name] = load_model(self.store.folder / name)
                logger.info("the model %s was loaded", name)
            except BrokenModelError as error:
                if name not in models:
                    broken[name] = str(error)
                kept = "; the one before goes on serving" if name in models else ""
                logger.warning("the model %s cannot be used: %s%s", name, error, kept)
        for name in sorted(self._seen.keys() - now.keys()):
            logger.info("the model %s is gone", name)
        store = copy(self.store)
        store.models, store.broken = dict(sorted(models.items())), broken
        return store


def marks(folder: Path) -> dict[str, Mark]:
    """What each model of ``folder`` looks like from outside, by name."""
    return {
        each.name: tuple(_mark(each / name) for name in (WEIGHTS, CONFIG, VOCABULARY, STATISTICS))
        for each in (folder.iterdir() if folder.is_dir() else [])
        if each.is_dir() and not each.name.startswith((".", "_"))
    }


def _mark(file: Path) -> tuple[int, ...]:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_mtime_ns, found.st_size
