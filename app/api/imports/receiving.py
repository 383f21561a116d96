"""Take the files of a multipart/form-data body to disk as they come, without holding them in memory."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from anyio.to_thread import run_sync
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ...store.files import printable
from .problems import malformed_upload, not_a_form

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FILES = 20  # of one model: Hugging Face's folders have some ten
LONGEST_NAME = 200  # bytes
PARTS = ("file", "vocabulary", "columns")  # of each but the first, there is at most one


class Received(NamedTuple):
    """The files of an upload, on disk."""

    path: Path  # a file, or the folder of several
    vocabulary: Path | None
    columns: Path | None


def received_in(folder: Path) -> Received:
    """Return the files that ``receive`` wrote into ``folder``."""
    files, *others = (sorted((folder / part).iterdir()) if (folder / part).is_dir() else [] for part in PARTS)
    return Received(files[0] if len(files) == 1 else folder / PARTS[0], *(next(iter(each), None) for each in others))


async def receive(content_type: str, body: AsyncIterator[bytes], folder: Path) -> None:
    """Write the files of ``body`` into ``folder``.

    Raises a problem if the body is no form that holds a file, ClientDisconnect if it breaks off, and OSError if a file
    cannot be written.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise not_a_form(content_type)
    with Parts(folder) as parts:
        try:
            parser = MultipartParser(options[b"boundary"], parts.callbacks())
            async for chunk in body:
                await run_sync(parser.write, chunk)
        except FormParserError:
            raise malformed_upload("is not multipart/form-data as RFC 7578 has it") from None
        parts.require_complete()


class Parts:
    """What becomes of each part of a form."""

    def __init__(self, folder: Path) -> None:
        self._folders = {part: folder / part for part in PARTS}
        self._open = ExitStack()
        self._file: BinaryIO | None = None
        self._header, self._value = b"", b""
        self._disposition = b""
        self._files: list[str] = []  # the part of each
        self._has_ended = False

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def callbacks(self) -> "MultipartCallbacks":
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_to_header,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._open_file,
            "on_part_data": self._write,
            "on_part_end": self._open.close,
            "on_end": self._end,
        }

    def require_complete(self) -> None:
        """Raise a problem if the files are not complete, or not those of one model."""
        if not self._has_ended:
            raise malformed_upload("ends before its last boundary")
        if "file" not in self._files:
            raise malformed_upload("holds no file: send it as a part 'file' with its filename")
        if twice := [part for part in PARTS[1:] if self._files.count(part) > 1]:
            raise malformed_upload(f"has two parts {twice[0]!r}: send one")

    def _begin(self) -> None:
        self._header = self._value = self._disposition = b""

    def _add_to_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _open_file(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        part, name = (options.get(key, b"").decode("utf-8", "replace") for key in (b"name", b"filename"))
        if part not in self._folders:
            raise malformed_upload(f"has a part {printable(part)!r}: its parts are file, vocabulary and columns")
        if len(self._files) == MOST_FILES:
            raise malformed_upload(f"has more than {MOST_FILES} files")
        path = self._folders[part] / file_name(name)
        path.parent.mkdir(exist_ok=True)
        try:
            file = path.open("xb")
        except FileExistsError:
            raise malformed_upload(f"has two files {path.name!r}") from None
        self._files.append(part)
        self._file = self._open.enter_context(file)

    def _write(self, data: bytes, start: int, end: int) -> None:
        assert self._file is not None  # noqa: S101  data comes after headers
        self._file.write(memoryview(data)[start:end])

    def _end(self) -> None:
        self._has_ended = True


def file_name(name: str) -> str:
    """Return the last part of a path, on whatever system it was one. Raises a problem if it cannot name a file."""
    last = PureWindowsPath(PurePosixPath(name).name).name
    if not last or last.startswith(".") or printable(last) != last or len(last.encode()) > LONGEST_NAME:
        raise malformed_upload(
            f"has a file named {printable(name)[:LONGEST_NAME]!r}: give it a name of up to {LONGEST_NAME} bytes that "
            "does not begin with a dot"
        )
    return last
