"""What each word pushes at the end, next to its band, and how all pushes add up to the verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .bands import Bands
from .numbers import at, plain, safe, signed
from .subject import Subject
from .text_width import fitted, text_width

WIDTH = 160.0
LEADER = 17.0  # px, from a band to its line
SIZE = 15.0
SMALL = 13.0
LINE = 20.0  # px, between two words
LEAST = 0.1  # a smaller push is not listed by itself
FOOT = 104.0  # px: the rest, the bias, the sum and the verdict


@dataclass(frozen=True)
class Listed:
    """A word of the sum."""

    band: int
    push: float
    y: float  # of its band's middle
    line: float  # of its text


def listed(bands: Bands, subject: Subject, top: float, bottom: float) -> list[Listed]:
    """Return the words whose push at the end is written between ``top`` and ``bottom``: the largest that have room."""
    if (shares := subject.shares) is None:
        return []
    last = len(subject) - 1
    pushes = [float(shares[last, column]) for column in bands.columns]
    room = max(int((bottom - top) / LINE), 0)
    ranked = sorted((band for band, push in enumerate(pushes) if abs(push) >= LEAST), key=lambda b: -abs(pushes[b]))
    chosen = sorted(ranked[:room], reverse=True)  # from the uppermost down
    middles = [float(bands.tops[last, band] + bands.heights[last, band] / 2) for band in chosen]
    lines = spread(middles, top + LINE / 2, bottom - LINE / 2)
    return [Listed(b, pushes[b], y, line) for b, y, line in zip(chosen, middles, lines, strict=True)]


def spread(ys: Sequence[float], low: float, high: float) -> list[float]:
    """Return places near ``ys``, which ascend, at least a ``LINE`` apart and between ``low`` and ``high``."""
    places = list(ys)
    for n, y in enumerate(places):
        places[n] = max(y, low, places[n - 1] + LINE if n else low)
    for n in reversed(range(len(places))):
        places[n] = min(places[n], high - LINE * (len(places) - 1 - n))
    return places


def total_svg(bands: Bands, subject: Subject, top: float, bottom: float) -> Iterator[str]:
    """Yield the sum between ``top`` and ``bottom``."""
    parts, verdict, logits = subject.parts, subject.verdict, subject.logits
    if parts is None or verdict is None or parts.bias is None or logits is None or subject.shares is None:
        return
    foot = bottom - FOOT - (0 if subject.is_whole else 18)
    words = listed(bands, subject, top + 40, foot)
    head = max(top, min((each.line for each in words), default=foot) - 42)
    for n, text in enumerate((f"what each {subject.noun}", "pushes at the end")):
        yield _text("muted", LEADER, head + 10 + 17 * n, SMALL, text)
    for each in words:
        band, line, middle = at(each.y), at(each.line), at(LEADER / 2)
        yield f'<path class="leader" d="M2 {band}C{middle} {band} {middle} {line} 13 {line}"/>'
        size, room = SIZE, WIDTH - LEADER - 4 - text_width(signed(each.push), SIZE, bold=True)
        if text_width(bands.names[each.band], size, bold=True) > room:
            size = SMALL
        name = fitted(bands.names[each.band], size, room, bold=True)
        yield f'<g data-k="{bands.columns[each.band]}">{_text("word", LEADER, each.line + 5, size, name)}'
        yield f"{_push(each.push, each.line + 5)}</g>"
    shown = {each.band for each in words}
    rest = [band for band in range(len(bands.names)) if band not in shown and bands.columns[band] != len(subject)]
    yield f'<path class="rule" d="M{LEADER} {at(foot + 4)}H{WIDTH}"/>'
    total = float(subject.shares[-1].sum())
    others = total - sum(each.push for each in words)
    entries = [(f"{len(rest)} other{'s' if len(rest) > 1 else ''}", others)] if rest else []
    if not subject.is_whole:
        entries.append(("other direction", float(logits[-1]) - parts.bias - total))
    for n, (name, value) in enumerate([*entries, ("bias", parts.bias)]):
        y = foot + 20 + 18 * n
        yield _text("muted", LEADER, y, SMALL, name) + _text("muted end", WIDTH, y, SMALL, signed(value))
    yield from _adds_up(subject, bottom - FOOT)


def whole_svg(subject: Subject, push: float, bottom: float) -> Iterator[str]:
    """Yield the sum of a state that has no parts: the push of all of it, and the bias."""
    if subject.logits is None:
        return
    foot = bottom - FOOT
    side = "positive" if push > 0 else "negative"
    yield _text("word", LEADER, foot - 10, SIZE, "all of h") + _text(
        f"strong end {side}", WIDTH, foot - 10, SIZE, signed(push)
    )
    yield f'<path class="rule" d="M{LEADER} {at(foot + 4)}H{WIDTH}"/>'
    yield _text("muted", LEADER, foot + 20, SMALL, "bias")
    yield _text("muted end", WIDTH, foot + 20, SMALL, signed(float(subject.logits[-1]) - push))
    yield from _adds_up(subject, foot)


def _adds_up(subject: Subject, foot: float) -> Iterator[str]:
    """Yield the sum of all pushes, and the probability that it is."""
    verdict, logits = subject.verdict, subject.logits
    if verdict is None or logits is None:
        return
    yield f'<path class="line" d="M{LEADER} {at(foot + 46)}H{WIDTH}"/>'
    yield _text("", LEADER, foot + 64, SMALL, "all pushes")
    yield _text("", LEADER, foot + 82, SMALL, "add up to")
    yield _text("strong end", WIDTH, foot + 82, SIZE, signed(float(logits[-1])))
    side, value = verdict.values[-1] >= 0.5, plain(float(verdict.values[-1]))
    yield _text("", LEADER, foot + 101, SMALL, "which is")
    yield _text(f"strong end {'positive' if side else 'negative'}", WIDTH, foot + 101, SIZE, f"P = {value}")


def _push(value: float, y: float) -> str:
    side = "positive" if value > 0 else "negative"
    return _text(f"strong end {side}", WIDTH, y, SIZE, signed(value))


def _text(kind: str, x: float, y: float, size: float, text: str) -> str:
    of_kind = f' class="{kind}"' if kind else ""
    return f'<text{of_kind} x="{at(x)}" y="{at(y)}" font-size="{at(size)}">{safe(text)}</text>'
