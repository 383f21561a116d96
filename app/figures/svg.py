"""The few shapes of which pictures are made. Text is escaped here, and only here."""

from collections.abc import Iterable

from .numbers import at, safe


def text(x: float | str, y: float, size: float, words: str, kind: str = "", *, extra: str = "") -> str:
    """Return a line of text whose baseline is at ``y``; ``x`` is in pixels, or in percent of the width."""
    of_kind = f' class="{kind}"' if kind else ""
    place = x if isinstance(x, str) else at(x)
    return f'<text{of_kind} x="{place}" y="{at(y)}" font-size="{at(size)}"{extra}>{safe(words)}</text>'


def lines(x: float, y: float, size: float, texts: Iterable[str], kind: str = "", *, apart: float = 1.3) -> str:
    """Return lines of text below one another, the first with its baseline at ``y``."""
    return "".join(text(x, y + n * apart * size, size, each, kind) for n, each in enumerate(texts))


def anchored(x: str, content: str, kind: str = "", *, extra: str = "") -> str:
    """Return ``content``, which has its coordinates in pixels from an ``x`` in percent."""
    of_kind = f' class="{kind}"' if kind else ""
    return f'<svg x="{x}"{of_kind}{extra} overflow="visible">{content}</svg>'


def stretched(width: float, height: float, content: str) -> str:
    """Return ``content``, drawn ``width`` pixels wide and stretched to the picture's width; it must hold no text."""
    box = f'viewBox="0 0 {at(width)} {at(height)}" preserveAspectRatio="none" width="100%" height="{at(height)}"'
    return f'<svg class="stretched" {box}>{content}</svg>'
