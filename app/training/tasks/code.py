"""The task "code": the source of Python's standard library, character by character."""

import hashlib
import platform
import re
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...analysis.features import Feature
from ...recurrent.trace import FloatArray
from ..characters import CharacterTask, line_position
from ..sources.corpora import Split
from ..sources.download import DataError

OMITTED = frozenset(
    {"test", "tests", "idlelib", "lib2to3", "encodings", "pydoc_data", "site-packages", "dist-packages"}
)
VALIDATION, TEST = 0.90, 0.95  # where these splits begin, as shares of all characters in the order of the paths
TAB = 8  # columns, as the language counts them

LEXEME = re.compile(
    r"""
    (?P<comment> \# [^\n]* )
    | (?P<docstring> (?P<marks> \"{3} | '{3} ) (?: \\. | . )*? (?: (?P<end> (?P=marks) ) | \Z ) )
    | (?P<string> (?P<mark> ["'] ) (?: \\. | (?! (?P=mark) ) [^\\\n] )* (?P<close> (?P=mark) )? )
    | (?P<bracket> [()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL,
)


class Code(CharacterTask):
    """The task."""

    name = "code"
    epochs = 4
    splitting = (
        "In the order of the paths, the last 5 % of the characters are the test part and the 5 % before them the "
        "validation part, in whole files, so that most packages are in one part only: what is left of a file or a "
        "package tells of the rest. Which files these are decides much: to a 5-gram that knows all that went before, "
        "the last 5 % of Python 3.11.7 take 1.98 bits per character in this order, 1.85 to 2.19 in eleven others, and "
        "the last 5 % of each file 1.85."
    )
    part = "files"
    sample = 11
    presentation: ClassVar[Mapping[str, Any]] = {
        "description": "After each character of a Python program: the probability of every character to be the next.",
        "examples": [
            'print(max(len(line) for line in open("names.txt")))',
            "pairs = [(1, 'one'), (2, 'two (or more')]  # a bracket (in a string",
            "if not isinstance(value, (int, float)):\n    raise TypeError('a number is needed')\n",
            'def area(width, height):\n    """The area of a rectangle."""\n    return width * height\n',
        ],
    }

    def __init__(
        self, splits: Mapping[Split, str], data: str, sources: Sequence[Mapping[str, Any]], begins: Sequence[int] = ()
    ) -> None:
        self._begins = begins  # of the files of the test split but the first
        super().__init__(splits, data, sources)

    def begins(self) -> Sequence[int]:
        return self._begins

    def features(self, text: str) -> Sequence[Feature]:
        return features_of(text)

    def starts(self, text: str) -> Sequence[int]:
        """Return the unindented lines after an empty line, outside brackets, strings and comments."""
        busy = np.sum(list(syntax(text).values()), axis=0)
        return [at for at in range(2, len(text)) if text[at - 2 : at] == "\n\n" and not busy[at - 1] and text[at] > " "]


def load(warn: Callable[[str], None]) -> Code:
    """Load the standard library of the Python that runs.

    ``warn`` is called with a note on each file that is left out because it is not UTF-8. Raises DataError if there is
    no source.
    """
    folder = Path(sysconfig.get_path("stdlib"))
    checksum, size, texts = hashlib.sha256(), 0, []
    for name in sorted(names(folder)):
        data = (folder / name).read_bytes()
        try:
            text = data.decode().replace("\r\n", "\n")
        except UnicodeDecodeError as error:
            warn(f"{folder / name} is not UTF-8, from byte {error.start} on: it is left out")
            continue
        checksum.update(f"{name}\0{len(data)}\0".encode() + data)
        size += len(data)
        texts.append(text)
    if not texts:
        raise DataError(f"{folder} holds no source of the standard library: use a Python that was installed with it")
    source = {
        "name": f"standard library of Python, {len(texts)} files",
        "version": platform.python_version(),
        "sha256": checksum.hexdigest(),
        "size": size,
        "licence": "PSF-2.0",
    }
    return Code(split(texts), checksum.hexdigest(), [source], begins(texts))


def names(folder: Path) -> Iterator[str]:
    """Yield the source files below ``folder`` that are learned from, as paths with slashes."""
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder)
        if OMITTED.isdisjoint(name.parts):
            yield name.as_posix()


def split(texts: Sequence[str]) -> dict[Split, str]:
    """Return the last 5 % of the characters for testing and the 5 % before them for validation, in whole files."""
    validation, test = _cuts(texts)
    return {
        "train": "".join(texts[:validation]),
        "validation": "".join(texts[validation:test]),
        "test": "".join(texts[test:]),
    }


def begins(texts: Sequence[str]) -> list[int]:
    """Return where in the test split its second and every further file begins."""
    _, test = _cuts(texts)
    ends: list[int] = np.cumsum([len(text) for text in texts[test:]]).tolist()
    return ends[:-1]


def features_of(text: str) -> Sequence[Feature]:
    """Return what a unit might track in ``text``, character by character."""
    return [
        *(Feature(name, values) for name, values in syntax(text).items()),
        Feature("indentation", indentation(text)),
        Feature("line position", line_position(text)),
    ]


def syntax(text: str) -> dict[str, FloatArray]:
    """Return bracket depth, and whether a character is in a string, a docstring or a comment, by name of the feature.

    A docstring is any text in triple quotes, from the third of them on; a string is any in single or double quotes.
    Nothing inside them counts as anything else, not even the expressions of an f-string. A surplus closing bracket is
    ignored.
    """
    depth, string, docstring, comment = np.zeros((4, len(text)))
    level = 0
    for match in LEXEME.finditer(text):
        begin, end = match.span()
        match match.lastgroup:
            case "comment":
                comment[begin:end] = 1
            case "string":
                string[begin : end - (match["close"] is not None)] = 1
            case "docstring":
                docstring[begin + 2 : end - (match["end"] is not None)] = 1
            case _:
                before, level = level, level + 1 if match[0] in "([{" else max(level - 1, 0)
                depth[begin] = level - before
    return {
        "bracket depth": depth.cumsum(),
        "inside string": string,
        "inside docstring": docstring,
        "inside comment": comment,
    }


def indentation(text: str) -> FloatArray:
    """Return the columns of blank at the start of the line so far; a tab goes on to a multiple of eight."""
    values, columns, open_ = np.zeros(len(text)), 0, True
    for at, character in enumerate(text):
        if character == "\n":
            columns, open_ = 0, True
        elif open_ and character in " \t":
            columns += 1 if character == " " else TAB - columns % TAB
        else:
            open_ = False
        values[at] = columns
    return values


def _cuts(texts: Sequence[str]) -> tuple[int, int]:
    """Return the index of the first file for validation, and that of the first for testing."""
    lengths = np.array([len(text) for text in texts])
    validation, test = np.searchsorted(lengths.cumsum() - lengths, np.array([VALIDATION, TEST]) * lengths.sum())
    return int(validation), int(test)
