"""Files that would do harm, or are damaged: how each is made, and the sentence with which it must be refused.

The files of each format are a table, ``FILES``: what is wrong → (what writes the file into a folder, the sentence).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

Make = Callable[[Path], Path]
"""Writes a file, or a folder, into an empty folder, and returns its path."""
Table = Mapping[str, tuple[Make, str]]


def holding(name: str, content: bytes | Callable[[], bytes]) -> Make:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content())
        return folder / name

    return make
