"""What a drawn circuit means, read off the picture alone: the ends of its wires, the signs in its boxes, its labels."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from playwright.sync_api import Page
from torch import Tensor

TOUCH, NEAR = 0.01, 18.0  # how far an end of a wire may be from what it touches, and a label from what it is about
NAMES = {"cₜ₋₁": "c-", "hₜ₋₁": "h-", "cₜ": "c", "hₜ": "h", "xₜ": "x"}  # of a wire's loose end, by its label
READ = """(svg) => {
  const box = ({ x, y, width, height }) => [x, y, x + width, y + height];
  const all = (selector) => [...svg.querySelectorAll(selector)];
  return {
    shapes: all(".layer, .operator, .dot").map((each) => ({
      kind: each.getAttribute("class"),
      sign: each.textContent,
      letter: each.getAttribute("data-letter") ?? "",
      box: box((each.querySelector("rect") ?? each).getBBox()),
    })),
    wires: all(".wire").map((each) => ({ d: each.getAttribute("d"), joined: each.classList.contains("joined") })),
    labels: all(".figure, .term, .reads").map((each) => ({
      kind: each.classList[0], text: each.textContent, box: box(each.getBBox()),
    })),
  };
}"""

Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom
PEEPHOLES = "ifo"  # gates that may have one
Value = Tensor | tuple[Tensor, ...]  # a vector, or some that go end to end


class UnreadableError(Exception):
    """A drawing that means nothing."""


class Shape(NamedTuple):
    """A box, a rounded operator or a dot."""

    kind: Literal["layer", "operator", "dot"]
    sign: str
    letter: str
    box: Box


class Label(NamedTuple):
    """A text."""

    kind: Literal["figure", "term", "reads"]
    text: str
    box: Box

    @property
    def name(self) -> str:
        """What it says before its number; nothing where the number stands by itself."""
        name, _, number = self.text.rpartition(" ")
        return name if re.fullmatch(r"[<>]? ?−?[\d.]+", number) or self.kind == "reads" else self.text


End = int | str  # the place of a shape among the shapes, or the name of a loose end


class Wire(NamedTuple):
    """A wire, in the direction in which it is drawn."""

    start: End
    end: End
    corners: tuple[Point, ...]
    joined: bool


@dataclass(frozen=True)
class Drawing:
    """A circuit as it is seen."""

    shapes: tuple[Shape, ...]
    wires: tuple[Wire, ...]
    labels: tuple[Label, ...]

    def evaluate(self, given: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[End, Value]:
        """What comes out of every shape and into every loose end.

        ``given`` holds the vectors at the loose ends that wires leave; ``weights`` the blocks of a module by the letter
        of the layer: "W n", "b n" of the input and "U n", "b′ n" of the state. Raises UnreadableError where it means
        nothing.
        """
        values: dict[End, Value] = {}
        underway: set[End] = set()

        def value(end: End) -> Value:
            if isinstance(end, str):
                if end not in given:
                    raise UnreadableError(f"nothing is known of {end}")
                return given[end]
            if end in underway:
                raise UnreadableError("a wire leads back to where it came from")
            if end not in values:
                underway.add(end)
                inputs = [value(wire.start) for wire in self.wires if wire.end == end]
                values[end] = out_of(self.shapes[end], inputs, weights)
                underway.remove(end)
            return values[end]

        for at in range(len(self.shapes)):
            value(at)
        for wire in self.wires:
            if wire.joined != isinstance(value(wire.start), tuple):
                raise UnreadableError("a wire is thick where two vectors go end to end, and only there")
        for name in sorted({wire.end for wire in self.wires if isinstance(wire.end, str)}):
            inputs = [value(wire.start) for wire in self.wires if wire.end == name]
            values[f"{name} out"] = only(inputs, 1, f"{name} is an end")[0]
        return values

    def moved(self, at: int, **ends: End) -> "Drawing":
        """The same with one end of a wire somewhere else."""
        wires = list(self.wires)
        wires[at] = wires[at]._replace(**ends)
        return replace(self, wires=tuple(wires))

    def signed(self, at: int, sign: str) -> "Drawing":
        """The same with another sign in one of the shapes."""
        shapes = list(self.shapes)
        shapes[at] = shapes[at]._replace(sign=sign)
        return replace(self, shapes=tuple(shapes))


def read(page: Page) -> Drawing:
    """The circuit in sight. Raises UnreadableError if a wire does not begin and end at something."""
    seen: dict[str, Any] = page.locator("#first-screen .circuit").evaluate(READ)
    shapes = tuple(Shape(**{**each, "box": tuple(each["box"])}) for each in seen["shapes"])
    labels = tuple(Label(**{**each, "box": tuple(each["box"])}) for each in seen["labels"])

    def end(point: Point) -> End:
        touched = [at for at, shape in enumerate(shapes) if touches(point, shape)]
        if touched:
            return only(touched, 1, f"{point} touches")[0]
        near = [NAMES[each.name] for each in labels if each.name in NAMES and distance(each.box, point, point) < NEAR]
        return only(near, 1, f"the loose end {point} has as names")[0]

    wires = []
    for each in seen["wires"]:
        if not re.fullmatch(r"M[\d.]+ [\d.]+(L[\d.]+ [\d.]+)+", each["d"]):
            raise UnreadableError(f"a wire has another form: {each['d']}")
        numbers = [float(number) for number in re.findall(r"[\d.]+", each["d"])]
        corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        wires.append(Wire(end(corners[0]), end(corners[-1]), corners, each["joined"]))
    return Drawing(shapes, tuple(wires), labels)


def touches(point: Point, shape: Shape) -> bool:
    """Whether a wire that ends here is seen to end at the shape: at its outline, or in the middle of a dot."""
    (x, y), (left, top, right, bottom) = point, shape.box
    if shape.kind == "dot":
        return abs(x - (left + right) / 2) < TOUCH and abs(y - (top + bottom) / 2) < TOUCH
    upright = min(abs(y - top), abs(y - bottom)) < TOUCH and abs(x - (left + right) / 2) < TOUCH
    level = min(abs(x - left), abs(x - right)) < TOUCH and abs(y - (top + bottom) / 2) < TOUCH
    return upright or level


def out_of(shape: Shape, inputs: list[Value], weights: Mapping[str, Tensor]) -> Value:
    """What comes out of a shape, of what comes in."""
    if shape.kind == "dot":
        return inputs[0] if len(inputs) == 1 else vectors(only(inputs, 2, "a dot joins"))
    match shape.sign:
        case "⊙" | "+":
            a, b = vectors(only(inputs, 2, shape.sign))
            if len(a) != len(b):
                raise UnreadableError(f"{shape.sign} of vectors of {len(a)} and {len(b)}")
            return a * b if shape.sign == "⊙" else a + b
        case "1−":
            return 1 - vectors(only(inputs, 1, shape.sign))[0]
    if shape.kind == "operator":
        return function(shape.sign)(vectors(only(inputs, 1, shape.sign))[0])
    total = into(shape, inputs, weights)
    return total if shape.sign in "WU" else function(shape.sign)(total)


def into(layer: Shape, inputs: list[Value], weights: Mapping[str, Tensor]) -> Tensor:
    """What a layer takes the function of: the products of its weights with what comes in, and its biases."""
    peephole = weights.get(f"p {layer.letter}") if layer.letter in PEEPHOLES else None
    values = only(inputs, 1 if peephole is None else 2, "a layer")
    [value, *cells] = sorted(values, key=lambda each: isinstance(each, Tensor)) if peephole is not None else values
    joined = value if isinstance(value, tuple) else (value,)
    own = {matrix: weights[f"{matrix} {layer.letter}"] for matrix in "WU" if f"{matrix} {layer.letter}" in weights}
    own = {matrix: own[matrix] for matrix in own if layer.sign not in "WU" or layer.sign == matrix}
    by_size = {matrix.shape[1]: name for name, matrix in own.items()}
    if sorted(len(each) for each in joined) != sorted(by_size):
        raise UnreadableError(
            f"a layer {layer.sign} {layer.letter} is given vectors of {[len(each) for each in joined]}"
        )
    total = torch.zeros((), dtype=joined[0].dtype)
    for vector in cells:
        if not isinstance(vector, Tensor) or peephole is None or vector.shape != peephole.shape:
            raise UnreadableError(f"a layer {layer.letter} with a peephole is given two vectors that are joined")
        total = total + peephole * vector
    for vector in joined:
        name = by_size[len(vector)]
        total = total + own[name] @ vector + weights[f"{'b' if name == 'W' else 'b′'} {layer.letter}"]
    return total


def function(sign: str) -> Any:
    """The function of a sign."""
    functions = {"σ": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    if sign not in functions:
        raise UnreadableError(f"there is no function {sign!r}")
    return functions[sign]


def only(items: list[Any], count: int, what: str) -> list[Any]:
    """As many as there must be."""
    if len(items) != count:
        raise UnreadableError(f"{what} {items}: there must be {count}")
    return items


def vectors(values: list[Value]) -> tuple[Tensor, ...]:
    """Values of which none is two vectors end to end, where ``out_of`` can tell what to do with them."""
    if any(isinstance(each, tuple) for each in values):
        raise UnreadableError("two vectors end to end come where one is wanted")
    return tuple(values)  # type: ignore[arg-type]


def distance(box: Box, a: Point, b: Point) -> float:
    """From a box to a level or upright line."""
    left, top, right, bottom = box
    across = max(left - max(a[0], b[0]), min(a[0], b[0]) - right, 0)
    down = max(top - max(a[1], b[1]), min(a[1], b[1]) - bottom, 0)
    return float((across**2 + down**2) ** 0.5)
