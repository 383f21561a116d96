"""Which columns of the input are shown, and what they are called."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from torch import Tensor

from ..figures.input_column import InputColumn
from ..figures.numbers import phrase_of
from ..recurrent.option_error import OptionError

MOST = 12  # curves above one picture
Name = str | tuple[str, str]  # with its unit


class Table(Protocol):
    """A table of named columns, such as a ``pandas.DataFrame``."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Return each name with its column."""


Inputs = Sequence[int] | Mapping[Name, int | ArrayLike | Tensor] | Table


def columns_of_input(chosen: Inputs, x: Tensor | None, steps: int) -> list[InputColumn]:
    """Return the columns that are chosen of the input ``x`` (T, E), or that are given.

    Raises OptionError for a column that ``x`` does not have, or for values that are not T numbers.
    """
    columns = []
    for key, what in _named(chosen):
        name, unit = key if isinstance(key, tuple) and len(key) == 2 else (key, "")
        values = _column(int(what), x) if isinstance(what, int | np.integer) else _numbers(str(name), what)
        columns.append(InputColumn(phrase_of(str(name)), _checked(str(name), values, steps), phrase_of(str(unit))))
    if len(columns) > MOST:
        raise OptionError("inputs", f"there are {len(columns)} columns, and a picture has room for {MOST}: choose some")
    return columns


def _named(chosen: Any) -> Iterable[tuple[Any, Any]]:
    """Return each name with its column, of which a list only has the number."""
    if hasattr(chosen, "items"):
        items: Iterable[tuple[Any, Any]] = chosen.items()
        return items
    if isinstance(chosen, str) or not isinstance(chosen, Iterable):
        raise OptionError(
            "inputs", f"this is a {type(chosen).__name__}: give numbers of columns, [0, 3], or names, {{'rain': 0}}"
        )
    for each in (columns := list(chosen)):
        if not isinstance(each, int | np.integer):
            hint = "a list holds numbers of columns, and names stand in a mapping, {'rain': 0}"
            raise OptionError("inputs", f"{each!r} is a {type(each).__name__}: {hint}")
    return [(f"input {column}", column) for column in columns]


def _column(place: int, x: Tensor | None) -> np.ndarray[Any, Any]:
    """Return a column of ``x``."""
    if x is None:
        hint = "give its values, as in inputs={'rain': values}"
        raise OptionError("inputs", f"there is no input here to take column {place} of: {hint}")
    if not 0 <= place < x.shape[1]:
        have = f"columns go from 0 to {x.shape[1] - 1}" if x.shape[1] > 1 else "the only one is 0"
        raise OptionError("inputs", f"there is no column {place} in the input: {have}")
    return _numbers(f"input {place}", x[:, place])


def _numbers(name: str, values: Any) -> np.ndarray[Any, Any]:
    try:
        given = values.detach().cpu().double() if isinstance(values, Tensor) else values
        return np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        hint = "give the number of a column, or a number for each step"
        raise OptionError("inputs", f"“{name}” is a {type(values).__name__}: {hint}") from None


def _checked(name: str, values: np.ndarray[Any, Any], steps: int) -> np.ndarray[Any, Any]:
    """Return ``values`` if there are T numbers, at least one of them finite."""
    if values.shape != (steps,):
        counted = f"{steps} step{'s' if steps > 1 else ''}"
        raise OptionError("inputs", f"“{name}” has the shape {values.shape} for {counted}: it must be ({steps},)")
    if not np.isfinite(values).any():
        raise OptionError("inputs", f"“{name}” holds no finite number")
    return values
