"""The panel of the cell at the chosen step: one unit, then all units with a slider for each gate; never both in one."""

from collections.abc import Iterator
from typing import Any

from ...recurrent.cells.cell import Cell
from ..numbers import percent, plain, safe
from ..subject import GateRow, Subject
from .arithmetic import arithmetic_html
from .circuit import circuit_svg, figures_of, read_of
from .unit import Unit, unit_at, weights_of

SIGNS = {
    "σ": "a layer with weights of its own; its values lie between 0 and 1",
    "tanh": "in a box, a layer with values between −1 and 1; rounded, only the function",
    "relu": "a layer whose values are not negative",
    "W": "a layer without a function: W·x + b, of the input only",
    "U": "the same of the hidden state: U·h + b′",
    "⊙": "Hadamard product: each unit times its own gate",
    "+": "sum, unit by unit",
}
CHECKED = ' checked=""'
DOT = "a wire branches, or, where it goes on thick, two vectors are joined end to end: each layer sees all units"


def cell_panel(
    subject: Subject, step: int, unit: int | None = None, before: Subject | None = None, *, has_controls: bool = True
) -> str:
    """Return the panel as a fragment of HTML.

    Args:
        subject: From ``subject_of``.
        step: The chosen one, from 0.
        unit: The one that is shown, from 0; the one that moves the verdict most at ``step`` if None.
        before: The same text without edits, in which that unit is then found, so that an edit does not change it.
        has_controls: Whether it has the sliders and buttons, which need a server.
    """
    shown = _unit(subject, step, unit, before)
    size = subject.layer["h"].shape[1]
    turns = "".join(
        f'<button type="button" class="turn" data-by="{by}" aria-label="{name}">{sign}</button>'
        for by, name, sign in ((-1, "the unit before", "‹"), (1, "the next unit", "›"))
    )
    sheet, sliders = _sheet(subject, step), _sliders(subject, step)
    if not has_controls:
        turns = sheet = sliders = ""
    return (
        f'<section class="cell" aria-label="The cell" data-t="{step}" data-unit="{shown.number}" data-units="{size}">'
        f"{sheet}"
        f"<h2>One unit at {_named(subject, step)}</h2>"
        f'<p class="muted which"><span>{_which(subject, shown.number, unit, before)}</span>{turns}</p>'
        f"{circuit_svg(subject.cell, shown.values, subject.words[step])}"
        f"{arithmetic_html(subject.cell, shown, subject.noun)}{key_html(subject.cell)}"
        f'<div class="all"><h3>All {size:,} units at {_named(subject, step)} <small>(means)</small></h3>'
        f'<div class="shares">{"".join(_shares(subject, step))}</div>{sliders}</div>'
        "</section>"
    )


def _sheet(subject: Subject, step: int) -> str:
    """Return the buttons that open and close the panel on a phone."""
    return (
        f'<button type="button" class="opener"><span>The cell at {_named(subject, step)}</span>'
        " <span>hold a gate ▴</span></button>"
        '<button type="button" class="close" aria-label="Close">×</button>'
    )


def key_html(cell: Cell) -> str:
    """Return what the signs in the circuit of ``cell`` mean; closed at first."""
    drawn = {node.sign for node in cell.circuit.nodes.values()}
    signs = {sign: what for sign, what in SIGNS.items() if sign in drawn} | {"●": DOT}
    listed = "".join(f"<div><dt>{sign}</dt><dd>{what}</dd></div>" for sign, what in signs.items())
    return f'<details class="key"><summary>what the signs mean</summary><dl>{listed}</dl></details>'


def panel_data(subject: Subject, unit: int | None = None, before: Subject | None = None) -> list[dict[str, Any]]:
    """Return what the panel says at every step, for the page's script: texts, and HTML where a text has marks."""
    return [_data(subject, step, unit, before) for step in range(len(subject))]


def _unit(subject: Subject, step: int, unit: int | None, before: Subject | None) -> Unit:
    """Return the unit that is shown."""
    if unit is None and before is not None:
        unit = unit_at(before, step).number
    return unit_at(subject, step, unit)


def _data(subject: Subject, step: int, unit: int | None, before: Subject | None) -> dict[str, Any]:
    shown = _unit(subject, step, unit, before)
    return {
        "unit": shown.number,
        "named": _named(subject, step),
        "which": _which(subject, shown.number, unit, before),
        "reads": read_of(subject.words[step]),
        "figures": figures_of(subject.cell, shown.values),
        "arithmetic": arithmetic_html(subject.cell, shown, subject.noun),
        "shares": "".join(_shares(subject, step)),
    }


def _named(subject: Subject, step: int) -> str:
    return f'<span class="named">{safe(subject.named(step))}</span>'


def _which(subject: Subject, shown: int, asked: int | None, before: Subject | None) -> str:
    """Return which unit is shown, and why."""
    when = "" if before is None else " without your change"
    why = "" if asked is not None else f": its {_what(subject)} changes most{when}"
    return f"unit {shown} of {subject.layer['h'].shape[1]:,}{why}"


def _what(subject: Subject) -> str:
    return "h" if weights_of(subject) is None else "push"


def _shares(subject: Subject, step: int) -> Iterator[str]:
    """Yield what all units do together at a step."""
    parts = subject.parts
    if parts is None:
        yield f"<p>No gate, nothing to hold: each {subject.noun} rewrites the whole state.</p>"
        return
    for share, what in (
        (parts.remaining[step], "of the old memory remains"),
        (parts.new[step], "of the memory is new"),
    ):
        if share == share:  # not NaN
            yield f'<p class="share">{_bar(float(share))} {percent(share)} {what}</p>'


def _sliders(subject: Subject, step: int) -> str:
    """Return a slider for each gate, and where it holds it; "" for a cell without gates."""
    held = [row for row in subject.rows if not row.role.is_complement]
    if subject.parts is None or not held:
        return ""
    where = subject.where_held[step] or "here"
    places = "".join(
        f'<label><input type="radio" name="first-where" value="{value}"{CHECKED if value == where else ""}/> '
        f"{what}</label>"
        for value, what in (("here", f"at this {subject.noun}"), ("everywhere", "everywhere"))
    )
    return (
        f'<fieldset><legend>Set a gate yourself</legend><p class="where">{places}</p>'
        f"{''.join(_slider(subject, row, step) for row in held)}"
        '<button type="button" class="reset" hidden="">undo your changes</button></fieldset>'
    )


def _bar(share: float) -> str:
    """Return a bar of a share."""
    track = '<rect class="track" width="44" height="9"/>'
    width = f"{44 * min(max(share, 0), 1):.1f}"
    return f'<svg width="44" height="9" aria-hidden="true">{track}<rect class="bar" width="{width}" height="9"/></svg>'


def _slider(subject: Subject, row: GateRow, step: int) -> str:
    """Return the slider of a gate, with its mean at the step and the usual one."""
    mean, letter = float(row.means[step]), safe(row.role.letter)
    usually = "" if row.usual is None else f' <small class="muted">usually {plain(row.usual)}</small>'
    if step in subject.held(row.role.letter):
        usually = f' <small class="held">set to {plain(mean)} by you</small>'
    slider = f'<input type="range" min="0" max="1" step="0.01" value="{mean:.2f}" name="{letter}" autocomplete="off"/>'
    named = f"{row.role.verb} <i>{letter}</i>"
    return f'<label class="slider"><span>{named}</span>{slider}<output>{plain(mean)}</output>{usually}</label>'
