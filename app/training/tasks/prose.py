"""The task "prose": Jane Austen's novels, character by character; where they come from, features, recipe."""

import hashlib
import re
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ...analysis.features import Feature
from ...recurrent.trace import FloatArray
from ..characters import CharacterLesson, line_position
from ..sources.corpora import Part
from ..sources.download import TIMEOUT, DataError, MissingClientError
from ..task import Lesson

PACKAGE = "r-cran-janeaustenr"  # of Debian; any version of it whose text is the same will do
DATABASE = "./usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
BETWEEN = "\n\n\n"  # what stands between two novels
SHA256 = "49e55f4936b4a0835f04c5d885f6f56cc19b6a55679df4164f91c49ba14e6992"  # of the six, so joined, in UTF-8
CACHED = "austen.txt"
ADVICE = "name a file of the text with --file"

VALIDATION, TEST = 0.925, 0.95  # where these parts begin, as shares of the text
PARAGRAPH = re.compile(r"\n\n+")  # what stands before one
WORD = re.compile(r"[^\W\d_]+")
MARKS = '"“”'


class Prose(CharacterLesson):
    """The lesson."""

    name = "prose"
    epochs = 7
    parting = (
        "The last 5 % of the text are the test part, the 2.5 % before them the validation part; each begins with a "
        "paragraph."
    )
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
        return [
            Feature("inside quotation", inside_quotation(text)),
            Feature("line position", line_position(text)),
            Feature("word position", word_position(text)),
        ]

    def starts(self, text: str) -> Sequence[int]:
        return [match.end() for match in PARAGRAPH.finditer(text)]


def load(cache: Path, warn: Callable[[str], None], file: Path | None = None) -> Lesson:
    """The lesson on the text of ``file``, or on that of Debian's package, which the folder ``cache`` then keeps.

    ``warn`` is told where the text is not the one that the reference figures are of. Raises DataError if there is no
    text or none that can be used, and MissingClientError if Debian's clients are needed and absent.
    """
    path = file or cache / CACHED
    if file is None and not path.exists():
        _fill(path)
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8: byte {error.start} cannot be read. Save it as UTF-8") from None
    found = hashlib.sha256(data).hexdigest()
    source = {"name": "six novels of Jane Austen", "version": "as in janeaustenr 1.0.0", "licence": "public domain"}
    if found != SHA256:
        warn(f"{path} is another text than that of the reference figures: its SHA-256 is {found}, not {SHA256}")
        source = {"name": path.name, "version": "not known", "licence": "not known"}
    return Prose(split(text), found, [source | {"sha256": found, "size": len(data)}])


def split(text: str) -> dict[Part, str]:
    """The last 5 % to test on and the 2.5 % before them to validate on, each from the beginning of a paragraph."""
    validation, test = (_paragraph(text, int(share * len(text))) for share in (VALIDATION, TEST))
    return {"train": text[:validation], "validation": text[validation:test], "test": text[test:]}


def inside_quotation(text: str) -> FloatArray:
    """1 from an opening double mark up to its closing one, else 0; an empty line ends what was left open.

    A speech of several paragraphs opens each of them anew and closes the last alone.
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
    """Letters since the word began, this one included; 0 for all that is no letter."""
    values = np.zeros(len(text))
    for match in WORD.finditer(text):
        values[slice(*match.span())] = np.arange(1, match.end() - match.start() + 1)
    return values


def novels(database: bytes) -> Iterator[list[str]]:
    """The lines of each novel in a database of R: object after object, its length and then itself, compressed.

    Raises DataError for anything else.
    """
    while database:
        stream = zlib.decompressobj()
        try:
            yield strings(stream.decompress(database[4:]))
        except zlib.error as error:
            raise DataError(f"the database of {PACKAGE} cannot be unpacked ({error}): {ADVICE}") from None
        database = stream.unused_data


def strings(data: bytes) -> list[str]:
    """The character vector that R serialised as ``data`` (R Internals, 1.8). Raises DataError for anything else."""
    try:
        form, version = struct.unpack_from(">2sI", data)
        # Since version 3 the name of the native encoding stands before the object.
        at = 14 if version == 2 else 18 + struct.unpack_from(">I", data, 14)[0]
        kind, count = struct.unpack_from(">II", data, at)
        if (form, kind & 0xFF) != (b"X\n", 16):
            raise DataError(f"the database of {PACKAGE} holds something else than lines of text: {ADVICE}")
        at, found = at + 8, []
        for _ in range(count):
            _, length = struct.unpack_from(">II", data, at)
            found.append(struct.unpack_from(f"{length}s", data, at + 8)[0].decode())
            at += 8 + length
    except (struct.error, UnicodeDecodeError) as error:
        raise DataError(f"the database of {PACKAGE} cannot be read ({error}): {ADVICE}") from None
    return found


def _paragraph(text: str, at: int) -> int:
    """Where the first paragraph after ``at`` begins; ``at`` itself where none does."""
    match = PARAGRAPH.search(text, at)
    return match.end() if match else at


def _fill(cached: Path) -> None:
    """Write the text of Debian's package to the file ``cached``."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=cached.parent) as folder:
            text = BETWEEN.join("\n".join(lines) for lines in novels(_database(Path(folder))))
            partial = Path(folder) / cached.name
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(cached)
    except OSError as error:
        raise DataError(f"the data folder {cached.parent} cannot be used: {error.strerror or error}") from None


def _database(folder: Path) -> bytes:
    """The novels as Debian's package holds them; ``folder`` is where apt-get may put it."""
    _run(["apt-get", "download", PACKAGE], folder)
    archives = sorted(folder.glob(f"{PACKAGE}_*.deb"))
    if not archives:
        raise DataError(f"apt-get wrote no archive of {PACKAGE}: {ADVICE}")
    try:
        with tarfile.open(fileobj=BytesIO(_run(["dpkg-deb", "--fsys-tarfile", str(archives[0])], folder))) as tar:
            return tar.extractfile(DATABASE).read()  # type: ignore[union-attr]
    except (tarfile.TarError, KeyError) as error:
        raise DataError(f"{archives[0].name} holds no {DATABASE} ({error}): {ADVICE}") from None


def _run(command: Sequence[str], folder: Path) -> bytes:
    """What one of Debian's clients says when it is run in ``folder``."""
    client = shutil.which(command[0])
    if client is None:
        raise MissingClientError(f"{command[0]} is not installed, which gets the text out of {PACKAGE}: {ADVICE}")
    try:
        done = subprocess.run([client, *command[1:]], cwd=folder, capture_output=True, timeout=TIMEOUT)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise DataError(f"{command[0]} took more than {TIMEOUT} seconds for {PACKAGE}: {ADVICE}") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise DataError(
            f"{command[0]} failed on {PACKAGE} (is there a network, and are the lists of `apt-get update` there?); "
            f"it said: {said[0]}. Or {ADVICE}"
        )
    return done.stdout
