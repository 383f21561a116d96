"""How numbers are written in a picture: a true minus sign, as many places as can be read, and short coordinates."""

import re
from html import escape

import numpy as np

from .invisible import shown

NARROW = "\u202f"  # a narrow no-break space, between a number and its unit
VOWEL = re.compile(r"8|1[18]\b")  # eight, eleven, eighteen, eighty …
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
NICE = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)  # what a scale may end at, times a power of ten
LEAST_LOGIT = 0.005  # below this a push is written as 0


def plain(value: float, places: int = 2) -> str:
    """Return a number that has no sign unless it is negative: "0.07"."""
    text = f"{value:.{places}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def short(value: float) -> str:
    """Return a number to three digits, or all of those before the point: "0.0713", "3.2", "12,345", "2e−05"."""
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"
    return text.lstrip("-") if float(value) == 0 else text.replace("-", "−")


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


def label_of(text: str) -> str:
    """Return the label of a step as it is drawn: spaces stay spaces, unless there is nothing else."""
    return phrase_of(text) if text.strip() else word_of(text)


def spelt(token: str) -> str:
    """Return a token in words where it would not be seen: "a space"."""
    return {" ": "a space", "\n": "a new line", "\t": "a tab"}.get(token) or word_of(token)


def safe(text: str) -> str:
    """Return text as it stands in SVG and HTML, in an element or in a quoted attribute."""
    return escape(text)


def nice(value: float) -> float:
    """Return the least round number that is not less than ``value``; 1 for 0."""
    if value <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(each * power for each in NICE if each * power >= value * (1 - 1e-12)))


def ordinal(number: int) -> str:
    """Return "first", "second" …, and "11th" and so on after the tenth."""
    if number <= len(ORDINALS):
        return ORDINALS[number - 1]
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
