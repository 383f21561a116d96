"""The circuit of a cell, with the numbers of one unit on its wires."""

from collections.abc import Iterator

from ...recurrent.cells.cell import Cell, Circuit, Label, Node, Wire
from ..numbers import at, plain, safe
from ..text_width import fitted
from .unit import Values

WIDTH = 340.0
WORD = 12.0  # px, of all text in it
ROOM = 150.0  # px, for the word that is read

Point = tuple[float, float]


def circuit_svg(cell: Cell, values: Values, word: str) -> str:
    """Return the circuit of ``cell``; a number that ``values`` lack is left out."""
    circuit = cell.circuit
    parts = [
        *(_wire(circuit, wire) for wire in circuit.wires),
        *(_node(node) for node in circuit.nodes.values()),
        *(_label(each, "term muted", each.name) for each in circuit.terms),
        *_figures(cell, values),
        f'<text class="reads" x="{circuit.word[0]}" y="{circuit.word[1]}">{safe(read_of(word))}</text>',
    ]
    name = safe(f"Circuit of the {circuit.name}, with the numbers of this unit on its wires")
    box = f'viewBox="0 0 {at(WIDTH)} {circuit.height}" width="{at(WIDTH)}" height="{circuit.height}"'
    return f'<svg class="circuit" {box} font-size="{at(WORD)}" role="img" aria-label="{name}">{"".join(parts)}</svg>'


def read_of(word: str) -> str:
    """Return what stands where the word enters."""
    return f"xₜ {fitted(word, WORD, ROOM)}"


def figures_of(cell: Cell, values: Values) -> dict[str, str]:
    """Return what stands on each wire; a number that ``values`` lack is left out."""
    figures = cell.circuit.figures
    return {each.of: f"{each.name} {plain(values[each.of])}".strip() for each in figures if each.of in values}


def _figures(cell: Cell, values: Values) -> Iterator[str]:
    written = figures_of(cell, values)
    for each in cell.circuit.figures:
        if each.of in written:
            yield _label(each, "figure", written[each.of], f' data-of="{safe(each.of)}"')


def _wire(circuit: Circuit, wire: Wire) -> str:
    """Return a wire from the edge of a node round its corners to the edge of another."""
    first, last = circuit.nodes[wire.start], circuit.nodes[wire.end]
    corners = [
        _edge(first, wire.via[0] if wire.via else (last.x, last.y)),
        *wire.via,
        _edge(last, wire.via[-1] if wire.via else (first.x, first.y)),
    ]
    kind = "wire joined" if _origin(circuit, wire.start).kind == "join" else "wire"
    return f'<path class="{kind}" d="M{"L".join(f"{at(x)} {at(y)}" for x, y in corners)}"/>'


def _origin(circuit: Circuit, key: str) -> Node:
    """Return the node whose value leaves a node: of a branch, the one before it."""
    node = circuit.nodes[key]
    before = next((wire.start for wire in circuit.wires if wire.end == key), None)
    return _origin(circuit, before) if node.kind == "branch" and before is not None else node


def _edge(node: Node, toward: Point) -> Point:
    """Return where a wire that runs straight to or from a point meets a node."""
    width, height = _size(node)
    across, down = toward[0] - node.x, toward[1] - node.y
    return node.x + _sign(across) * width / 2, node.y + _sign(down) * height / 2


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _size(node: Node) -> tuple[float, float]:
    """Return width and height of the outline of a node."""
    if node.kind == "layer":
        return 38, 26
    if node.kind == "operator":
        return (32, 26) if len(node.sign) > 1 else (20, 20)
    return 0, 0


def _node(node: Node) -> str:
    if node.kind in ("branch", "join"):
        return f'<circle class="dot" cx="{node.x}" cy="{node.y}" r="3"/>'
    if node.kind in ("in", "out"):
        return ""
    width, height = _size(node)
    corner = 4 if node.kind == "layer" else height / 2
    box = f'x="{at(node.x - width / 2)}" y="{at(node.y - height / 2)}" width="{at(width)}" height="{at(height)}"'
    sign = f'<text class="middle" x="{node.x}" y="{at(node.y + 4.5)}">{safe(node.sign)}</text>'
    letter = f' data-letter="{safe(node.letter)}"' if node.kind == "layer" else ""
    return f'<g class="{node.kind}"{letter}><rect class="box" {box} rx="{at(corner)}"/>{sign}</g>'


def _label(label: Label, kind: str, words: str, extra: str = "") -> str:
    kinds = f"{kind} {label.anchor}"
    return f'<text class="{kinds}" x="{label.x}" y="{label.y}"{extra}>{safe(words)}</text>'
