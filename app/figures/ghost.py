"""What was there without an edit: dashed outlines, and hollow words where something is gone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from .band_words import LARGEST, LEAST, OF_HEIGHT, BandWord
from .bands import Bands, pushing_bands
from .columns import Columns, curve_path
from .finding.change import GONE
from .frame import Frame
from .subject import Subject
from .svg import text
from .text_width import text_width
from .verdict import heights

NOTE = 13.0
NOTES = ("without your change", "gone", "")  # the longest that fits


def ghost_paths(before: Subject, columns: Columns, frame: Frame, largest: float) -> Iterator[str]:
    """Yield the upper edge of the memory and the verdict without the edit."""
    if before.parts is not None and largest:
        tops = frame.base - before.parts.amounts.sum(axis=1) * frame.memory / largest
        yield f'<path class="ghost" d="{curve_path(columns, tops)}"/>'
    if before.verdict is not None:
        ys = heights(before.verdict.values, frame.verdict_top, frame.verdict)
        yield f'<path class="ghost" d="{curve_path(columns, ys)}"/>'


@dataclass(frozen=True)
class HollowWord:
    """A word whose band is gone, where it stood when it was written."""

    band: int
    step: int
    word: str
    size: float
    x: float
    y: float  # of its baseline
    note: str  # below it; "" where there is no room


def hollow_words(
    before: Subject, bands: Bands, words: Sequence[BandWord], columns: Columns, frame: Frame, largest: float
) -> Iterator[HollowWord]:
    """Yield the words whose bands are gone, as far as there is room for them."""
    if before.shares is None or not largest:
        return
    without = pushing_bands(before, frame.memory / largest, 1.0, frame.base)
    written = {(each.band, each.step) for each in words}
    for band, step in enumerate(without.firsts):
        tall = float(without.heights[step, band])
        if without.columns[band] >= len(before) or (band, step) in written or bands.heights[step, band] > GONE * tall:
            continue
        room = float(columns.ends[step] - columns.starts[step]) - 6
        word = without.names[band]
        size = min(LARGEST * sqrt(tall / frame.memory), OF_HEIGHT * tall, room / text_width(word, 1, bold=True))
        if size >= LEAST:
            x = float(columns.starts[step] + columns.ends[step]) / 2
            y = float(without.tops[step, band]) + tall / 2 + 0.35 * size
            note = next(each for each in NOTES if text_width(each, NOTE) <= room) if tall > 2 * size + 20 else ""
            yield HollowWord(band, step, word, size, x, y, note)


def hollow_svg(words: Sequence[HollowWord], columns: Columns) -> Iterator[str]:
    """Yield hollow words as SVG."""
    for each in words:
        x = columns.percent(each.x)
        yield text(x, each.y, each.size, each.word, "hollow")
        if each.note:
            yield text(x, each.y + 20, NOTE, each.note, "gone")
