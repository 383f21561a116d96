"""The narrow form of the first screen, for phones: the verdict's curve, and below it a line of the memory per word."""

from collections.abc import Iterator, Sequence
from math import sqrt

import numpy as np

from .bands import OLDEST, word_names, words_in
from .blocks import amounts_of, pushes_of
from .columns import columns_of
from .finding.statement import Spot
from .numbers import at, plain, safe, signed, word_of
from .picture import Picture
from .push_colours import level
from .subject import Subject
from .svg import stretched, text
from .text_width import text_width, wrapped
from .verdict import curve_svg, heights

WIDTH = 340.0  # px: a line of the memory on the narrowest of today's phones that it must fit
LARGEST = 40.0
LEAST = 13.0
NUMBER = 13.0
OF_MEMORY = 0.05  # that a word must hold to be named
GAP = 9.0
CURVE = 64.0  # px high
KEY_STEPS = 8  # lines shown of a long text
UNUSUAL = ' class="unusual"'
LONG = 16  # words, above which only key steps have a line


def rows_html(picture: Picture) -> str:
    """Return the narrow form."""
    subject = picture.subject
    head = "".join(f"<th>{row.role.verb}</th>" for row in subject.rows)
    says = "" if subject.verdict is None else "<th>says</th>"
    lines = "".join(_row(picture, t) for t in shown_steps(picture))
    head = f"<thead><tr><th>reads, <b>remembers</b></th>{head}{says}</tr></thead>"
    table = f'<table class="rows">{head}{lines}</table>'
    return f'<div class="narrow">{_verdict(picture)}{table}{_total(picture)}{_legend(picture)}</div>'


def shown_steps(picture: Picture) -> Sequence[int]:
    """Return the steps that have a line: all, or, of a long text, those marked, the largest and the last."""
    subject = picture.subject
    if len(subject) <= LONG:
        return range(len(subject))
    if subject.verdict is None:
        starts = words_in(subject)
        return sorted(
            {picture.chosen, len(subject) - 1, *(spot.step for spot in picture.finding.spots), *starts[-6:].tolist()}
        )
    first = [picture.chosen, *(spot.step for spot in picture.finding.spots), len(subject) - 1]
    ranked = dict.fromkeys([*first, *np.argsort(-np.abs(subject.steps)).tolist()])
    return sorted(list(ranked)[:KEY_STEPS])


def _verdict(picture: Picture) -> str:
    """Return the curve, and the verdict in large type."""
    subject = picture.subject
    if (verdict := subject.verdict) is None:
        return ""
    columns = columns_of(subject.words, 230.0, longest=0)
    top, tall = 12.0, CURVE - 24
    drawn = stretched(230.0, CURVE, "".join(curve_svg(verdict, columns, top, tall, f"{picture.name}-n")))
    ys = heights(verdict.values, top, tall)
    marks = "".join(
        _mark(number, columns.percent(float(columns.edges[spot.step])), float(ys[spot.step]))
        for number, spot in enumerate(picture.finding.spots, 1)
        if spot.kind == "verdict"
    )
    low, high = int(np.argmin(verdict.values)), int(np.argmax(verdict.values))
    labels = ""
    for t in {low, high} - {len(subject) - 1}:
        x = min(max(float(columns.centres[t]), 18), columns.width - 18)
        y = float(ys[t]) + (-7 if t == high else 18)
        labels += text(columns.percent(x), min(max(y, 12), CURVE - 2), 13, plain(verdict.values[t]), "value")
    value = float(verdict.values[-1])
    kind = "positive" if value >= 0.5 else "negative"
    side = "".join(f"<span>{safe(line)}</span>" for line in wrapped(verdict.side(value), 15, 120, bold=True))
    return (
        f'<div class="says"><svg width="100%" height="{at(CURVE)}" aria-hidden="true">{drawn}{labels}{marks}</svg>'
        f'<p class="{kind}"><b>{plain(value)}</b>{side}</p></div>'
    )


def _mark(number: int, x: str, y: float) -> str:
    return (
        f'<svg x="{x}" class="mark" overflow="visible"><circle cy="{at(y)}" r="9"/>'
        f'<text y="{at(y + 4.5)}" font-size="12">{number}</text></svg>'
    )


def _row(picture: Picture, t: int) -> str:
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
    place = f" <small>{t + 1}</small>" if len(subject) > LONG else ""
    chosen = ' class="chosen"' if t == picture.chosen else ""
    return (
        f'<tbody data-t="{t}"{chosen}><tr><th scope="row">{safe(subject.words[t])}{place}</th>{gates}{says}</tr>'
        f'<tr><td class="memory" colspan="{span}">{memory_line(picture, t)}</td></tr></tbody>'
    )


def _number_of(spots: dict[Spot, int], spot: Spot) -> str:
    return f'<i class="mark">{spots[spot]}</i>' if spot in spots else ""


def memory_line(picture: Picture, t: int) -> str:
    """Return the memory at a step: its words, as large as what remains of them, and a bar of exact lengths."""
    subject = picture.subject
    amounts, pushes, names, keys = _parts(subject, t)
    largest = picture.scales.amount
    sizes = [LARGEST * sqrt(amount / largest) if largest else 0.0 for amount in amounts]
    bar, x = [], 0.0
    for place, (amount, push, key) in enumerate(zip(amounts, pushes, keys, strict=True)):
        width = 100 * amount / largest if largest else 0.0
        if width >= 0.05:
            ago = place if _is_backward(subject) else len(keys) - 1 - place
            age = min(ago, OLDEST)
            kind = f"age{age}" if push is None else f"p{level(push, picture.scales.push)}"
            bar.append(f'<rect class="band {kind}" data-k="{key}" x="{x:.2f}%" width="{width:.2f}%" height="5"/>')
        x += width
    words = list(_words(picture, t, sizes, pushes, names, keys))
    tall = max((size for size, *_ in words), default=LEAST)
    line, x = [], 0.0
    numbers = {
        spot.column: number
        for number, spot in enumerate(picture.finding.spots, 1)
        if spot.kind == "band" and spot.step == t
    }
    for size, name, push, key in words:
        if key in numbers:
            line.append(
                f'<g class="mark"><circle cx="{at(x + 9)}" cy="{at(tall - 5)}" r="9"/>'
                f'<text x="{at(x + 9)}" y="{at(tall - 0.5)}" font-size="12">{numbers[key]}</text></g>'
            )
            x += 22
        kind = "word muted" if name == "…" else f"word {_side(push)}"
        line.append(text(x, tall, size, name, kind))
        x += text_width(name, size, bold=True)
        if number := _number(push, size):
            line.append(text(x + 3, tall, NUMBER, number, f"number {_side(push)}"))
            x += text_width(number, NUMBER, bold=True) + 3
        x += GAP
    return (
        f'<svg class="remembered" width="100%" height="{at(1.25 * tall + 2)}" aria-hidden="true">{"".join(line)}</svg>'
        f'<svg class="bar" width="100%" height="5" aria-hidden="true">{"".join(bar)}</svg>'
    )


def _parts(subject: Subject, t: int) -> tuple[list[float], list[float | None], list[str], list[int]]:
    """Return the amounts, pushes, names and columns that a step's memory is made of."""
    if subject.parts is None:
        pushes = pushes_of(subject)
        return [float(amounts_of(subject)[t])], [None if pushes is None else float(pushes[t])], [subject.words[t]], [t]
    amounts, steps = subject.parts.amounts[t], len(subject)
    is_backward = subject.parts.direction == "backward"
    held = range(t, steps) if is_backward else range(t + 1)
    if subject.shares is None:
        starts = words_in(subject)
        starts = np.unique(np.maximum(starts[starts <= held[-1]], held[0]))
        names = word_names(subject, starts, held[-1] + 1)
        ends = [*starts[1:].tolist(), held[-1] + 1]
        sums = [float(amounts[a:b].sum()) for a, b in zip(starts.tolist(), ends, strict=True)]
        return sums, [None] * len(names), names, starts.tolist()
    order = [k for k in (steps, *held, *range(steps + 1, len(amounts))) if amounts[k] > 0]
    names = [subject.words[k] if k < steps else word_of(subject.parts.columns[k]) for k in order]
    return [float(amounts[k]) for k in order], [float(subject.shares[t, k]) for k in order], names, order


def _words(
    picture: Picture,
    t: int,
    sizes: Sequence[float],
    pushes: Sequence[float | None],
    names: Sequence[str],
    keys: Sequence[int],
) -> Iterator[tuple[float, str, float | None, int]]:
    """Yield the words of a line that fit, with "…" where there are others; all shrink if the largest would not fit."""
    marked = {spot.column for spot in picture.finding.spots if spot.kind == "band" and spot.step == t}
    held = sum(size * size for size in sizes)  # sizes are as the roots of amounts
    legible = [n for n, size in enumerate(sizes) if size * size >= OF_MEMORY * held or keys[n] in marked]
    ranked = sorted(legible, key=lambda n: (keys[n] not in marked, -sizes[n]))
    kept: list[int] = []
    for n in ranked:
        trial = sorted([*kept, n])
        if _length(trial, sizes, pushes, names, keys, marked) <= WIDTH or not kept:
            kept = trial
    shrink = min(1.0, WIDTH / _length(kept, sizes, pushes, names, keys, marked)) if kept else 1.0
    before = -1
    for n in kept:
        if n > before + 1:
            yield LEAST, "…", None, -1
        before = n
        size = max(sizes[n], LEAST) * shrink
        yield size, names[n], pushes[n], keys[n]


def _length(
    kept: Sequence[int],
    sizes: Sequence[float],
    pushes: Sequence[float | None],
    names: Sequence[str],
    keys: Sequence[int],
    marked: set[int],
) -> float:
    """Return the length of a line of some of the words."""
    total, before = 0.0, -1
    for n in kept:
        total += GAP + text_width("…", LEAST, bold=True) if n > before + 1 else 0
        size = max(sizes[n], LEAST)
        total += text_width(names[n], size, bold=True) + GAP + (22 if keys[n] in marked else 0)
        if number := _number(pushes[n], size):
            total += text_width(number, NUMBER, bold=True) + 3
        before = n
    return total - GAP


def _is_backward(subject: Subject) -> bool:
    return subject.parts is not None and subject.parts.direction == "backward"


def _number(push: float | None, size: float) -> str:
    """Return the push that stands behind a word."""
    if push is None or size < LEAST or abs(push) < 0.25:
        return ""
    return signed(push, 1)


def _side(push: float | None) -> str:
    if push is None or abs(push) < 0.25:
        return "muted"
    return "positive" if push > 0 else "negative"


def _total(picture: Picture) -> str:
    """Return how the pushes at the end add up to the verdict."""
    subject = picture.subject
    if subject.verdict is None or subject.logits is None:
        return ""
    amounts = subject.shares[-1] if subject.shares is not None else pushes_of(subject)[-1:]  # type: ignore[index]
    named: list[str] = []
    if subject.shares is not None:
        largest = np.argsort(-np.abs(amounts[: len(subject)]), kind="stable")[:3].tolist()
        named = [
            f'{safe(subject.words[k])} <b class="{_side(float(amounts[k]))}">{signed(float(amounts[k]), 2)}</b>'
            for k in sorted(largest)
            if abs(amounts[k]) >= 0.1
        ]
        rest = float(amounts.sum()) - sum(float(amounts[k]) for k in largest if abs(amounts[k]) >= 0.1)
        named.append(f"the rest {signed(rest)}")
    bias = float(subject.logits[-1] - amounts.sum())
    parts = ", ".join([*named, f"bias {signed(bias)}"])
    total, chance = signed(float(subject.logits[-1])), plain(float(subject.verdict.values[-1]))
    adds_up = f"All pushes add up to <b>{total}</b>, which is <b>P = {chance}</b>."
    return f'<p class="total">pushes at the end: {parts}. {adds_up}</p>'


def _legend(picture: Picture) -> str:
    """Return how the lines are read."""
    has_pushes = picture.subject.verdict is not None
    what = "size of a word: how much remains of what was written at it"
    if picture.subject.parts is None:
        what = "length: how large the state is, which each step makes anew"
    return f'<p class="muted legend">{what}{"; colour and number: its push" if has_pushes else ""}</p>'
