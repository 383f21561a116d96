"""The models of a folder."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .files import BrokenModelError, model_folders, printable
from .loading import load_model
from .model import Model


class Store:
    """The models of a folder, by the names of their own folders, and the reasons why the broken ones cannot be used.

    The names are safe to show. Raises OSError if the folder cannot be read; whatever is wrong with a model in it
    concerns that model only. ``folders`` are the models' own, if they are not all that there are.
    """

    def __init__(self, folder: Path, folders: Iterable[Path] | None = None) -> None:
        self.folder = folder
        self.models: dict[str, Model] = {}
        self.broken: dict[str, str] = {}
        for each in model_folders(folder) if folders is None else folders:
            try:
                self.models[each.name] = load_named(each)
            except BrokenModelError as error:
                self.broken[printable(each.name)] = str(error)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def task(self, task: str) -> Sequence[Model]:
        """Return the models of one task, whose cells differ and which take the same texts."""
        return [model for model in self if model.config.task == task]


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
