"""Patch: put in the place of an activation what it was in another run (activation patching)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from .edit import Affine, Edit, EditError, Layers, Operation, Place, Where, counted, index, shown, values


@dataclass(frozen=True)
class Patch(Operation):
    """x ← its value in the trace of another text, at ``step`` of that, or at the same step if it is None."""

    text: str | None
    step: int | None
    trace: Layers | None = None
    """In place of a text."""
    numbers: tuple[tuple[float, ...], ...] | None = None
    """In place of a text, for a model that reads numbers."""

    name = "patch"
    purpose = "it puts an activation of another text, or of other values, in the place of that of this one"
    schema = {  # noqa: RUF012
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "values": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
            "step": {"type": "integer", "minimum": 0},
        },
        "oneOf": [{"required": ["text"]}, {"required": ["values"]}],
        "additionalProperties": False,
    }

    @classmethod
    def parse(cls, value: Any) -> "Patch":
        if isinstance(value, Patch):  # of a trace, which has no data form
            return value
        if not isinstance(value, Mapping) or not value.keys() <= {"text", "values", "step"}:
            raise ValueError(
                f"{shown(value)} must be an object: the text and, to take one step of it for all, that step"
            )
        text, step = value.get("text"), value.get("step")
        if "values" in value:
            if text is not None:
                raise ValueError("has both a text and values to take from: give one of them")
            return cls(None, _step(step), numbers=rows(value["values"]))
        if not isinstance(text, str):
            raise ValueError("has no text to take the value from" if text is None else f"{shown(text)} is not a text")
        return cls(text, _step(step))

    @property
    def value(self) -> Any:
        if self.trace is not None:
            raise ValueError("this patch takes its value from a trace: only that from a text can be written")
        source = {"text": self.text} if self.numbers is None else {"values": [list(row) for row in self.numbers]}
        return source | ({} if self.step is None else {"step": self.step})

    def traced(self, trace: Callable[[Any], Layers]) -> Layers:
        """Return what ``trace`` makes of the text or the values. Raises ValueError if the model does not read them."""
        try:
            return trace(self.text or "" if self.numbers is None else self.numbers)
        except TypeError as error:  # the model reads the other of the two
            raise ValueError(str(error)) from None

    def at(self, place: Place) -> Affine:
        source, what = self.trace, "trace" if self.trace is not None else "text"
        if source is None:
            if place.resources.trace is None:
                raise ValueError("a text needs a model to run over it: give the trace to take the value from")
            source = self.traced(place.resources.trace)
        try:
            activation = source.layer(place.layer, place.direction)[place.letter]
        except KeyError:
            missing = f"{place.letter} in layer {place.layer} {place.direction}"
            raise ValueError(f"the {what} to take from has no {missing}: it is of another network") from None
        if activation.shape[1] != place.width:
            sizes = f"has {activation.shape[1]} units of {place.letter}, and this network {place.width}"
            raise ValueError(f"the {what} to take from {sizes}: it must be of a network of the same size")
        if self.step is not None:
            if self.step >= len(source):
                raise ValueError(
                    f"there is no step {self.step} in the {what} to take from: it has {counted(len(source), 'step')}"
                )
            return Affine(scale=0.0, shift=activation[self.step, place.units])
        if place.length is not None and len(source) != place.length:
            lengths = f"has {counted(len(source), 'step')}, and this one {counted(place.length, 'step')}"
            raise ValueError(f"the {what} to take from {lengths}: give the step to take, or a {what} of equal length")
        if max(place.steps, default=0) >= len(source):
            has = f"has {counted(len(source), 'step')}, and this run has a step {max(place.steps)}"
            raise ValueError(f"the {what} to take from {has}: give the step to take, or the steps to change")
        return Affine(scale=0.0, shift=activation[place.steps][:, place.units])


def rows(given: Any) -> tuple[tuple[float, ...], ...]:
    """Return values (T, E) as rows. Raises ValueError if they are anything else."""
    if hasattr(given, "tolist"):  # of NumPy or PyTorch
        given = given.tolist()
    if not isinstance(given, list | tuple):
        raise ValueError(f"{shown(given)} are not values: give a row of numbers for each step")
    made = [values(row) for row in given]
    if not all(isinstance(row, tuple) for row in made):
        raise ValueError("the values are not rows: give a list of numbers for each step")
    return tuple(row for row in made if isinstance(row, tuple))


def _step(given: Any) -> int | None:
    return None if given is None else index("patch.step", given)


def patch(letter: str, source: "str | Layers", step: int | None = None, **where: Unpack[Where]) -> Edit:
    """Return the edit that replaces an activation by what it is in ``source``, a trace or a text for the model.

    It takes the value at ``step`` of the source, or, if that is None, at the same step of one of equal length.
    """
    if not isinstance(source, str) and not hasattr(source, "layer"):
        raise EditError("patch", f"a {type(source).__name__} is neither a text nor the trace of one sequence")
    given = {"text": source, "step": step} if isinstance(source, str) else Patch(None, _step(step), source)
    return Edit.make(Patch, given, letter, where)


OPERATION = Patch
