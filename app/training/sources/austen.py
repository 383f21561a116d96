"""Jane Austen's novels, out of the R package that Debian carries."""

import shutil
import struct
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from .download import TIMEOUT, DataError, MissingClientError

PACKAGE = "r-cran-janeaustenr"  # of Debian; any version of it whose text is the same will do
DATABASE = "./usr/lib/R/site-library/janeaustenr/data/Rdata.rdb"
BETWEEN = "\n\n\n"  # what stands between two novels
ADVICE = "name a file of the text with --file"


def fetch(cached: Path) -> None:
    """Write the novels in Debian's package to the file ``cached``, joined by ``BETWEEN``.

    Raises DataError if they cannot be obtained or written, and MissingClientError if Debian's clients are missing.
    """
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=cached.parent) as folder:
            text = BETWEEN.join("\n".join(lines) for lines in novels(_database(Path(folder))))
            partial = Path(folder) / cached.name
            partial.write_text(text, encoding="utf-8", newline="\n")
            partial.replace(cached)
    except OSError as error:
        raise DataError(f"the data folder {cached.parent} cannot be used: {error.strerror or error}") from None


def novels(database: bytes) -> Iterator[list[str]]:
    """Yield the lines of each novel in a database of R: object by object, first its length and then itself, compressed.

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
    """Return the character vector that R serialised as ``data`` (R Internals, 1.8).

    Raises DataError for anything else.
    """
    try:
        form, version = struct.unpack_from(">2sI", data)
        # Since version 3 the name of the native encoding stands before the object.
        at = 14 if version == 2 else 18 + struct.unpack_from(">I", data, 14)[0]
        kind, count = struct.unpack_from(">II", data, at)
        if (form, kind & 0xFF) != (b"X\n", 16):
            raise DataError(f"the database of {PACKAGE} holds something other than lines of text: {ADVICE}")
        at, lines = at + 8, []
        for _ in range(count):
            _, length = struct.unpack_from(">II", data, at)
            lines.append(struct.unpack_from(f"{length}s", data, at + 8)[0].decode())
            at += 8 + length
    except (struct.error, UnicodeDecodeError) as error:
        raise DataError(f"the database of {PACKAGE} cannot be read ({error}): {ADVICE}") from None
    return lines


def _database(folder: Path) -> bytes:
    """Return the novels as Debian's package holds them; ``folder`` is where apt-get may put the package."""
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
    """Return what one of Debian's clients prints when it is run in ``folder``."""
    client = shutil.which(command[0])
    if client is None:
        raise MissingClientError(f"{command[0]} is not installed, which extracts the text from {PACKAGE}: {ADVICE}")
    try:
        done = subprocess.run([client, *command[1:]], cwd=folder, capture_output=True, timeout=TIMEOUT)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise DataError(f"{command[0]} took more than {TIMEOUT} seconds for {PACKAGE}: {ADVICE}") from None
    if done.returncode != 0:
        reason = next(iter(done.stderr.decode(errors="replace").strip().splitlines()), "nothing")
        raise DataError(
            f"{command[0]} failed on {PACKAGE} (is there a network, and are the lists of `apt-get update` there?); "
            f"it said: {reason}. Or {ADVICE}"
        )
    return done.stdout
