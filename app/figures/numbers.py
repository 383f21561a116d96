"""How numbers are written in a picture: a true minus sign, as many places as can be read, and short coordinates."""

import re
from html import escape

from .invisible import shown

NARROW = "\u202f"  # a narrow no-break space, between a number and its unit
VOWEL = re.compile(r"8|1[18]\b")  # eight, eleven, eighteen, eighty …
LEAST_LOGIT = 0.005  # below this a push is written as 0


def plain(value: float, places: int = 2) -> str:
    """Return a number that has no sign unless it is negative: "0.07"."""
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float, places: int = 2) -> str:
    """Return a number with its sign, "−1.80" or "+2.92"; 0 has none."""
    text = f"{value:+.{places}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def percent(share: float) -> str:
    """Return a share in whole percent: "85 %"."""
    return f"{round(100 * share)}{NARROW}%"


def at(value: float) -> str:
    """Return a coordinate in pixels, to a tenth, as short as it can be written."""
    text = f"{value:.1f}"
    return "0" if text == "-0.0" else text.removesuffix(".0")


def chance_of(probability: float) -> str:
    """Return a probability in words, with the article of its number: "a 62 % chance", "an 8 % chance"."""
    told = percent(probability)
    return f"{'an' if VOWEL.match(told) else 'a'} {told} chance"


def word_of(token: str) -> str:
    """Return a token as it is drawn: what cannot be seen has a sign or a name; not yet escaped."""
    return shown(token)


def phrase_of(text: str) -> str:
    """Return a text of several words as it is drawn, such as the name of an edit: spaces stay spaces."""
    return " ".join(map(word_of, text.split(" ")))


def spelt(token: str) -> str:
    """Return a token in words where it would not be seen: "a space"."""
    return {" ": "a space", "\n": "a new line", "\t": "a tab"}.get(token) or word_of(token)


def safe(text: str) -> str:
    """Return text as it stands in SVG and HTML, in an element or in a quoted attribute."""
    return escape(text)
