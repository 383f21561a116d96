"""How wide text is, in DejaVu Sans: the widest of the fonts that the page may be shown in.

What fits by these widths fits in Liberation Sans, Arial and the usual fonts of systems too. The table comes from
``scripts/font_widths.py``.
"""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import takewhile
from pathlib import Path

import numpy as np

TABLE = Path(__file__).with_name("dejavu_sans.npz")
FACES = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
EM = 2048
MISSING = 1.4  # em, of a character that other fonts must draw: wider than an ideograph, and than an emoji
INVISIBLE = {"Mn", "Me", "Cf"}  # Unicode categories of what takes no room of its own


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of ``text`` at ``size`` pixels, without kerning, which rarely widens it."""
    return size * _ems(text, bold)


def fitted(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return as much of ``text`` as fits into ``width`` pixels, with "…" for the rest; "" if not even that fits."""
    if text_width(text, size, bold=bold) <= width:
        return text
    end, room = 0, width - text_width("…", size, bold=bold)
    while end < len(text) and text_width(text[: end + 1], size, bold=bold) <= room:
        end += 1
    return f"{text[:end]}…" if room >= 0 else ""


def told_apart(texts: Sequence[str], cut: Callable[[str], str]) -> list[str]:
    """Return ``texts``; those that ``cut`` would make the same have "…" for the words that they begin with alike."""
    told = []
    for text in texts:
        alike = {each for each in texts if cut(each) == cut(text)}
        columns = takewhile(lambda characters: len(set(characters)) == 1, zip(*alike, strict=False))
        same = text[: sum(1 for _ in columns)] if len(alike) > 1 else ""
        start = same.rfind(" ") + 1 or len(same)
        told.append(f"…{text[start:]}" if start else text)
    return told


def wrapped(text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
    """Return ``text`` in lines that fit into ``width`` pixels; a word that does not fit by itself is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size, bold=bold) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(word, size, width, bold=bold))
    return lines


@lru_cache(maxsize=4096)
def _ems(text: str, bold: bool) -> float:  # noqa: FBT001
    widths = _widths("bold" if bold else "regular")
    return sum(widths.get(ord(character)) or _other(character) for character in text)


def _other(character: str) -> float:
    """Return the width of a character that is not in the table, or has none there, in em."""
    is_invisible = unicodedata.category(character) in INVISIBLE
    return 0 if is_invisible else MISSING


@cache
def _widths(face: str) -> dict[int, float]:
    """Return the width of each code point of a face, in em."""
    with np.load(TABLE) as table:
        return dict(zip(table[f"{face}_codes"].tolist(), (table[f"{face}_widths"] / EM).tolist(), strict=True))
