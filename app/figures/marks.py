"""The numbered marks: each stands in the finding and at its spot in the picture."""

from collections.abc import Iterator, Sequence

from .band_words import BandWord
from .bands import Bands
from .columns import Columns
from .finding.statement import Spot
from .frame import Frame
from .gates import BAR, NUMBER, PROFILE, bar_width, is_dense
from .ghost import HollowWord
from .numbers import at, signed
from .subject import Subject, Verdict
from .svg import anchored, text
from .text_width import text_width
from .verdict import Point, heights

RADIUS = 10.0
SIZE = 13.0
LABEL = 15.0
LEAST_FRAME = 4.0  # px wide, round a gate


def marks_svg(
    spots: Sequence[Spot],
    subject: Subject,
    frame: Frame,
    columns: Columns,
    bands: Bands | None,
    words: Sequence[BandWord | HollowWord],
) -> Iterator[str]:
    """Yield a mark for each spot, in their order; ``words`` are those in bands, and those that are gone."""
    for number, spot in enumerate(spots, 1):
        if spot.kind == "verdict":
            yield _on_curve(number, spot, subject, frame, columns)
        elif spot.kind == "gate":
            yield from _on_gate(number, spot, subject, frame, columns)
        elif spot.kind == "unit":
            x = min(max(float(columns.centres[spot.step]), RADIUS), columns.width - RADIUS)
            yield _mark(number, columns.percent(x), 0, frame.unit_top + 4)
        elif bands is None:
            yield _mark(number, columns.percent(float(columns.starts[spot.step])), 0, frame.base - 0.3 * frame.memory)
        else:
            yield _on_band(number, spot, subject, columns, bands, words)


def _on_curve(number: int, spot: Spot, subject: Subject, frame: Frame, columns: Columns) -> str:
    """Return a mark in the middle of the step of the verdict."""
    if subject.verdict is None:
        centre = float(columns.centres[spot.step])
        return _mark(number, columns.percent(centre), 24 if centre < columns.width - 40 else -26, frame.verdict_top - 4)
    ((x, y),) = curve_marks([spot], subject.verdict, frame, columns)
    return _mark(number, columns.percent(x), 0, y)


def curve_marks(spots: Sequence[Spot], verdict: Verdict, frame: Frame, columns: Columns) -> list[Point]:
    """Return the middles of the marks that stand on the curve of the verdict."""
    ys = heights(verdict.values, frame.verdict_top, frame.verdict).tolist()
    return [
        (max(float(columns.edges[step]), RADIUS), (ys[max(step - 1, 0)] + ys[step]) / 2)
        for step in (spot.step for spot in spots if spot.kind == "verdict")
    ]


def _on_gate(number: int, spot: Spot, subject: Subject, frame: Frame, columns: Columns) -> Iterator[str]:
    """Yield a frame round a gate, and a mark at its corner."""
    place = next((n for n, row in enumerate(subject.rows) if row.role.verb == spot.verb), None)
    if place is None:
        return
    x, top = columns.percent(float(columns.centres[spot.step])), frame.row(place) - 2
    wide = max(float(columns.widths[spot.step]) - 2, LEAST_FRAME) if is_dense(columns) else bar_width(columns) + 8
    half = wide / 2
    tall = NUMBER + BAR + PROFILE + 12
    yield anchored(
        x, f'<rect class="framed" x="{at(-half)}" y="{at(top)}" width="{at(2 * half)}" height="{at(tall)}" rx="5"/>'
    )
    yield _mark(number, x, -half - 8, top + 2)


def _on_band(
    number: int, spot: Spot, subject: Subject, columns: Columns, bands: Bands, words: Sequence[BandWord | HollowWord]
) -> str:
    """Return a mark before the push of a band, or in the middle of the band where that is not written."""
    band = list(bands.columns).index(spot.column)
    for each in words:
        if (each.band, each.step) == (band, spot.step):
            if isinstance(each, HollowWord):
                half = text_width(each.word, each.size, bold=True) / 2
                has_room = each.x - half - 2 * RADIUS - 3 >= columns.edges[spot.step]
                place = (
                    (-half - RADIUS - 3, each.y - 0.36 * each.size) if has_room else (0, each.y - each.size - RADIUS)
                )
                return _mark(number, columns.percent(each.x), *place)
            if not each.word:
                return _mark(number, columns.percent(each.x), 0, each.baselines[0] - each.number_size - RADIUS + 2)
            line, name = (1, each.number) if each.number else (0, each.word)
            size = each.number_size if each.number else each.size
            half = text_width(name, size, bold=True) / 2
            if each.x - half - 2 * RADIUS - 3 < columns.edges[spot.step]:
                return _mark(number, columns.percent(each.x), 0, each.baselines[0] - each.size - RADIUS + 2)
            return _mark(number, columns.percent(each.x), -half - RADIUS - 3, each.baselines[line] - 0.36 * size)
    y = float(bands.tops[spot.step, band] + bands.heights[spot.step, band] / 2)
    x = columns.percent(float(columns.centres[spot.step]))
    if not is_dense(columns) or subject.shares is None:
        return _mark(number, x, 0, y)
    return _called_out(number, spot, subject, columns, bands, band, y)


def _called_out(number: int, spot: Spot, subject: Subject, columns: Columns, bands: Bands, band: int, y: float) -> str:
    """Return a mark above the memory, with the word and its push, and a line down to the band."""
    push = 0.0 if subject.shares is None else float(subject.shares[spot.step, spot.column])
    label = f"{bands.names[band]} {signed(push, 1)}"
    centre, wide = float(columns.centres[spot.step]), text_width(label, LABEL, bold=True)
    reach = [t for t, x in enumerate(columns.centres.tolist()) if abs(x - centre) < wide + 2 * RADIUS + 8]
    top = max(float(bands.tops[reach].min()) - 22, bands.base - 10_000)
    is_right = centre + wide + RADIUS + 6 <= columns.width
    words = text(
        RADIUS + 5 if is_right else -RADIUS - 5, top + 5, LABEL, label, f"called {'start' if is_right else 'end'}"
    )
    line = f'<path class="leader" d="M0 {at(top)}V{at(y)}"/><circle class="dot" cy="{at(y)}" r="3"/>'
    x = columns.percent(centre)
    return anchored(x, line + words) + _mark(number, x, 0, top)


def _mark(number: int, x: str, dx: float, y: float) -> str:
    circle = f'<circle cx="{at(dx)}" cy="{at(y)}" r="{at(RADIUS)}"/>'
    return anchored(x, f'{circle}<text x="{at(dx)}" y="{at(y + 4.7)}" font-size="{at(SIZE)}">{number}</text>', "mark")
