"""What was there without an edit: dashed outlines, and hollow words where something is gone."""

from collections.abc import Iterator, Sequence
from math import sqrt

from .band_words import LARGEST, LEAST, OF_HEIGHT, BandWord
from .bands import Bands, pushing_bands
from .columns import Columns
from .frame import Frame
from .subject import Subject
from .svg import text
from .text_width import text_width
from .verdict import curve_path, heights

GONE = 0.25  # of its band, below which a word counts as gone


def ghost_paths(before: Subject, columns: Columns, frame: Frame, largest: float) -> Iterator[str]:
    """Yield the upper edge of the memory and the verdict without the edit."""
    if before.parts is not None and largest:
        tops = frame.base - before.parts.amounts.sum(axis=1) * frame.memory / largest
        yield f'<path class="ghost" d="{curve_path(columns, tops)}"/>'
    if before.verdict is not None:
        ys = heights(before.verdict.values, frame.verdict_top, frame.verdict)
        yield f'<path class="ghost" d="{curve_path(columns, ys)}"/>'


def ghost_words(
    before: Subject, bands: Bands, words: Sequence[BandWord], columns: Columns, frame: Frame, largest: float
) -> Iterator[str]:
    """Yield the words whose bands are gone, hollow, where they stood when they were written."""
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
            x = columns.percent(float(columns.starts[step] + columns.ends[step]) / 2)
            y = float(without.tops[step, band]) + tall / 2 + 0.35 * size
            yield text(x, y, size, word, "hollow")
            if tall > 2 * size + 20:
                yield (
                    text(x, y + 20, 13, "without your change", "gone")
                    if text_width("without your change", 13) <= room
                    else text(x, y + 20, 13, "gone", "gone")
                )
