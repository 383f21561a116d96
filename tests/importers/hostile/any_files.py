"""What is of no format, whatever it is called, and what is not a file."""

import os
import random
import socket
import struct
import zlib
from pathlib import Path

from . import Table, holding

SECRET = "root:x:0:0"
NONE, EMPTY = (
    f"{what} that can be imported: the formats are PyTorch, safetensors, ONNX, Keras; or it is damaged"
    for what in ("this is not a file", "this folder holds no file")
)


def picture() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def noise(size: int = 4_000) -> bytes:
    """Random bytes."""
    return random.Random(0).randbytes(size)


def folder(path: Path) -> Path:
    """A folder with a file of no format."""
    (path / "model").mkdir()
    (path / "model" / "notes.txt").write_text("nothing")
    return path / "model"


def link(path: Path, name: str = "link.pt") -> Path:
    """A link to a file outside, which must not be quoted."""
    outside = path.parent / "outside.txt"
    outside.write_text(SECRET)
    (path / name).symlink_to(outside)
    return path / name


def link_in_a_folder(path: Path) -> Path:
    """A folder as Hugging Face lays it out, whose weights are a link to such a file."""
    link(path, "model.safetensors")
    return path


def loop(path: Path) -> Path:
    """Two links that lead to each other."""
    (path / "one.pt").symlink_to(path / "two.pt")
    (path / "two.pt").symlink_to(path / "one.pt")
    return path / "one.pt"


def to_nothing(path: Path) -> Path:
    """A link to a file that is not there."""
    (path / "link.pt").symlink_to(path / "missing.pt")
    return path / "link.pt"


def pipe(path: Path, name: str = "pipe.pt") -> Path:
    """A named pipe, which gives nothing and does not end."""
    os.mkfifo(path / name)
    return path / name


def pipe_in_a_folder(path: Path) -> Path:
    """A folder whose weights are a named pipe."""
    pipe(path, "model.safetensors")
    return path


def port(path: Path) -> Path:
    """A socket, which cannot be opened."""
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(os.path.relpath(path / "socket.pt"))
    return path / "socket.pt"


FILES: Table = {
    "an empty file": (holding("empty.pt", b""), NONE),
    "random bytes": (holding("noise.pt", noise), NONE),
    "an image": (holding("image.png", picture), NONE),
    "a text": (holding("model.py", b"import torch\n"), NONE),
    "an empty zip archive": (holding("model.zip", b"PK\x05\x06" + bytes(18)), NONE),
    "a folder": (folder, EMPTY),
    "an empty folder": (lambda path: path, EMPTY),
    "a link to a text outside": (link, NONE),
    "a folder with such a link": (
        link_in_a_folder,
        "model.safetensors is not a whole safetensors file, copy or save it again: header too large",
    ),
    "a loop of links": (loop, "one.pt: Too many levels of symbolic links"),
    "a link to nothing": (to_nothing, "link.pt: there is no such file or folder"),
    "a named pipe": (pipe, "this is a named pipe, which is not read: save what it gives in a file, and name that"),
    "a folder with a named pipe": (pipe_in_a_folder, EMPTY),
    "a socket": (port, "this is a socket, which is not read: save what it gives in a file, and name that"),
}
