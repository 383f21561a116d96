"""The operators of a file of ONNX without its weights: a large one of another kind is refused without holding them."""

from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

_GRAPH, _WEIGHTS = 7, {5, 15}  # fields of ModelProto; of GraphProto: initializer, sparse_initializer
_VARINT, _BYTES = 0, 2  # how protobuf writes the value of a field
_SIZES = {1: 8, 5: 4}  # bytes, where it writes a number of a fixed size
_READ = (b"LSTM", b"GRU", b"RNN")


def needed_of(path: Path) -> bytes:
    """Return the message in a file; without the weights of its graph where none of its operators is one of ours."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        try:
            outline = b"".join(_outline(data))
        except ValueError:
            return data[:]  # what is wrong with it is for protobuf to find
        return data[:] if any(name in outline for name in _READ) else outline


def _outline(data: mmap) -> Iterator[bytes]:
    """Yield a message without the weights of its graphs. Raises ValueError if it is not a whole one."""
    for field, start, value, end in _fields(data, 0, len(data)):
        if field != _GRAPH:
            yield data[start:end]
            continue
        graph = b"".join(data[a:c] for each, a, _, c in _fields(data, value, end) if each not in _WEIGHTS)
        yield bytes([_GRAPH << 3 | _BYTES]) + _varint(len(graph)) + graph


def _fields(data: mmap, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield the number of each field of a message, and where it, its value, and what follows it begin."""
    while at < end:
        start = at
        tag, at = _read_varint(data, at)
        value = at
        kind = tag & 7
        if kind == _VARINT:
            _, at = _read_varint(data, at)
        elif kind == _BYTES:
            length, value = _read_varint(data, at)
            at = value + length
        elif kind in _SIZES:
            at += _SIZES[kind]
        else:
            raise ValueError("no field begins here")
        if at > end:
            raise ValueError("a field is longer than its message")
        yield tag >> 3, start, value, at


def _read_varint(data: mmap, at: int) -> tuple[int, int]:
    """Return the number at a place, and the place behind it."""
    number = 0
    for n in range(10):
        if at + n >= len(data):
            break
        number |= (data[at + n] & 127) << 7 * n
        if data[at + n] < 128:
            return number, at + n + 1
    raise ValueError("a number is cut off")


def _varint(number: int) -> bytes:
    """Return a number as protobuf writes it."""
    data = bytearray()
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    return bytes([*data, number])
