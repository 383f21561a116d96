"""The task "prose": Jane Austen's novels, character by character."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...analysis.features import Feature
from ...recurrent.trace import FloatArray
from ..characters import CharacterTask, line_position
from ..sources import austen
from ..sources.corpora import Split
from ..sources.download import DataError

SHA256 = "49e55f4936b4a0835f04c5d885f6f56cc19b6a55679df4164f91c49ba14e6992"  # of the six novels, joined, in UTF-8
CACHED = "austen.txt"

VALIDATION, TEST = 0.925, 0.95  # where these splits begin, as shares of the text
PARAGRAPH = re.compile(r"\n\n+")  # what stands before one
CHAPTER = re.compile(r"^chapter [\divxlc]+\.?$", re.MULTILINE | re.IGNORECASE)
WORD = re.compile(r"[^\W\d_]+")
MARKS = '"“”'


class Prose(CharacterTask):
    """The task."""

    name = "prose"
    epochs = 7
    splitting = (
        "The last 5 % of the text are the test part, the 2.5 % before them the validation part; each begins with a "
        "paragraph."
    )
    part = "chapters"
    sample = 7
    presentation: ClassVar[Mapping[str, Any]] = {
        "description": "After each character of a novel: the probability of every character to be the next.",
        "examples": [
            '"You are very kind," said Emma; "but I must go."',
            "It is a truth universally acknowledged, that a single man",
            '"Not at all," he replied. "I never dance."',
            "She was the youngest of the two daughters of a most affectionate father.",
        ],
    }

    def features(self, text: str) -> Sequence[Feature]:
        return features_of(text)

    def begins(self) -> Sequence[int]:
        return [match.start() for match in CHAPTER.finditer(self.splits["test"])]

    def starts(self, text: str) -> Sequence[int]:
        return [match.end() for match in PARAGRAPH.finditer(text)]


def load(cache: Path, warn: Callable[[str], None], file: Path | None = None) -> Prose:
    """Load the text of ``file``, or that of Debian's package, which the folder ``cache`` then keeps.

    ``warn`` is called with a note if the text is not the one that the reference figures are of. Raises DataError if
    there is no text that can be used, and MissingClientError if Debian's clients are needed and missing.
    """
    path = file or cache / CACHED
    if file is None and not path.exists():
        austen.fetch(path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8") from None
    checksum = hashlib.sha256(data).hexdigest()
    source = {"name": "six novels of Jane Austen", "version": "as in janeaustenr 1.0.0", "licence": "public domain"}
    if checksum != SHA256:
        warn(f"{path} is not the text of the reference figures: its SHA-256 is {checksum}, not {SHA256}")
        source = {"name": path.name, "version": "not known", "licence": "not known"}
    return Prose(split(text), checksum, [source | {"sha256": checksum, "size": len(data)}])


def split(text: str) -> dict[Split, str]:
    """Return the last 5 % for testing and the 2.5 % before them for validation, each from the start of a paragraph."""
    validation, test = (_paragraph(text, int(share * len(text))) for share in (VALIDATION, TEST))
    return {"train": text[:validation], "validation": text[validation:test], "test": text[test:]}


def features_of(text: str) -> Sequence[Feature]:
    """Return what a unit might track in ``text``, character by character."""
    return [
        Feature("inside quotation", inside_quotation(text)),
        Feature("line position", line_position(text)),
        Feature("word position", word_position(text)),
    ]


def inside_quotation(text: str) -> FloatArray:
    """Return 1 from an opening quotation mark up to its closing one, else 0; an empty line ends what was left open.

    A speech of several paragraphs has an opening mark in each of them and a closing one only in the last.
    """
    values, inside = np.zeros(len(text)), False
    for at, character in enumerate(text):
        if character in MARKS:
            inside = not inside
        elif text[max(at - 1, 0) : at + 1] == "\n\n":
            inside = False
        values[at] = inside
    return values


def word_position(text: str) -> FloatArray:
    """Return the letters since the word began, this one included; 0 for everything that is not a letter."""
    values = np.zeros(len(text))
    for match in WORD.finditer(text):
        values[slice(*match.span())] = np.arange(1, match.end() - match.start() + 1)
    return values


def _paragraph(text: str, at: int) -> int:
    """Return where the first paragraph after ``at`` begins; ``at`` itself if none does."""
    match = PARAGRAPH.search(text, at)
    return match.end() if match else at
