"""Several networks on one text: one axis, one row of words, one scale of pushes, and a lane for each memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from .band_words import band_words, words_svg
from .bands import Bands, ageing_bands, band_paths, pushing_bands
from .blocks import blocks_svg, pushes_of
from .columns import Columns, columns_of, curve_path
from .finding.statement import finding
from .forms import Form
from .frame import GUTTER, LEAST_CHART, WORDS
from .gates import is_dense
from .gutter import WORD_LINE, scale_svg, second_line
from .key_words import SIZE as KEY_WORD
from .key_words import key_words
from .links import links_svg
from .numbers import at, plain, signed
from .picture import Scales, largest_amount
from .subject import Subject
from .svg import lines, stretched, text
from .text_width import fitted, text_width, told_apart, wrapped
from .total import LEADER, LINE, listed
from .total import WIDTH as SUM
from .verdict import heights

CURVE = 80.0
TOP = 18.0
GAP = 18.0  # px, between two lanes
LEAST_LANE = 90.0
FOOT = 88.0  # px: the scale of pushes
TITLE = 19.0
SMALL = 13.0
ADDED = 38.0  # px, of a lane, for what its pushes add up to
NOTE = "height: each network on its own scale; colour: one scale for all"


@dataclass(frozen=True)
class Entry:
    """One of the networks that are compared."""

    label: str  # "LSTM"
    subject: Subject


@dataclass(frozen=True)
class Lane:
    """Where the memory of one network is drawn."""

    memory_top: float
    base: float

    @property
    def memory(self) -> float:
        """The height of the memory."""
        return self.base - self.memory_top


def comparison_html(
    entries: Sequence[Entry],
    scales: Scales,
    form: Form,
    height: float,
    chosen: int,
    name: str,
    address_of: Callable[[int], str] | None = None,
) -> str:
    """Return the wide form: the curves of all verdicts, the words, and a lane for each network."""
    columns = columns_of(entries[0].subject.words, max(form.width - GUTTER - SUM, LEAST_CHART))
    lanes = list(lanes_of(len(entries), height))
    verdict = entries[0].subject.verdict
    bottom = lanes[-1].base + FOOT + (0 if verdict is None else second_line(verdict))
    contents = (
        ("gutter", at(GUTTER), "".join(_gutter(entries, lanes, scales, name))),
        ("chart", "100%", "".join(_chart(entries, lanes, columns, scales, chosen, name, bottom))),
        ("sum", at(SUM), "".join(_sums(entries, lanes, scales))),
    )
    gutter, chart, total = (
        f'<svg class="{kind}" width="{wide}" height="{at(bottom)}" aria-hidden="true">{content}</svg>'
        for kind, wide, content in contents
    )
    over = "" if address_of is None else links_svg(entries[0].subject, columns, bottom, address_of)
    return f'<div class="{form.kind} picture">{gutter}<div class="charted">{chart}{over}</div>{total}</div>'


def lanes_of(count: int, height: float) -> Iterator[Lane]:
    """Yield the places of ``count`` lanes below the words."""
    top = TOP + CURVE + 16 + WORDS
    tall = max((height - top - FOOT) / count - GAP, LEAST_LANE)
    for place in range(count):
        begin = top + place * (tall + GAP)
        yield Lane(begin, begin + tall)


def _gutter(entries: Sequence[Entry], lanes: Sequence[Lane], scales: Scales, name: str) -> Iterator[str]:
    verdict = entries[0].subject.verdict
    if verdict is not None:
        for side, value, y in ((verdict.positive, "1", TOP + 5), (verdict.negative, "0", TOP + CURVE + 4)):
            kind = "positive" if value == "1" else "negative"
            named = fitted(side, SMALL, GUTTER - 24, bold=True)
            yield text(GUTTER - 8, y, SMALL, f"{named} {value}", f"strong end {kind}")
        yield text(0, TOP + CURVE / 2 + 4, 16, "says", "verb")
    yield text(0, TOP + CURVE + 16 + WORD_LINE, 16, "reads", "verb")
    room = GUTTER - 60
    labels = told_apart([each.label for each in entries], partial(fitted, size=SMALL, width=room, bold=True))
    for each, label, lane in zip(entries, labels, lanes, strict=True):
        y = lane.memory_top + 16
        size = min(TITLE, max(SMALL, room / text_width(label, 1, bold=True)))
        label = fitted(label, size, room, bold=True)
        end = text_width(label, size, bold=True) + 8
        yield text(0, y, size, label, "strong")
        yield f'<path class="curve {each.subject.cell.line}" d="M{at(end)} {at(y - 6)}H{at(end + 40)}"/>'
        yield lines(0, y + 19, SMALL, wrapped(_carried(each.subject), SMALL, GUTTER - 8), "muted")
    if verdict is not None:
        y = lanes[-1].base + 26
        yield from scale_svg([each.subject for each in entries], y, scales.push, is_own_scale=scales.is_own, name=name)


def _carried(subject: Subject) -> str:
    """Return what a lane shows."""
    if subject.parts is None:
        return f"h, rewritten at each {subject.noun}"
    rows = "; ".join(f"{row.role.verb}: {row.name}" for row in subject.rows if row.role.verb in ("keeps", "writes"))
    return f"what {subject.parts.letter} is made of; {rows}"


def _chart(
    entries: Sequence[Entry],
    lanes: Sequence[Lane],
    columns: Columns,
    scales: Scales,
    chosen: int,
    name: str,
    bottom: float,
) -> Iterator[str]:
    first = entries[0].subject
    for t in range(len(first)):
        kind = "column chosen" if t == chosen else "column"
        x, wide = (columns.percent(float(each[t])) for each in (columns.edges, columns.widths))
        yield f'<rect class="{kind}" data-t="{t}" x="{x}" width="{wide}" height="{at(bottom)}" rx="5"/>'
    bands = [_bands(each.subject, lane, scales) for each, lane in zip(entries, lanes, strict=True)]
    paths = [*_curves(entries, columns)]
    for place, (drawn, lane) in enumerate(zip(bands, lanes, strict=True)):
        if drawn is not None:
            paths += band_paths(drawn, columns, f"{name}-{place}")
        paths.append(f'<path class="rule" d="M0 {at(lane.base)}H{at(columns.width)}"/>')
    for line, told in enumerate(wrapped(NOTE, SMALL, columns.width)):
        yield text("100%", bottom - 50 + 17 * line, SMALL, told, "muted end")
    yield stretched(columns.width, bottom, "".join(paths))
    yield from _words(first, columns, chosen)
    for each, lane, drawn in zip(entries, lanes, bands, strict=True):
        subject = each.subject
        if drawn is None:
            yield from blocks_svg(subject, lane, columns, largest_amount([subject]), scales.push)
        elif subject.parts is not None and not is_dense(columns):
            yield from words_svg(
                band_words(drawn, columns, lane.memory, subject.shares, subject.parts.new), drawn, columns
            )


def _bands(subject: Subject, lane: Lane, scales: Scales) -> Bands | None:
    if subject.parts is None:
        return None
    largest = largest_amount([subject])
    per_amount = lane.memory / largest if largest else 0.0
    if subject.shares is None:
        return ageing_bands(subject, per_amount, lane.base)
    return pushing_bands(subject, per_amount, scales.push, lane.base)


def _curves(entries: Sequence[Entry], columns: Columns) -> Iterator[str]:
    for y in (TOP, TOP + CURVE / 2, TOP + CURVE):
        yield f'<path class="rule" d="M0 {at(y)}H{at(columns.width)}"/>'
    for each in entries:
        if (verdict := each.subject.verdict) is not None:
            path = curve_path(columns, heights(verdict.values, TOP, CURVE))
            yield f'<path class="curve {each.subject.cell.line}" d="{path}"/>'


def _words(subject: Subject, columns: Columns, chosen: int) -> Iterator[str]:
    y = TOP + CURVE + 16 + WORD_LINE
    if columns.is_legible:
        named = [(t, word, float(columns.centres[t]), 1) for t, word in enumerate(subject.words)]
    else:
        named = key_words(subject, finding("compared"), columns, chosen)
    for t, word, x, line in sorted(named):
        kind = "read chosen" if t == chosen else "read"
        size = columns.size if columns.is_legible else KEY_WORD
        yield text(columns.percent(x), y - 18 * (1 - line), size, word, kind, extra=f' data-t="{t}"')


def _sums(entries: Sequence[Entry], lanes: Sequence[Lane], scales: Scales) -> Iterator[str]:
    ends = [(each, each.subject.verdict) for each in entries]
    ranked = sorted((-float(verdict.values[-1]), each.label) for each, verdict in ends if verdict is not None)
    cut = partial(fitted, size=15, width=SUM - 70, bold=True)
    names = told_apart([label for _, label in ranked], cut)
    for place, ((value, _), name) in enumerate(zip(ranked, names, strict=True)):
        kind = "strong positive" if -value >= 0.5 else "strong negative"
        yield text(12, TOP + 8 + 20 * place, 15, f"{cut(name)} {plain(-value)}", kind)
    for each, lane in zip(entries, lanes, strict=True):
        yield from _total(each.subject, lane, _bands(each.subject, lane, scales))


def _total(subject: Subject, lane: Lane, bands: Bands | None) -> Iterator[str]:
    """Yield the largest pushes at the end, and what all of them add up to, with the bias."""
    if subject.verdict is None or subject.logits is None:
        return
    pushes: list[tuple[str, float, float]] = []  # each with its baseline
    foot = lane.base - ADDED
    if bands is not None and subject.shares is not None:
        words = listed(bands, subject, lane.memory_top + LINE, foot)
        pushes = [(bands.names[word.band], word.push, word.line + 5) for word in words]
    elif subject.parts is None and (whole := pushes_of(subject)) is not None:
        pushes = [("all of h", float(whole[-1]), foot - 8)]
    for word, push, y in pushes:
        name = fitted(word, 14, SUM - LEADER - 56, bold=True)
        yield text(LEADER, y, 14, name, "word")
        yield text(SUM, y, 14, signed(push), f"strong end {'positive' if push > 0 else 'negative'}")
    yield f'<path class="rule" d="M{at(LEADER)} {at(foot)}H{at(SUM)}"/>'
    yield text(LEADER, foot + 17, SMALL, "adds up to", "muted")
    yield text(SUM, foot + 17, 14, signed(float(subject.logits[-1])), "strong end")
    value = float(subject.verdict.values[-1])
    yield text(LEADER, foot + 34, SMALL, "which is", "muted")
    side = "positive" if value >= 0.5 else "negative"
    yield text(SUM, foot + 34, 14, f"P = {plain(value)}", f"strong end {side}")
