"""What a model that reads numbers reads at each step: its columns, and their values as steps of a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, with_config
from torch import Tensor

from ..recurrent.tokenizer import Token

LONGEST_LABEL = 100  # characters


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False))
@dataclass(frozen=True)
class Column:
    """One of the numbers that a network reads at each step, which is (x − mean) / scale of what is given as x."""

    name: Annotated[str, Field(min_length=1)]
    """Its name, by which a column of a file is found."""
    unit: str = ""
    """Its unit of measurement; empty: none."""
    mean: float = 0.0
    """What is subtracted from it, in its unit."""
    scale: Annotated[float, Field(gt=0)] = 1.0
    """What the difference is divided by, in its unit."""


def unnamed(count: int) -> list[Column]:
    """Return ``count`` columns of which nothing is known but their order."""
    return [Column(f"input {at}") for at in range(count)]


def are_unnamed(columns: Sequence[Column]) -> bool:
    """Return whether nobody has given ``columns`` names: they are those of ``unnamed``."""
    return [each.name for each in columns] == [each.name for each in unnamed(len(columns))]


class Series(NamedTuple):
    """A sequence of numbers, and the labels of its steps."""

    values: Any  # (T, E)
    labels: Sequence[str] = ()  # (T,); empty: the steps are numbered


def steps_of(columns: Sequence[Column], series: Series, dtype: torch.dtype = torch.float32) -> list[Token]:
    """Return the steps of ``series`` as a network of ``dtype`` with these ``columns`` reads them: standardised.

    Values are a list, a NumPy array or a tensor, (T, E), or (T,) for a single column. Raises ValueError if they are
    anything else, if there is none, or if one is not finite or leaves the range of ``dtype``.
    """
    values = _matrix(columns, series.values)
    labels = series.labels
    require_labels(labels, len(values))
    mean, scale = (np.array([getattr(each, name) for each in columns]) for name in ("mean", "scale"))
    with np.errstate(over="ignore"):
        read = (values - mean) / scale
    _require(np.isfinite(values), values, columns, "is not a finite number")
    _require(np.abs(read) <= torch.finfo(dtype).max, values, columns, f"leaves the range of {dtype} once standardised")
    return [
        Token.of_numbers(step, row, label)
        for step, (row, label) in enumerate(zip(read.tolist(), labels or [""] * len(read), strict=True))
    ]


def values_of(columns: Sequence[Column], steps: Sequence[Token]) -> NDArray[np.float64]:
    """Return the values (T, E) that are read at ``steps``, from ``steps_of``, in the units of the ``columns``."""
    mean, scale = (np.array([getattr(each, name) for each in columns]) for name in ("mean", "scale"))
    read = np.array([each.values for each in steps], np.float64).reshape(len(steps), len(columns))
    values: NDArray[np.float64] = read * scale + mean
    return values


def require_labels(labels: Sequence[str], steps: int) -> None:
    """Raise ValueError unless there is a label for each of the ``steps``, or none, and each is short enough."""
    if labels and len(labels) != steps:
        raise ValueError(f"there are {len(labels):,} labels for {steps:,} steps: give one for each, or none")
    for step, label in enumerate(labels):
        if len(label) > LONGEST_LABEL:
            what = f"the label of step {step} has {len(label):,} characters"
            raise ValueError(f"{what}: at most {LONGEST_LABEL} are read")


def _matrix(columns: Sequence[Column], values: Any) -> NDArray[np.float64]:
    """Return ``values`` as (T, E). Raises ValueError if they are not such numbers."""
    expected = f"({'T' if len(columns) == 1 else f'T, {len(columns)}'})"
    if isinstance(values, Tensor):
        values = values.detach().cpu().double().numpy()
    try:
        given = np.asarray(values)
    except ValueError:
        raise ValueError("the rows have different lengths: give one number for each column in every row") from None
    if given.size == 0:
        raise ValueError("the sequence is empty: give at least one step")
    if given.dtype.kind not in "iuf":
        raise ValueError(f"the values are of type {given.dtype}: give numbers of shape {expected}")
    if given.ndim == 1 and len(columns) == 1:
        given = given[:, None]
    if given.ndim != 2:
        raise ValueError(f"the values have the shape {given.shape}: give one sequence of shape {expected}")
    if given.shape[1] != len(columns):
        raise ValueError(f"the rows have {counted(given.shape[1])}, and the model reads {listed(columns)}")
    return given.astype(np.float64)


def counted(count: int) -> str:
    """Return how many columns there are, in words."""
    return f"{count:,} column{'' if count == 1 else 's'}"


def listed(columns: Sequence[Column], most: int = 10) -> str:
    """Return how many ``columns`` there are, with their names, of which at most the first few are listed."""
    names = [each.name for each in columns[:most]] + (["…"] if len(columns) > most else [])
    return f"{len(columns):,}: {', '.join(names)}"


def _require(right: NDArray[np.bool_], values: NDArray[np.float64], columns: Sequence[Column], what: str) -> None:
    """Raise ValueError, which names step and column, for the first of ``values`` that is not ``right``."""
    if not right.all():
        step, column = (int(each) for each in np.argwhere(~right)[0])
        raise ValueError(f"step {step}, column {columns[column].name!r}: {values[step, column]:g} {what}")
