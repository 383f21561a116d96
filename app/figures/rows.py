"""The narrow form of the first screen, for phones: the verdict's curve, and below it a line of the memory per word."""

from collections.abc import Callable, Sequence

import numpy as np

from .bands import words_in
from .columns import columns_of
from .final_pushes import final_pushes
from .finding.statement import Spot
from .input_curves import curves_svg, height_of, named_svg
from .memory_line import WIDTH, memory_line, side_of
from .numbers import at, plain, safe, signed
from .picture import Picture
from .svg import stretched, text
from .text_width import wrapped
from .verdict import clear_of, curve_svg, heights

CURVE = 64.0  # px high
NAMED = 200.0  # px, for the name of a column of the input, and what it lies between
KEY_STEPS = 8  # lines shown of a long text
MOMENTS = 4  # lines shown of one in the wide form
UNUSUAL = ' class="unusual"'
LONG = 16  # words, above which only key steps have a line


def rows_html(picture: Picture, address_of: Callable[[int], str] | None = None) -> str:
    """Return the narrow form; with ``address_of``, each word is a link to the address at which its step is chosen."""
    table = _table(picture, shown_steps(picture), WIDTH, address_of)
    return f'<div class="narrow">{_verdict(picture)}{table}{_total(picture)}{_legend(picture)}</div>'


def moments_html(picture: Picture) -> str:
    """Return the lines of the steps that a long text turns at, for the wide form; "" if all words are legible there."""
    if (
        picture.columns.is_legible
        or len(picture.subject) <= LONG
        or picture.subject.verdict is None
        or picture.subject.parts is None
    ):
        return ""
    steps = sorted(shown_steps(picture, MOMENTS))
    return f'<div class="below moments">{_table(picture, steps, picture.frame.width - 20)}</div>'


def _table(picture: Picture, steps: Sequence[int], width: float, address_of: Callable[[int], str] | None = None) -> str:
    """Return the lines of some steps, each ``width`` pixels wide."""
    subject = picture.subject
    head = "".join(f"<th>{row.role.verb}</th>" for row in subject.rows)
    says = "" if subject.verdict is None else "<th>says</th>"
    head = f"<thead><tr><th>reads, <b>remembers</b></th>{head}{says}</tr></thead>"
    return f'<table class="rows">{head}{"".join(_row(picture, t, width, address_of) for t in steps)}</table>'


def shown_steps(picture: Picture, most: int = KEY_STEPS) -> Sequence[int]:
    """Return the steps that have a line: all, or, of a long text, those marked, the largest and the last."""
    subject = picture.subject
    if len(subject) <= min(LONG, 2 * most):
        return range(len(subject))
    if subject.verdict is None:
        starts = words_in(subject)
        return sorted(
            {picture.chosen, len(subject) - 1, *(spot.step for spot in picture.finding.spots), *starts[-6:].tolist()}
        )
    first = [picture.chosen, *(spot.step for spot in picture.finding.spots), len(subject) - 1]
    ranked = dict.fromkeys([*first, *np.argsort(-np.abs(subject.steps)).tolist()])
    return sorted(list(ranked)[:most])


def _verdict(picture: Picture) -> str:
    """Return the curves of the input and of the verdict, and the verdict in large type."""
    subject = picture.subject
    above = height_of(subject.inputs, is_named=True)
    columns = columns_of(subject.words, 230.0, longest=0)
    curves = "".join(curves_svg(subject.inputs, columns, is_named=True))
    names = "".join(named_svg(subject.inputs, NAMED))
    if (verdict := subject.verdict) is None:
        return f'<div class="says">{_svg(above, stretched(230.0, above, curves) + names)}</div>' if above else ""
    top, tall = above + 12.0, CURVE - 24
    curves += "".join(curve_svg(verdict, columns, top, tall, f"{picture.name}-n"))
    drawn = stretched(230.0, above + CURVE, curves) + names
    ys = heights(verdict.values, top, tall)
    spots = {
        number: (float(columns.edges[spot.step]), float(ys[spot.step]))
        for number, spot in enumerate(picture.finding.spots, 1)
        if spot.kind == "verdict"
    }
    marks = "".join(_mark(number, columns.percent(x), y) for number, (x, y) in spots.items())
    low, high = int(np.argmin(verdict.values)), int(np.argmax(verdict.values))
    labels = ""
    for t in {low, high} - {len(subject) - 1}:
        x = min(max(float(columns.centres[t]), 18), columns.width - 18)
        y = min(max(float(ys[t]) + (-7 if t == high else 18), above + 12), above + CURVE - 2)
        x = clear_of([*spots.values()], x, y, 30, columns.width)
        labels += text(columns.percent(x), y, 13, plain(verdict.values[t]), "value")
    value = float(verdict.values[-1])
    kind = "positive" if value >= 0.5 else "negative"
    side = "".join(f"<span>{safe(line)}</span>" for line in wrapped(verdict.side(value), 15, 120, bold=True))
    return (
        f'<div class="says{" with-inputs" if above else ""}">{_svg(above + CURVE, f"{drawn}{labels}{marks}")}'
        f'<p class="{kind}"><b>{plain(value)}</b>{side}</p></div>'
    )


def _svg(height: float, content: str) -> str:
    return f'<svg width="100%" height="{at(height)}" aria-hidden="true">{content}</svg>'


def _mark(number: int, x: str, y: float) -> str:
    return (
        f'<svg x="{x}" class="mark" overflow="visible"><circle cy="{at(y)}" r="9"/>'
        f'<text y="{at(y + 4.5)}" font-size="12">{number}</text></svg>'
    )


def _row(picture: Picture, t: int, width: float, address_of: Callable[[int], str] | None) -> str:
    """Return the line of a step: its word, its gates, its verdict, and the memory."""
    subject = picture.subject
    spots = {spot: number for number, spot in enumerate(picture.finding.spots, 1)}
    gates = "".join(
        f"<td{UNUSUAL if row.is_unusual(t) else ''}>"
        f"{_number_of(spots, Spot('gate', t, verb=row.role.verb))}{plain(row.means[t])}</td>"
        for row in subject.rows
    )
    says = ""
    if subject.verdict is not None:
        value = float(subject.verdict.values[t])
        kind = "" if 0.3 < value < 0.7 else " positive" if value >= 0.5 else " negative"
        says = f'<td class="says{kind}">{plain(value)}</td>'
    span = 1 + len(subject.rows) + (subject.verdict is not None)
    place = f" <small>{t + 1}</small>" if len(subject) > LONG and subject.trace.tokens else ""
    chosen = ' class="chosen"' if t == picture.chosen else ""
    word = safe(subject.words[t])
    if address_of is not None:
        word = f'<a href="{safe(address_of(t))}" data-t="{t}">{word}</a>'
    return (
        f'<tbody data-t="{t}"{chosen}><tr><th scope="row">{word}{place}</th>{gates}{says}</tr>'
        f'<tr><td class="memory" colspan="{span}">{memory_line(picture, t, width)}</td></tr></tbody>'
    )


def _number_of(spots: dict[Spot, int], spot: Spot) -> str:
    return f'<i class="mark">{spots[spot]}</i>' if spot in spots else ""


def _total(picture: Picture) -> str:
    """Return how the pushes at the end add up to the verdict."""
    subject = picture.subject
    if subject.verdict is None or subject.logits is None:
        return ""
    pushes = final_pushes(subject)
    named = [f'{safe(name)} <b class="{side_of(push)}">{signed(push)}</b>' for name, push in pushes.named]
    parts = ", ".join([*named, *(f"{name} {signed(push)}" for name, push in pushes.others)])
    total, chance = signed(float(subject.logits[-1])), plain(float(subject.verdict.values[-1]))
    adds_up = f"All pushes add up to <b>{total}</b>, which is <b>P = {chance}</b>."
    return f'<p class="total">pushes at the end: {parts}. {adds_up}</p>'


def _legend(picture: Picture) -> str:
    """Return how the lines are read."""
    subject = picture.subject
    has_pushes = subject.verdict is not None
    what = f"size of a {subject.noun if has_pushes else subject.aged_noun}: how much remains of what was written at it"
    if subject.parts is None:
        what = "length: the size of the state, which each step rewrites"
    return f'<p class="muted legend">{what}{"; colour and number: its push" if has_pushes else ""}</p>'
