"""The models of a folder, and of a second one with those that were imported."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from pathlib import Path

from .files import BrokenModelError, model_folders, printable
from .loading import load_model
from .model import Model

SHADOWED = (
    "a model of this name is in the folder of models, and serves: import it under another name, or remove it with "
    "'gatescope models remove'"
)

Entry = Model | str
"""A model, or the reason why the one in a folder cannot be used."""


class Store:
    """The models of a folder, by the names of their own folders, and the reasons why the broken ones cannot be used.

    ``imported`` is a second folder, whose models join them; of two that have the same name, only that in ``folder``
    serves. The names are safe to show. Raises OSError if a folder cannot be read; whatever is wrong with a model in it
    concerns that model only. ``folders`` are the models' own, if they are not all that there are.
    """

    def __init__(self, folder: Path, folders: Iterable[Path] | None = None, imported: Path | None = None) -> None:
        self.folder, self.imported = folder, imported
        found = places(folder, imported) if folders is None else [(each, False) for each in folders]
        self.fill({each: load_entry(each, is_shadowed=shadowed) for each, shadowed in found})

    def fill(self, entries: Mapping[Path, Entry]) -> None:
        """Hold ``entries``, by their folders, and nothing else."""
        self.entries = entries
        # Where a name is in both folders, that of the first is read last, and stays.
        ordered = sorted(entries.items(), key=lambda each: self.is_imported(each[0]), reverse=True)
        models = {path.name: entry for path, entry in ordered if isinstance(entry, Model)}
        broken = {printable(path.name): entry for path, entry in ordered if isinstance(entry, str)}
        self.models: dict[str, Model] = dict(sorted(models.items()))
        self.broken: dict[str, str] = dict(sorted(broken.items()))

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def of_text(self) -> "Store":
        """Return the models that read text and have a head: those that the page can show."""
        store = copy(self)
        store.models = {name: each for name, each in self.models.items() if each.tokenizer and each.config.outputs}
        return store

    def task(self, task: str) -> Sequence[Model]:
        """Return the models of one task, whose cells differ and which take the same texts."""
        return [model for model in self if model.config.task == task]

    def is_imported(self, folder: Path) -> bool:
        """Return whether the folder of a model is in that of the imported ones."""
        return folder.parent == self.imported


def places(folder: Path, imported: Path | None) -> list[tuple[Path, bool]]:
    """Return the folders that should each hold a model, and whether another of the same name comes before it.

    Raises OSError if ``folder`` cannot be read; an ``imported`` that cannot, such as in a home that is closed to a
    service, has none that could serve.
    """
    first = model_folders(folder)
    names = {each.name for each in first}
    second = [] if imported is None or imported == folder else _readable(imported)
    return [*((each, False) for each in first), *((each, each.name in names) for each in second)]


def _readable(imported: Path) -> list[Path]:
    try:
        return model_folders(imported)
    except OSError:
        return []


def load_entry(folder: Path, *, is_shadowed: bool = False) -> Entry:
    """Return the model in ``folder``, or the reason why it cannot be used."""
    if is_shadowed:
        return SHADOWED
    try:
        return load_named(folder)
    except BrokenModelError as error:
        return str(error)


def load_named(folder: Path) -> Model:
    """Load a model that is asked for by the name of its folder. Raises BrokenModelError if it cannot be used."""
    name = folder.name
    if any("\udc80" <= character <= "\udcff" for character in name):
        raise BrokenModelError("the name of its folder is not UTF-8: rename the folder")
    if printable(name) != name:
        raise BrokenModelError("the name of its folder holds a control character: rename the folder")
    try:
        folder.stat()
    except OSError as error:  # a loop of links, or a link into what nobody may look at
        raise BrokenModelError(f"the folder cannot be read: {error.strerror}") from None
    return load_model(folder)
