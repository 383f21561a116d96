"""The panel of the cell at the chosen step: one unit, then all units with a slider for each gate; never both in one."""

from collections.abc import Iterator
from typing import Any

from ..numbers import percent, plain, safe
from ..subject import GateRow, Subject
from .arithmetic import arithmetic_html
from .circuit import circuit_svg
from .unit import Unit, unit_at, weights_of


def cell_panel(subject: Subject, step: int, unit: int | None = None) -> str:
    """Return the panel as a fragment of HTML.

    Args:
        subject: From ``subject_of``.
        step: The chosen one, from 0.
        unit: The one that is shown, from 0; the one that moves the verdict most at ``step`` if None.
    """
    shown = unit_at(subject, step, unit)
    everything = "".join(_all(subject, step))
    word, size = safe(subject.named(step)), subject.layer["h"].shape[1]
    why = "" if unit is not None else f": it moves {_what(subject)} most here"
    return (
        f'<section class="cell" data-t="{step}" data-unit="{shown.number}">'
        f'<h2>One unit at {word}</h2><p class="muted">unit {shown.number} of {size}{why}</p>'
        f"{circuit_svg(subject.cell, shown.values, subject.words[step])}"
        f"{arithmetic_html(subject.cell, shown, subject.noun)}"
        f'<div class="all"><h3>All {size} units at {word} <small>(means)</small></h3>{everything}</div>'
        "</section>"
    )


def unit_data(subject: Subject) -> list[dict[str, Any]]:
    """Return the numbers of the panel at every step, for the page's script."""
    return [_data(unit_at(subject, step)) for step in range(len(subject))]


def _data(unit: Unit) -> dict[str, Any]:
    values = {key: round(value, 4) for key, value in unit.values.items()}
    return {"unit": unit.number, "values": values, "weight": unit.weight, "push": unit.push, "before": unit.before}


def _what(subject: Subject) -> str:
    return "h" if weights_of(subject) is None else "the verdict"


def _all(subject: Subject, step: int) -> Iterator[str]:
    """Yield what all units do together at a step."""
    parts = subject.parts
    if parts is None:
        yield f"<p>No gate, nothing to hold: each {subject.noun} rewrites the whole state.</p>"
        return
    told = ((parts.remaining[step], "of the old memory remains"), (parts.new[step], "of the memory is new"))
    for share, what in told:
        if share == share:  # not NaN
            yield f'<p class="share">{_bar(float(share))} {percent(share)} {what}</p>'
    held = [row for row in subject.rows if not row.role.is_complement]
    yield f"<fieldset><legend>Set a gate yourself</legend>{''.join(_slider(row, step) for row in held)}</fieldset>"


def _bar(share: float) -> str:
    """Return a bar of a share."""
    track = '<rect class="track" width="68" height="9"/>'
    width = f"{68 * min(max(share, 0), 1):.1f}"
    return f'<svg width="68" height="9" aria-hidden="true">{track}<rect class="bar" width="{width}" height="9"/></svg>'


def _slider(row: GateRow, step: int) -> str:
    """Return the slider of a gate, with its mean at the step and the usual one."""
    mean, letter = float(row.means[step]), safe(row.role.letter)
    usually = "" if row.usual is None else f' <small class="muted">usually {plain(row.usual)}</small>'
    slider = f'<input type="range" min="0" max="1" step="0.01" value="{mean:.2f}" name="{letter}"/>'
    named = f"{row.role.verb} <i>{letter}</i>"
    return f'<label class="slider"><span>{named}</span>{slider}<output>{plain(mean)}</output>{usually}</label>'
