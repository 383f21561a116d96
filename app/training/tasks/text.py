"""The task "text": your own text, character by character."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...analysis.features import Feature
from ...recurrent.cells import CellName
from ...recurrent.trace import FloatArray
from ..characters import LENGTH, RECIPE, RECIPES, SYMBOLS, WINDOW, CharacterTask
from ..sources.corpora import Split
from ..sources.download import DataError
from ..sources.files import TextFile, read
from ..trainer import Recipe

SHORTEST = 50_000  # characters: enough for three splits that are all long enough to say something
VALIDATION, TEST = 0.025, 0.05  # shares of the text
LEAST_VALIDATION, LEAST_TEST = 5_000, 12_000  # characters
STEPS = 6_000  # batches of a whole run, about
ROWS = (8, 32)  # fewest and most rows of a batch: with few, a short text still makes many batches
ROW = 30_000  # characters of training text for each row
EPOCHS = (5, 100)  # fewest and most
UNUSUAL = 0.02  # share of characters outside the vocabulary above which a note says so
LICENCE = "that of its owner"
WORD = re.compile(r"[^\W_]+")


class OwnText(CharacterTask):
    """The task: the beginning of the text is for training, then comes the validation split, then the test split."""

    name = "text"
    presentation: ClassVar[Mapping[str, Any]] = {
        "description": "After each character: the probability of every character to come next."
    }
    splitting = (
        f"The last {TEST:.0%} of the text are the test part, the {VALIDATION:.1%} before them the validation part, or "
        "more of a short text; lines stay whole where there are any."
    ).replace("%", " %")

    def __init__(self, file: TextFile) -> None:
        name = file.path.stem
        source = {"name": file.path.name, "sha256": file.sha256, "size": file.size, "licence": LICENCE}
        super().__init__(split(file.text), file.sha256, [source])
        own = {"task": f"text {name}", "examples": examples(self.splits["test"]), "licence": LICENCE}
        self.about = {**self.about, **own}

    def recipe(self, cell: CellName) -> Recipe:
        """Return a recipe of about ``STEPS`` batches, which ends early once validation no longer improves."""
        length = len(self.splits["train"])
        rows = bounded(length // ROW, *ROWS)
        epochs = bounded(round(STEPS * rows * WINDOW / length), *EPOCHS)
        return RECIPES.get(cell, RECIPE)(epochs=epochs, batch_size=rows, patience=5)

    def features(self, text: str) -> Sequence[Feature]:
        return features_of(text)

    def starts(self, text: str) -> Sequence[int]:
        return range(0, len(text), LENGTH)


def load(file: Path, warn: Callable[[str], None]) -> OwnText:
    """Load the text of ``file``; ``warn`` is called with a note on a script that the vocabulary does not hold.

    Raises DataError if the file is not text, or is too short.
    """
    content = read(file)
    if len(content.text) < SHORTEST:
        raise DataError(f"{file} holds {len(content.text):,} characters: at least {SHORTEST:,} are needed")
    task = OwnText(content)
    unknown = float((task.ids["train"] == 0).double().mean())
    if unknown > UNUSUAL:
        warn(
            f"{unknown:.0%} of the characters of {file} are none of its {SYMBOLS} most frequent ones; they are learned "
            "as one and the same"
        )
    return task


def split(text: str) -> dict[Split, str]:
    """Cut the text into training, validation and test, one after the other; lines stay whole where there are any."""
    test = _line(text, len(text) - max(round(TEST * len(text)), LEAST_TEST))
    validation = _line(text, test - max(round(VALIDATION * len(text)), LEAST_VALIDATION))
    return {"train": text[:validation], "validation": text[validation:test], "test": text[test:]}


def bounded(value: int, least: int, most: int) -> int:
    """Return ``value``, or the end of the range if it lies outside."""
    return min(max(value, least), most)


def examples(text: str) -> list[str]:
    """Return a few lines of ``text`` that are neither long nor short; its beginning if it has no such lines."""
    lines = [line.strip() for line in text.split("\n") if 20 <= len(line.strip()) <= 80]
    return list(dict.fromkeys(lines[:: max(len(lines) // 4, 1)]))[:4] or [text[:60].strip() or text.strip()[:60]]


def features_of(text: str) -> Sequence[Feature]:
    """Return characters since the line break and of the word so far; NaN before the first break or blank."""
    return [Feature("line position", line_position(text)), Feature("word position", word_position(text))]


def line_position(text: str) -> FloatArray:
    """Return characters since the line break (T,), 0 at the break; NaN before the first."""
    values: FloatArray = np.full(len(text), np.nan)
    for match in re.finditer(r"\n[^\n]*", text):
        values[match.start() : match.end()] = np.arange(match.end() - match.start())
    return values


def word_position(text: str) -> FloatArray:
    """Return characters of the word so far (T,), 0 outside words; NaN within a word that the text begins with."""
    values: FloatArray = np.zeros(len(text))
    for match in WORD.finditer(text):
        values[match.start() : match.end()] = np.arange(1, match.end() - match.start() + 1) if match.start() else np.nan
    return values


def _line(text: str, at: int) -> int:
    """Return where the last line begins at or up to ``LENGTH`` characters before ``at``; ``at`` if none does."""
    line_break = text.rfind("\n", max(at - LENGTH, 0), at)
    return line_break + 1 if line_break >= 0 else at
