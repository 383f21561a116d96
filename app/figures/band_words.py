"""The words inside the bands: the larger, the more is left; a word that would not fit is left out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from .bands import Bands
from .columns import Columns
from .numbers import at, percent, safe, signed
from .push_colours import STEPS
from .subject import Array
from .text_width import text_width

LARGEST = 54.0  # px, of a word whose band fills the whole height
LEAST = 13.0
OF_HEIGHT = 0.66  # of a band, for the word
MARGIN = 3.0  # px, left and right of a word, above and below its lines
NUMBER = (13.0, 24.0)  # px, the least and largest size of a push
NOTE = 13.0
CHANGED = STEPS // 4  # steps of colour after which a push is written again
MARK = 24.0  # px, taken by a mark before a number


@dataclass(frozen=True)
class BandWord:
    """A word in its band at one step, with its push below, and what part of the memory is new."""

    band: int
    step: int
    word: str  # "": the number stands by itself, below its mark
    size: float
    x: float
    baselines: Sequence[float]
    number: str = ""
    number_size: float = 0.0
    note: str = ""


def band_words(
    bands: Bands,
    columns: Columns,
    height: float,
    shares: Array | None,
    new: Array,
    marked: Collection[tuple[int, int]] = (),
) -> list[BandWord]:
    """Return the words that stand in ``bands``, whose height is at most ``height``.

    ``shares`` are the pushes (T, K), if bands push; ``marked`` are the
    (band, step) where a number must stand if it has room.
    """
    places = sorted(_places(bands, marked), key=lambda place: -bands.heights[place[::-1]])
    words, cap = [], LARGEST
    for band, step in places:
        tall = float(bands.heights[step, band])
        room = columns.ends[step] - columns.starts[step] - 2 * MARGIN
        wanted = LARGEST * sqrt(tall / height)
        fits = min(OF_HEIGHT * tall, room / text_width(bands.names[band], 1, bold=True))
        size = min(wanted, fits, cap)
        is_marked, push = (band, step) in marked, 0.0 if shares is None else float(shares[step, bands.columns[band]])
        if size < LEAST:
            if is_marked and (number := _number_by_itself(bands, columns, band, step, push)) is not None:
                words.append(number)
            continue
        if fits < wanted:
            cap = size  # what has less left must not be larger
        part = float(new[step]) if step == bands.firsts[band] else None
        word = _laid_out(bands, columns, band, step, size, push, part, MARK if is_marked else 0.0)
        if word.number or is_marked or step in (bands.firsts[band], bands.steps(band)[-1]):
            words.append(word)
    return words


def _number_by_itself(bands: Bands, columns: Columns, band: int, step: int, push: float) -> BandWord | None:
    """Return the push of a band in which its word has no room; None if the number has none either."""
    tall, number = float(bands.heights[step, band]), signed(push, 1)
    room = columns.ends[step] - columns.starts[step]
    size = min(NUMBER[1], room / text_width(number, 1, bold=True), (tall - MARK) / 1.3)
    if size < NUMBER[0]:
        return None
    y = float(bands.tops[step, band]) + tall / 2 + MARK / 2 + 0.36 * size
    x = float(columns.starts[step] + columns.ends[step]) / 2
    return BandWord(band, step, "", 0.0, x, [y], number, size)


def _places(bands: Bands, marked: Collection[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the band and step of each word: where it is written, where its push has changed, and at the end."""
    for band in range(len(bands.names)):
        steps = bands.steps(band)
        written = int(bands.colours[steps[0], band])
        for step in steps:
            colour = int(bands.colours[step, band])
            if step in (steps[0], steps[-1]) or abs(colour - written) >= CHANGED or (band, step) in marked:
                written = colour
                yield band, step


def _laid_out(
    bands: Bands, columns: Columns, band: int, step: int, size: float, push: float, new: float | None, mark: float
) -> BandWord:
    """Return a word with as many lines below it as there is room for."""
    tall = float(bands.heights[step, band]) - 2 * MARGIN
    room = columns.ends[step] - columns.starts[step] - 2 * MARGIN
    number = signed(push, 1)
    fits = (room - mark) / text_width(number, 1, bold=True)
    number_size = min(max(size, NUMBER[0]), NUMBER[1], fits)
    note = "" if new is None else f"{percent(new)} is new"
    lines = [size]
    if number != "0.0" and number_size >= NUMBER[0] and size + 1.15 * number_size <= tall:
        lines.append(1.15 * number_size)
    else:
        inline = f"{bands.names[band]} {number}"
        has_room = mark and text_width(inline, size, bold=True) + 2 * mark <= room + mark
        return _one_line(bands, columns, band, step, size, inline if has_room else bands.names[band])
    if note and sum(lines) + 1.3 * NOTE <= tall and text_width(note, NOTE) <= room:
        lines.append(1.3 * NOTE)
    else:
        note = ""
    middle = float(bands.tops[step, band] + bands.heights[step, band] / 2)
    y, baselines = middle - sum(lines) / 2, []
    for line in lines:
        y += line
        baselines.append(y - 0.2 * line)
    x = float(columns.starts[step] + columns.ends[step]) / 2
    return BandWord(band, step, bands.names[band], size, x, baselines, number, number_size if number else 0.0, note)


def _one_line(bands: Bands, columns: Columns, band: int, step: int, size: float, words: str) -> BandWord:
    """Return a word that has no line below it."""
    y = float(bands.tops[step, band] + bands.heights[step, band] / 2) + 0.3 * size
    return BandWord(band, step, words, size, float(columns.starts[step] + columns.ends[step]) / 2, [y])


def words_svg(words: Sequence[BandWord], bands: Bands, columns: Columns) -> Iterator[str]:
    """Yield the words as SVG."""
    for each in words:
        colour = f"{bands.prefix}{int(bands.colours[each.step, each.band])}"
        x = columns.percent(each.x)
        texts = [(safe(each.word), each.size, "word"), (each.number, each.number_size, "number")]
        texts.append((each.note, NOTE, "note"))
        lines = "".join(
            f'<text class="{kind}" x="{x}" y="{at(y)}" font-size="{at(size)}">{text}</text>'
            for (text, size, kind), y in zip((line for line in texts if line[0]), each.baselines, strict=True)
        )
        yield f'<g class="on {colour}" data-k="{bands.columns[each.band]}" data-t="{each.step}">{lines}</g>'
