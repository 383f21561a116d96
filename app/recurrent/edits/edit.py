"""An edit: one change inside the steps of a network, as data; and what each operation gives."""

import math
import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from numbers import Real
from reprlib import Repr
from typing import Any, ClassVar, NamedTuple, Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray

from ..cells.cell import Cell
from ..modules import Direction
from ..tokenizer import Token

Array = NDArray[Any]
Values = float | tuple[float, ...]  # one for all units, or one for each unit named

MOST = 100  # edits in a list
LARGEST = float(np.finfo(np.float32).max)
LONGEST = 100_000  # indices that one field names
NUMBERS: dict[str, Any] = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]}

_REPR = Repr()
_REPR.maxstring = 60
shown = _REPR.repr
"""Return how a value that is wrong stands in a message: its repr, cut short where it is long or deep."""

_INDICES = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*", re.ASCII)


class EditError(ValueError):
    """An edit that cannot be made: ``field`` is wrong, or the edit as a whole if that is empty; ``edits`` is the list.

    ``index`` is the place of the edit in its list, where there is one.
    """

    def __init__(self, field: str, what: str, index: int | None = None) -> None:
        place = "edits" if index is None else f"edits[{index}]"
        where = field if index is None else f"{place}.{field}" if field else place
        super().__init__(f"{where}: {what}" if where else what)
        self.field, self.what, self.index = field, what, index

    @property
    def pointer(self) -> str:
        """Return the place as the API names it: ``edits.0.units``."""
        place = [] if self.field == "edits" else ["edits"]
        return ".".join(str(each) for each in (*place, self.index, self.field) if each not in (None, ""))

    def at(self, index: int) -> "EditError":
        """Return the same error, of the edit at ``index``."""
        return EditError(self.field, self.what, index)


class Layers(Protocol):
    """What a patch takes its values from: a trace."""

    def __len__(self) -> int: ...
    def layer(self, layer: int = ..., direction: Direction = ...) -> Any:
        """Return the activations of a layer in a direction, by letter. Raises KeyError if there is no such layer."""


@dataclass(frozen=True)
class Resources:
    """What a model knows that its weights do not say; None where there is no model, or it does not know."""

    mean: Callable[[int, Direction, str], Sequence[float]] | None = None
    """The held-out mean of each unit of an activation."""
    trace: Callable[[Any], Layers] | None = None
    """The trace of a text, or of values, without edits."""
    tokens: Callable[[str], Sequence[Token]] | None = None


NO_RESOURCES = Resources()


class Place(NamedTuple):
    """One letter of one layer and direction that an edit changes."""

    cell: Cell
    letter: str
    layer: int
    direction: Direction
    units: Array  # (n,)
    width: int  # units of the letter: H, or P
    steps: Sequence[int]
    length: int | None  # T, or None if it is not known yet
    resources: Resources


class Affine(NamedTuple):
    """activation ← scale · activation + shift + take · source, as in ``engine.edits``.

    Each is a number, or an array (n,) for the units of a place, or (steps, n) for each step.
    """

    scale: Any = 1.0
    shift: Any = 0.0
    take: Any = 0.0


class Operation(ABC):
    """What an edit does at its place."""

    name: ClassVar[str]
    """Its key in the data form."""
    purpose: ClassVar[str]
    """What it does, in one phrase for the documentation."""
    schema: ClassVar[Mapping[str, Any]] = {"const": True}
    """The JSON schema of its value."""
    fields: ClassVar[Sequence[str]] = ("letter", "layer", "direction", "units")
    """The fields that it takes besides ``steps`` and ``sequences``."""

    @classmethod
    @abstractmethod
    def parse(cls, value: Any) -> "Operation":
        """Return the operation for its value in the data form. Raises ValueError if that is not one."""

    @property
    @abstractmethod
    def value(self) -> Any:
        """Return the value of the data form. Raises ValueError if it has none."""

    def letters(self, edit: "Edit", cell: Cell) -> Sequence[str]:
        """Return the letters of ``cell`` that ``edit`` changes. Raises EditError if this cell cannot have it."""
        if edit.letter is None:
            raise EditError("letter", f"is missing: {self.name} needs one of {', '.join(cell.activations)}")
        return edit.letter

    @abstractmethod
    def at(self, place: Place) -> Affine:
        """Return the change that it makes at ``place``. Raises ValueError if it cannot be made there."""


@dataclass(frozen=True)
class OfNumbers(Operation):
    """An operation by a number, or by one for each unit named."""

    values: Values

    schema = NUMBERS

    @classmethod
    def parse(cls, value: Any) -> "OfNumbers":
        return cls(values(value))

    @property
    def value(self) -> Any:
        return list(self.values) if isinstance(self.values, tuple) else self.values


class Where(TypedDict, total=False):
    """Where an edit acts; what is left out means all."""

    layer: int | None
    direction: Direction | None
    units: "Iterable[int] | str | None"
    steps: "Iterable[int] | str | None"
    sequences: "Iterable[int] | str | None"


@dataclass(frozen=True)
class Edit:
    """One operation at one place, inside every step that it names. Equal edits compare equal.

    ``from_dict`` reads what ``to_dict`` writes, and the API takes: ``{"letter": "i", "steps": [3], "hold": 0}``.
    """

    operation: Operation
    letter: str | None = None
    layer: int | None = None
    direction: Direction | None = None
    units: tuple[int, ...] | None = None
    steps: tuple[int, ...] | None = None
    sequences: tuple[int, ...] | None = None
    """Those of a batch, in the order in which they were given."""

    def __post_init__(self) -> None:
        """Raise EditError if the fields do not fit each other."""
        for name in ("letter", "layer", "direction", "units"):
            if getattr(self, name) is not None and name not in self.operation.fields:
                raise EditError(name, f"{self.operation.name} does not take it: {self.operation.purpose}")
        if isinstance(values := getattr(self.operation, "values", None), tuple):
            if self.units is None:
                raise EditError(self.operation.name, "a list has one value for each unit named, and none is: add units")
            if len(values) != len(self.units):
                counts = f"{counted(len(values), 'value')} for {counted(len(self.units), 'unit')}"
                raise EditError(self.operation.name, f"has {counts}: give one for each, or a single number")

    @classmethod
    def make(cls, kind: type[Operation], value: Any, letter: str | None, where: Where) -> "Edit":
        """Return an edit from what Python or the data form gives. Raises EditError, which names the wrong field.

        Raises TypeError for a keyword that is not a field: without it the edit would change more than was meant.
        """
        if unknown := [name for name in where if name not in Where.__annotations__]:
            fields = ", ".join(Where.__annotations__)
            raise TypeError(f"{kind.name}() got an unexpected keyword argument {unknown[0]!r}: choose from {fields}")
        try:
            operation = kind.parse(value)
        except EditError:  # which names a field inside the value
            raise
        except ValueError as error:
            raise EditError(kind.name, str(error)) from None
        layer, direction = where.get("layer"), where.get("direction")
        if letter is not None and not isinstance(letter, str):
            raise EditError("letter", f"is {shown(letter)}: it must be the letter of an activation")
        if layer is not None:
            layer = index("layer", layer)
        if direction not in (None, "forward", "backward"):
            raise EditError("direction", f"is {shown(direction)}: it must be forward or backward")
        lists: Any = {name: indices(name, where.get(name)) for name in ("units", "steps", "sequences")}
        return cls(operation, letter, layer, direction, **lists)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Edit":
        """Return the edit of the data form. Raises EditError, which names the field."""
        from .data import edit_from  # which knows the table of operations

        return edit_from(data)

    def to_dict(self) -> dict[str, Any]:
        """Return the data form, ready for JSON. Raises ValueError for a patch that holds a trace."""
        fields = ("letter", "layer", "direction", "units", "steps", "sequences")
        place = {name: value for name in fields if (value := getattr(self, name)) is not None}
        lists = {name: list(value) if isinstance(value, tuple) else value for name, value in place.items()}
        return {**lists, self.operation.name: self.operation.value}

    def __str__(self) -> str:
        """Return the short form, where there is one."""
        from .short_form import short_form

        try:
            return short_form([self])
        except ValueError:
            return f"{self.operation.name} of {self.letter}"


def counted(count: int, noun: str) -> str:
    """Return a count in words: ``1 step``, ``2 steps``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def index(field: str, given: Any) -> int:
    """Return a whole number from 0. Raises EditError for anything else."""
    try:
        if isinstance(given, bool):
            raise TypeError
        number = operator.index(given)
    except TypeError:
        raise EditError(field, f"{shown(given)} is not a whole number") from None
    if number < 0:
        raise EditError(field, f"is {number}: it must be 0 or more")
    return number


def indices(field: str, given: Any) -> tuple[int, ...] | None:
    """Return the indices of a list, or of "3-7" or "1,3-7", ends included. Raises EditError for anything else."""
    if given is None:
        return None
    many = f"lists more than {LONGEST:,} numbers, which is the limit"
    if isinstance(given, str):
        if not _INDICES.fullmatch(given) or any(len(each) > 18 for each in re.findall(r"\d+", given)):
            raise EditError(field, f"is {shown(given)}: it must be a list, or like 3-7")
        ranges = [tuple(map(int, each.split("-"))) for each in given.split(",")]
        if empty := [each for each in ranges if each[0] > each[-1]]:
            raise EditError(field, f"{empty[0][0]}-{empty[0][1]} is an empty range: the smaller number comes first")
        if sum(each[-1] - each[0] + 1 for each in ranges) > LONGEST:
            raise EditError(field, many)
        numbers = tuple(number for each in ranges for number in range(each[0], each[-1] + 1))
    else:
        if isinstance(given, Mapping) or not isinstance(given, Iterable):
            raise EditError(field, f"is {shown(given)}: it must be a list, or like 3-7")
        numbers = tuple(index(field, each) for each in islice(given, LONGEST + 1))
        if len(numbers) > LONGEST:
            raise EditError(field, many)
    if not numbers:
        raise EditError(field, "is empty; leave it out for all of them")
    seen: set[int] = set()
    for each in numbers:
        if each in seen:
            raise EditError(field, f"{each} is listed twice")
        seen.add(each)
    return numbers


def values(given: Any) -> Values:
    """Return a number, or one for each unit. Raises ValueError unless all are finite, and none needs a gradient."""
    if getattr(given, "requires_grad", False):
        raise ValueError("is a tensor that requires a gradient, which would not reach it: detach() it")
    if hasattr(given, "tolist"):  # of NumPy or PyTorch
        given = given.tolist()
    if isinstance(given, Iterable) and not isinstance(given, str | bytes | Mapping):
        return tuple(_number(each) for each in given)
    return _number(given)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, Real):
        raise ValueError(f"{shown(given)} is not a number")
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    if abs(number) > LARGEST:
        raise ValueError(f"{number:g} is beyond {LARGEST:.3g}, the largest float32")
    return number
