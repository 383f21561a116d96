"""The shape of an answer: its names, the sizes of its arrays and the kinds of its numbers, without the numbers."""

from typing import Any

from .arrays import MEMBERS


def shape(value: Any) -> Any:
    """Return ``value`` with every plain value as its kind, and arrays of one kind as `float[5, 64]` or `str[81]`.

    An array in base64 is `f4[5, 64]`. A null in an array of numbers is one of
    them. Objects of one shape are told once, with their count.
    """
    if isinstance(value, dict):
        if value.keys() == MEMBERS:
            return f"{value['dtype']}[{value['shape']}]"
        return {key: shape(each) for key, each in value.items()}
    if not isinstance(value, list):
        return _kind(value)
    sizes, kinds = _measured(value)
    kinds = kinds - {"null"} or kinds
    if sizes and len(kinds) == 1 and kinds != {"dict"}:
        return f"{kinds.pop()}[{', '.join(map(str, sizes))}]"
    first, *others = [shape(each) for each in value] or ["nothing"]
    return {"count": len(value), "each": first} if all(each == first for each in others) else [first, *others]


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


def _measured(value: Any) -> tuple[tuple[int, ...], set[str]]:
    """Return the sizes of nested lists of one length, empty where they are none, and what stands inside."""
    if not isinstance(value, list):
        return (), {_kind(value)}
    inner = [_measured(each) for each in value]
    kinds = set().union(*(each for _, each in inner))
    first = inner[0][0] if inner else ()
    return ((len(value), *first) if inner and all(sizes == first for sizes, _ in inner) else ()), kinds
