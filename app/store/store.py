"""The models of one folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .files import BrokenModelError
from .loading import load_model
from .model import Model


class Store:
    """The models of a folder, by the names of their folders; those that cannot be used, with the reason."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Model] = {}
        self.broken: dict[str, str] = {}
        for each in sorted(folder.iterdir()) if folder.is_dir() else []:
            if each.is_dir() and not each.name.startswith((".", "_")):
                try:
                    self.models[each.name] = load_model(each)
                except BrokenModelError as error:
                    self.broken[each.name] = str(error)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def task(self, task: str) -> Sequence[Model]:
        """The models of one task: different cells for the same sentences."""
        return [model for model in self if model.config.task == task]
