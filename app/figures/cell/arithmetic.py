"""The equations of a step, with the numbers of one unit in them."""

import re
from collections.abc import Iterator

from ...recurrent.cells.cell import Cell
from ..numbers import plain, safe, signed
from .unit import Unit, Values

PLACES = 2


def arithmetic_html(cell: Cell, unit: Unit, noun: str) -> str:
    """Return the equations of ``cell`` with the numbers of ``unit``, and what it pushes."""
    equations = "".join(
        f"<p>{name_of(cell, each.of)} = {_formula(cell, each.formula)}"
        f"{_numbers(each.figures or each.formula, each.of, unit.values)}</p>"
        for each in cell.equations
    )
    note = f'<p class="muted">{safe(cell.note)}</p>' if cell.note else ""
    return f'<div class="arithmetic">{equations}{note}{"".join(_push(unit, noun))}</div>'


def _push(unit: Unit, noun: str) -> Iterator[str]:
    """Yield what the unit pushes, and how much that was one step earlier."""
    if unit.weight is None or unit.push is None:
        return
    side = "positive" if unit.push > 0 else "negative"
    product = f"{plain(unit.weight)} · {_enclosed(plain(unit.values['h']))}"
    yield f'<p>its push = weight · h = {product} ≈ <b class="{side}">{signed(unit.push)}</b></p>'
    if unit.before is not None:
        step = round(unit.push, PLACES) - round(unit.before, PLACES)  # of the numbers as they are read
        yield f'<p class="muted">one {noun} earlier {signed(unit.before)}: a step of {signed(step)}</p>'


def name_of(cell: Cell, key: str) -> str:
    """Return a letter as it stands in a formula; a state and the input carry the index of their step."""
    letter = key.removesuffix("-")
    index = "t−1" if key.endswith("-") else "t" if key == "x" or letter in cell.states else ""
    return f"<var>{safe(letter)}</var>{f'<sub>{index}</sub>' if index else ''}"


def _formula(cell: Cell, formula: str) -> str:
    parts = re.split(r"\{(.+?)\}", formula)
    return "".join(name_of(cell, part) if place % 2 else safe(part) for place, part in enumerate(parts))


def _numbers(formula: str, of: str, values: Values) -> str:
    """Return what follows the formula: its numbers and their result; "" if one of them is not known."""
    parts = re.split(r"\{(.+?)\}", formula)
    keys = parts[1::2]
    if of not in values or any(key not in values for key in keys):
        return ""
    told = [
        _enclosed(plain(values[part], PLACES), parts[place - 1], parts[place + 1]) if place % 2 else part
        for place, part in enumerate(parts)
    ]
    return f' = {safe("".join(told))} ≈ <b data-of="{safe(of)}">{plain(values[of], PLACES)}</b>'


def _enclosed(number: str, before: str = " ", after: str = " ") -> str:
    """Return a number, in brackets if it is negative and not enclosed already."""
    is_enclosed = before.rstrip().endswith(("(", ",")) and after.startswith(")")
    return f"({number})" if number.startswith("−") and not is_enclosed else number
