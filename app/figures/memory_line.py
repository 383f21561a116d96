"""The memory at one step as a line: its words, as large as what remains of them, and below a bar of exact lengths."""

from collections.abc import Collection, Iterator, Sequence
from math import sqrt

import numpy as np

from .bands import OLDEST, word_names, words_in
from .blocks import amounts_of, pushes_of
from .numbers import at, phrase_of, signed
from .picture import Picture
from .push_colours import level
from .subject import Subject
from .svg import text
from .text_width import text_width

WIDTH = 340.0  # px: what a line must fit into on the narrowest of today's phones
LARGEST = 40.0
LEAST = 13.0
NUMBER = 13.0
OF_MEMORY = 0.05  # that a word must hold to be named
GAP = 9.0
LEAST_PUSH = 0.25  # logit, of a push that is written
LEAST_OF_LARGE = 0.05  # and of one behind a large word
LARGE = 24.0  # px


def memory_line(picture: Picture, t: int, width: float = WIDTH) -> str:
    """Return the memory at a step: its words, as large as what remains of them, and a bar of exact lengths.

    The words fit into ``width`` pixels.
    """
    subject = picture.subject
    amounts, pushes, names, keys = memory_parts(subject, t, _marked(picture, t))
    largest = picture.scales.amount
    sizes = [LARGEST * sqrt(amount / largest) if largest else 0.0 for amount in amounts]
    bar, x = [], 0.0
    for place, (amount, push, key) in enumerate(zip(amounts, pushes, keys, strict=True)):
        share = 100 * amount / largest if largest else 0.0
        if share >= 0.05:
            ago = place if _is_backward(subject) else len(keys) - 1 - place
            age = min(ago, OLDEST)
            kind = f"age{age}" if push is None else f"p{level(push, picture.scales.push)}"
            bar.append(f'<rect class="band {kind}" data-k="{key}" x="{x:.2f}%" width="{share:.2f}%" height="5"/>')
        x += share
    words = list(_words(picture, t, sizes, pushes, names, keys, width))
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
        kind = "word muted" if name == "…" else f"word {side_of(push)}"
        line.append(text(x, tall, size, name, kind))
        x += text_width(name, size, bold=True)
        if number := _number(push, size):
            line.append(text(x + 3, tall, NUMBER, number, f"number {side_of(push)}"))
            x += text_width(number, NUMBER, bold=True) + 3
        x += GAP
    return (
        f'<svg class="remembered" width="100%" height="{at(1.25 * tall + 2)}" aria-hidden="true">{"".join(line)}</svg>'
        f'<svg class="bar" width="100%" height="5" aria-hidden="true">{"".join(bar)}</svg>'
    )


def _marked(picture: Picture, t: int) -> set[int]:
    """Return the columns that carry a mark at a step."""
    return {spot.column for spot in picture.finding.spots if spot.kind == "band" and spot.step == t}


def memory_parts(
    subject: Subject, t: int, marked: Collection[int] = ()
) -> tuple[list[float], list[float | None], list[str], list[int]]:
    """Return the amounts, pushes, names and columns that a step's memory is made of, ``marked`` ones even if gone."""
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
    order = [k for k in (steps, *held, *range(steps + 1, len(amounts))) if amounts[k] > 0 or k in marked]
    names = [subject.words[k] if k < steps else phrase_of(subject.parts.columns[k]) for k in order]
    return [float(amounts[k]) for k in order], [float(subject.shares[t, k]) for k in order], names, order


def _words(
    picture: Picture,
    t: int,
    sizes: Sequence[float],
    pushes: Sequence[float | None],
    names: Sequence[str],
    keys: Sequence[int],
    width: float,
) -> Iterator[tuple[float, str, float | None, int]]:
    """Yield the words of a line that fit, with "…" where there are others; all shrink if the largest would not fit."""
    marked = _marked(picture, t)
    held = sum(size * size for size in sizes)  # sizes are as the roots of amounts
    legible = [n for n, size in enumerate(sizes) if size * size >= OF_MEMORY * held or keys[n] in marked]
    ranked = sorted(legible, key=lambda n: (keys[n] not in marked, -sizes[n]))
    kept: list[int] = []
    for n in ranked:
        trial = sorted([*kept, n])
        if _length(trial, sizes, pushes, names, keys, marked) <= width or not kept:
            kept = trial
    shrink = min(1.0, width / _length(kept, sizes, pushes, names, keys, marked)) if kept else 1.0
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
    if push is None or abs(push) < (LEAST_OF_LARGE if size >= LARGE else LEAST_PUSH):
        return ""
    return signed(push, 1)


def side_of(push: float | None) -> str:
    """Return the class of a push that is named: "positive", "negative", or "muted" if it is small."""
    if push is None or abs(push) < LEAST_PUSH:
        return "muted"
    return "positive" if push > 0 else "negative"
