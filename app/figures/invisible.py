"""Names for characters that are invisible or look like a space, wherever the page shows a token.

The page's own code gets the pattern and the names from here (``for_page``), so that both show the same.
"""

import regex
from pydantic import BaseModel

from ..recurrent.spelling import JOINING, UNSEEN

_SIGNS = {" ": "␣", "\n": "↵", "\t": "⇥", "\x7f": "␡"} | {
    chr(code): chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)
}
_ABBREVIATIONS = {  # mostly those of Unicode's NameAliases.txt
    "\x85": "NEL",
    "\u00a0": "NBSP",
    "\u00ad": "SHY",
    "\u034f": "CGJ",
    "\u061c": "ALM",
    "\u115f": "HANGUL CHO FILLER",
    "\u1160": "HANGUL JUNG FILLER",
    "\u1680": "OGHAM SP",
    "\u180e": "MVS",
    "\u2000": "EN QUAD",
    "\u2001": "EM QUAD",
    "\u2002": "EN SP",
    "\u2003": "EM SP",
    "\u2004": "3/EM SP",
    "\u2005": "4/EM SP",
    "\u2006": "6/EM SP",
    "\u2007": "FIGURE SP",
    "\u2008": "PUNCT SP",
    "\u2009": "THIN SP",
    "\u200a": "HAIR SP",
    "\u200b": "ZWSP",
    "\u200c": "ZWNJ",
    "\u200d": "ZWJ",
    "\u200e": "LRM",
    "\u200f": "RLM",
    "\u2028": "LS",
    "\u2029": "PS",
    "\u202a": "LRE",
    "\u202b": "RLE",
    "\u202c": "PDF",
    "\u202d": "LRO",
    "\u202e": "RLO",
    "\u202f": "NNBSP",
    "\u205f": "MATH SP",
    "\u2060": "WJ",
    "\u2066": "LRI",
    "\u2067": "RLI",
    "\u2068": "FSI",
    "\u2069": "PDI",
    "\u2800": "BRAILLE BLANK",
    "\u3000": "IDEO SP",
    "\u3164": "HANGUL FILLER",
    "\ufeff": "BOM",
    "\uffa0": "HALFWIDTH HANGUL FILLER",
}
_SELECTORS = {chr(0xFE00 + at): f"VS{at + 1}" for at in range(16)} | {
    chr(0xE0100 + at): f"VS{at + 17}" for at in range(240)
}
NAMES = _SIGNS | {character: f"‹{name}›" for character, name in (_ABBREVIATIONS | _SELECTORS).items()}

# A character that has an effect where it is, is shown as it is (group 1): joiners and selectors after what they modify,
# the selector of a keycap, the tags of a flag. Any other invisible character is named, one at a time.
_CHOOSERS = r"[\u180B-\u180D\u180F\u200C\u200D\uFE00-\uFE0F" + "\U000e0100-\U000e01ef]+"
_WORKING = rf"(?:{JOINING}|[0-9#*](?=\uFE0F\u20E3)){_CHOOSERS}|" + "\U0001f3f4[\U000e0020-\U000e007f]+"
PATTERN = rf"({_WORKING})|[\p{{Cc}}\p{{Cs}}\p{{Z}}{UNSEEN}]"
BLANK = rf"^[\p{{White_Space}}{UNSEEN}]*$"  # a text without a word

_PATTERN = regex.compile(PATTERN)


def shown(token: str) -> str:
    """Return ``token`` made visible: ␣ for a space, ‹NBSP› for what looks like one, ◌ below an accent by itself."""
    named = _PATTERN.sub(lambda match: match[1] or NAMES.get(match[0]) or f"‹U+{ord(match[0]):04X}›", token)
    return f"◌{named}" if regex.match(r"\p{M}", named) else named


class Invisible(BaseModel):
    """What the page's code needs to do the same: ``visible`` and ``isBlank`` in ``data/visible_text.js``."""

    pattern: str
    blank: str
    names: dict[str, str]


def for_page() -> Invisible:
    """Return the patterns and names for the page's code."""
    return Invisible(pattern=PATTERN, blank=BLANK, names=NAMES)
