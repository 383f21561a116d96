"""A file that somebody gives to learn from: its text, or in one line why it cannot be read as text."""

import codecs
import hashlib
from dataclasses import dataclass
from pathlib import Path

from .download import DataError

LARGEST = 200_000_000  # bytes: as token ids a text of that size takes some gigabytes of memory
_WIDE = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}


@dataclass(frozen=True)
class TextFile:
    """A text and where it came from."""

    path: Path
    text: str  # with line feeds only at the ends of lines
    sha256: str  # of the bytes, in hexadecimal
    size: int  # in bytes


def read(path: Path) -> TextFile:
    """Read a text file in UTF-8, with or without a byte order mark.

    Raises DataError, naming the file and the place, if it cannot be read, is empty, too large, binary or in another
    encoding.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise DataError(f"{path} is not a file: name a text file")
        if size > LARGEST:
            raise DataError(f"{path} has {size:,} bytes: it may have at most {LARGEST:,}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if not data.strip():
        raise DataError(f"{path} is empty" if not data else f"{path} holds only blanks")
    text = _decoded(path, data).replace("\r\n", "\n").replace("\r", "\n")
    return TextFile(path, text, hashlib.sha256(data).hexdigest(), len(data))


def _decoded(path: Path, data: bytes) -> str:
    for mark, name in _WIDE.items():
        if data.startswith(mark):
            raise DataError(f"{path} is in {name}: convert it to UTF-8, for example with iconv -f {name} -t UTF-8")
    if (at := data.find(0)) >= 0:
        raise DataError(f"{path} is binary, not text: byte {at:,} is 0x00")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from after the byte order mark.
        at = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        line = data.count(b"\n", 0, at) + 1
        raise DataError(
            f"{path} is not in UTF-8: byte {at:,}, in line {line:,}, is {data[at]:#04x}; if it is in Latin-1, convert "
            "it with iconv -f ISO-8859-1 -t UTF-8"
        ) from None
