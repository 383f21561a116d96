"""The task "text": the characters of a file of one's own."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...analysis.features import Feature
from ...recurrent.cells import CellName
from ...recurrent.trace import FloatArray
from ..characters import LENGTH, RECIPES, SYMBOLS, WINDOW, CharacterLesson
from ..sources.corpora import Part
from ..sources.download import DataError
from ..sources.files import TextFile, read
from ..trainer import Recipe

SHORTEST = 50_000  # characters: three parts, of which even the smallest says something
VALIDATION, TEST = 0.025, 0.05  # shares of the text
LEAST_VALIDATION, LEAST_TEST = 5_000, 12_000  # characters
STEPS = 6_000  # batches in all
ROWS = (8, 32)  # fewest and most of a batch: with few, a short text still makes many batches
ROW = 30_000  # characters for each
EPOCHS = (5, 100)  # fewest and most
UNUSUAL = 0.02  # share of characters outside the vocabulary from which on it is worth a word
OWN = "that of its owner"  # the licence of a text of one's own
WORD = re.compile(r"[^\W_]+")


class Text(CharacterLesson):
    """The lesson: the first part of the text to learn from, then one to validate on, the last to test on."""

    name = "text"
    presentation: ClassVar[Mapping[str, Any]] = {
        "description": "After each character: the probability of every character to come next."
    }
    parting = (
        f"The last {TEST:.0%} of the text are the test part, the {VALIDATION:.1%} before them the validation part, or "
        "more of a short text; lines stay whole where there are any."
    ).replace("%", " %")

    def __init__(self, file: TextFile) -> None:
        name = file.path.stem
        source = {"name": file.path.name, "sha256": file.sha256, "size": file.size, "licence": OWN}
        super().__init__(split(file.text), file.sha256, [source])
        self.about = {**self.about, "task": f"text {name}", "examples": examples(self.parts["test"]), "licence": OWN}

    def recipe(self, cell: CellName) -> Recipe:
        """As many epochs as make about ``STEPS`` batches, fewer once the validation part is no longer learned."""
        length = len(self.parts["train"])
        rows = bounded(length // ROW, *ROWS)
        epochs = bounded(round(STEPS * rows * WINDOW / length), *EPOCHS)
        return RECIPES[cell](epochs=epochs, batch_size=rows, patience=5)

    def features(self, text: str) -> Sequence[Feature]:
        """Characters since the line break, and of the word so far; not known before the first break or blank."""
        return [Feature("line position", line_position(text)), Feature("word position", word_position(text))]

    def starts(self, text: str) -> Sequence[int]:
        return range(0, len(text), LENGTH)


def load(file: Path, warn: Callable[[str], None]) -> Text:
    """The lesson on the text of ``file``; ``warn`` is told of a script that the vocabulary does not hold.

    Raises DataError if it is no text, or too short.
    """
    given = read(file)
    if len(given.text) < SHORTEST:
        raise DataError(f"{file} holds {len(given.text):,} characters: at least {SHORTEST:,} are needed")
    lesson = Text(given)
    unknown = float((lesson.ids["train"] == 0).double().mean())
    if unknown > UNUSUAL:
        warn(
            f"{unknown:.0%} of the characters of {file} are none of its {SYMBOLS} most frequent ones; they are learned "
            "as one and the same"
        )
    return lesson


def split(text: str) -> dict[Part, str]:
    """Training, validation and test, one after the other; lines stay whole where there are any."""
    test = _line(text, len(text) - max(round(TEST * len(text)), LEAST_TEST))
    validation = _line(text, test - max(round(VALIDATION * len(text)), LEAST_VALIDATION))
    return {"train": text[:validation], "validation": text[validation:test], "test": text[test:]}


def bounded(value: int, least: int, most: int) -> int:
    """``value``, or the end of the range that it lies beyond."""
    return min(max(value, least), most)


def examples(text: str) -> list[str]:
    """A few lines of ``text`` that are neither long nor short; its beginning if it has none such."""
    lines = [line.strip() for line in text.split("\n") if 20 <= len(line.strip()) <= 80]
    return list(dict.fromkeys(lines[:: max(len(lines) // 4, 1)]))[:4] or [text[:60].strip() or text.strip()[:60]]


def line_position(text: str) -> FloatArray:
    """Characters since the line break (T,), 0 at the break; NaN before the first."""
    values: FloatArray = np.full(len(text), np.nan)
    for match in re.finditer(r"\n[^\n]*", text):
        values[match.start() : match.end()] = np.arange(match.end() - match.start())
    return values


def word_position(text: str) -> FloatArray:
    """Characters of the word so far (T,), 0 outside words; NaN within a word that the text begins with."""
    values: FloatArray = np.zeros(len(text))
    for match in WORD.finditer(text):
        values[match.start() : match.end()] = np.arange(1, match.end() - match.start() + 1) if match.start() else np.nan
    return values


def _line(text: str, at: int) -> int:
    """Where the last line begins that begins at ``at`` or up to ``LENGTH`` characters before; else ``at``."""
    found = text.rfind("\n", max(at - LENGTH, 0), at)
    return found + 1 if found >= 0 else at
