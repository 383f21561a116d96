"""The wide form of the first screen: verdict, words, gates and memory over the same columns, and the sum at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .band_words import BandWord, band_words, words_svg
from .bands import Bands, ageing_bands, band_paths, pushing_bands
from .blocks import amounts_of, blocks_svg, pushes_of
from .columns import LONGEST, Columns, columns_of
from .finding.statement import Finding
from .frame import GUTTER, Frame
from .gates import is_dense, row_svg
from .ghost import HollowWord, ghost_paths, hollow_svg, hollow_words
from .gutter import WORD_LINE, gutter_svg
from .input_curves import curves_svg, scales_svg
from .key_words import SIZE as KEY_WORD
from .key_words import key_words
from .marks import curve_marks, marks_svg
from .numbers import at, chance_of, plain, spelt
from .subject import Subject
from .surprise_bars import bars_svg
from .svg import anchored, lines, stretched, text
from .text_width import fitted, text_width, wrapped
from .ticks import SIZE as TICK
from .ticks import ticks_of
from .total import WIDTH as SUM
from .total import total_svg, whole_svg
from .unit_row import unit_curve, unit_label, unit_scale
from .verdict import curve_numbers, curve_svg

VERDICT = 46.0
SIDE = 17.0
STEM = 22.0  # px, the width of a stem where a gate is fully open
UNIT_GAP = 12.0  # px, over the row of a named unit


@dataclass(frozen=True)
class Scales:
    """What pictures that are compared have in common."""

    push: float  # the logit at which colours end
    amount: float  # what fills the height of a memory
    is_own: bool  # whether the scale of pushes is that of this text


@dataclass(frozen=True)
class Picture:
    """All that the wide form is drawn from."""

    subject: Subject
    finding: Finding
    frame: Frame
    columns: Columns
    bands: Bands | None
    words: Sequence[BandWord]
    scales: Scales
    chosen: int
    name: str  # with which ids begin
    before: Subject | None


def picture_of(
    subject: Subject,
    finding: Finding,
    scales: Scales,
    frame: Frame,
    *,
    chosen: int,
    name: str,
    before: Subject | None = None,
) -> Picture:
    """Return what is drawn in ``frame``."""
    columns = columns_of(subject.words, frame.chart, longest=0 if subject.is_of_steps else LONGEST)
    bands, words = None, list[BandWord]()
    if subject.parts is not None:
        per_amount = frame.memory / scales.amount if scales.amount else 0.0
        if subject.shares is not None:
            bands = pushing_bands(subject, per_amount, scales.push, frame.base)
            marked = {
                (list(bands.columns).index(each.column), each.step) for each in finding.spots if each.kind == "band"
            }
            words = band_words(bands, columns, frame.memory, subject.shares, subject.parts.new, marked)
        else:
            bands = ageing_bands(subject, per_amount, frame.base)
            if not is_dense(columns):
                words = band_words(bands, columns, frame.memory, None, subject.parts.new)
    return Picture(subject, finding, frame, columns, bands, words, scales, chosen, name, before)


def largest_amount(subjects: Sequence[Subject]) -> float:
    """Return what fills the height of the memory of all ``subjects``."""
    sums = [amounts_of(each) if each.parts is None else each.parts.amounts.sum(axis=1) for each in subjects]
    return float(max(each.max() for each in sums))


def picture_html(picture: Picture, kind: str = "wide", over: str = "") -> str:
    """Return the wide form: margin, chart and sum, side by side. ``kind`` is its class; ``over`` lies on the chart."""
    bottom = at(picture.frame.bottom)
    parts = (
        ("gutter", at(GUTTER), "".join(_gutter(picture))),
        ("chart", "100%", "".join(_chart(picture))),
        ("sum", at(SUM), "".join(_sum(picture))),
    )
    gutter, chart, total = (
        f'<svg class="{part}" width="{width}" height="{bottom}" aria-hidden="true">{content}</svg>'
        for part, width, content in parts
    )
    return f'<div class="{kind} picture">{gutter}<div class="charted">{chart}{over}</div>{total}</div>'


def _gutter(picture: Picture) -> Iterator[str]:
    scales = picture.scales
    yield from gutter_svg(picture.subject, picture.frame, scales.push, is_own_scale=scales.is_own, name=picture.name)
    yield from unit_label(picture.subject, picture.frame.unit_top + UNIT_GAP - 4, GUTTER - 8)


def _chart(picture: Picture) -> Iterator[str]:
    subject, frame, columns = picture.subject, picture.frame, picture.columns
    for t in range(len(subject)):
        kind = "column chosen" if t == picture.chosen else "column"
        x, width = (columns.percent(float(each[t])) for each in (columns.edges, columns.widths))
        yield f'<rect class="{kind}" data-t="{t}" x="{x}" width="{width}" height="{at(frame.bottom)}" rx="5"/>'
    if not is_dense(columns):
        yield from _stems(picture)
    yield stretched(frame.chart, frame.bottom, "".join(_stretched(picture)))
    if picture.bands is None:
        yield from blocks_svg(subject, frame, columns, picture.scales.amount, picture.scales.push)
    else:
        yield from words_svg(picture.words, picture.bands, columns)
    hollow = list[HollowWord]()
    if picture.before is not None and picture.bands is not None:
        largest = picture.scales.amount
        hollow += hollow_words(picture.before, picture.bands, picture.words, columns, frame, largest)
        yield from hollow_svg(hollow, columns)
    yield from _words(picture)
    for place, row in enumerate(subject.rows[: frame.rows]):
        without = None if picture.before is None else picture.before.row(row.role.verb)
        yield from row_svg(row, columns, frame.row(place), without, subject.held(row.role.letter))
    if subject.verdict is not None:
        marks = curve_marks(picture.finding.spots, subject.verdict, frame, columns)
        yield from curve_numbers(subject.verdict, columns, frame.verdict_top, frame.verdict, marks)
    elif frame.verdict:
        yield from bars_svg(subject, columns, frame.verdict_top - 10, frame.verdict + 10)
    yield from marks_svg(picture.finding.spots, subject, frame, columns, picture.bands, [*picture.words, *hollow])


def _stretched(picture: Picture) -> Iterator[str]:
    subject, frame, columns = picture.subject, picture.frame, picture.columns
    yield from curves_svg(subject.inputs, columns)
    if subject.verdict is not None:
        yield from curve_svg(subject.verdict, columns, frame.verdict_top, frame.verdict, picture.name)
    if picture.bands is not None:
        yield from band_paths(picture.bands, columns, picture.name)
    yield from unit_curve(subject, columns, frame.unit_top + UNIT_GAP)
    if picture.before is not None:
        yield from ghost_paths(picture.before, columns, frame, picture.scales.amount)
    yield f'<path class="rule" d="M0 {at(frame.base)}H{at(columns.width)}"/>'


def _stems(picture: Picture) -> Iterator[str]:
    """Yield what leads from the gates that write to the memory, as wide as they are open."""
    row, bands, columns = picture.subject.row("writes"), picture.bands, picture.columns
    if row is None or bands is None:
        return
    top = picture.frame.memory_top - (26 if picture.frame.above else 12)
    yield (
        f'<linearGradient id="{picture.name}-stem" x2="0" y2="1"><stop offset="0" class="stem-top"/>'
        '<stop offset="1" class="stem-end"/></linearGradient>'
    )
    tops = bands.tops.min(axis=1)
    for t, mean in enumerate(row.means.tolist()):
        width, tall = STEM * mean, float(tops[t]) - top
        if tall > 2:
            stem = f'x="{at(-width / 2)}" y="{at(top)}" width="{at(width)}" height="{at(tall)}"'
            x = columns.percent(float(columns.starts[t] + columns.ends[t]) / 2)
            yield f'<svg x="{x}" overflow="visible"><rect {stem} fill="url(#{picture.name}-stem)"/></svg>'


def _words(picture: Picture) -> Iterator[str]:
    """Yield the words over their columns: all of them, or those that have room."""
    subject, columns, y = picture.subject, picture.columns, picture.frame.words + WORD_LINE
    if subject.is_of_steps:
        for t, label, middle in ticks_of(subject, columns):
            kind = "read key chosen" if t == picture.chosen else "read key"
            yield text(columns.percent(middle), y, TICK, label, kind, extra=f' data-t="{t}"')
            yield anchored(columns.percent(float(columns.centres[t])), f'<path class="leader" d="M0 {at(y + 5)}v6"/>')
        return
    if columns.is_legible:
        for t, word in enumerate(subject.words):
            kind = "read chosen" if t == picture.chosen else "read"
            extra = f' data-t="{t}"'
            yield text(columns.percent(float(columns.centres[t])), y, columns.size, word, kind, extra=extra)
        return
    size = KEY_WORD
    if max(text_width(word, size, bold=True) for word in subject.words) <= columns.widths.min():
        named = [(t, word, float(columns.centres[t]), 1) for t, word in enumerate(subject.words)]
    else:
        named = key_words(subject, picture.finding, columns, picture.chosen)
    for t, word, x, line in sorted(named):
        kind = "read key chosen" if t == picture.chosen else "read key"
        yield text(columns.percent(x), y - 18 * (1 - line), size, word, kind, extra=f' data-t="{t}"')


def _sum(picture: Picture) -> Iterator[str]:
    subject, frame = picture.subject, picture.frame
    yield from scales_svg(subject.inputs)
    if (verdict := subject.verdict) is None:
        yield from _expects(picture)
        return
    value = float(verdict.values[-1])
    kind = "positive" if value >= 0.5 else "negative"
    yield text(12, frame.verdict_top + 44, VERDICT, plain(value), f"verdict {kind}")
    side = wrapped(verdict.side(value), SIDE, SUM - 14, bold=True)
    yield lines(13, frame.verdict_top + 67, SIDE, side, f"strong {kind}")
    if picture.before is not None and picture.before.verdict is not None:
        without = f"without your change {plain(float(picture.before.verdict.values[-1]))}"
        yield lines(
            13, frame.verdict_top + 67 + 1.3 * SIDE * len(side), 13, wrapped(without, 13, SUM - 14), "muted without"
        )
    if picture.bands is not None:
        yield from total_svg(picture.bands, subject, frame.memory_top if frame.rows else frame.words, frame.bottom)
    elif (pushes := pushes_of(subject)) is not None:
        yield from whole_svg(subject, float(pushes[-1]), frame.bottom)


def _expects(picture: Picture) -> Iterator[str]:
    """Yield what the network expects next, and the scale of the unit that is named."""
    yield from unit_scale(picture.subject, picture.frame.unit_top + UNIT_GAP)
    if (expected := picture.subject.next_token) is None:
        return
    token, chance = expected
    y = picture.frame.verdict_top + 14
    yield text(12, y, 13, "next it expects", "muted")
    yield text(12, y + 26, 20, fitted(spelt(token), 20, SUM - 12, bold=True), "strong")
    yield text(12, y + 46, 14, chance_of(chance))
