"""Characters that cannot be seen, by name."""

import unicodedata

import pytest
import regex
from gatescope.figures.invisible import NAMES, shown

TOKENS = [
    (" ", "␣"),
    ("\n", "↵"),
    ("\t", "⇥"),
    ("\0", "␀"),
    ("\x7f", "␡"),
    ("\x85", "‹NEL›"),
    ("\x96", "‹U+0096›"),
    ("\u00a0", "‹NBSP›"),
    ("\u202f", "‹NNBSP›"),
    ("\u3000", "‹IDEO SP›"),
    ("\u2028", "‹LS›"),
    ("\u2029", "‹PS›"),
    ("\ufeff", "‹BOM›"),
    ("\u00ad", "‹SHY›"),
    ("\u2800", "‹BRAILLE BLANK›"),
    ("\u3164", "‹HANGUL FILLER›"),
    ("\u202e", "‹RLO›"),
    ("\ufe0f", "‹VS16›"),
    ("\U000e0100", "‹VS17›"),
    ("\u2061", "‹U+2061›"),
    ("\U000e0041", "‹U+E0041›"),
    ("\u0301", "◌\u0301"),
    ("\u0301a", "◌\u0301a"),
    ("wonder\u200bful", "wonder‹ZWSP›ful"),
    ("wonder\u200dful", "wonder‹ZWJ›ful"),
    ("a\u0301\u200cb", "a\u0301‹ZWNJ›b"),
    ("👍\U000e0041", "👍‹U+E0041›"),
    *((each, each) for each in ("good", "<unk>", "cafe\u0301", "…", "\u0600", "각", "‹NBSP›")),
    *((each, each) for each in ("❤\ufe0f\u200d🔥", "1\ufe0f\u20e3", "👩\u200d💻", "می\u200cخواهم", "क्\u200dष")),
    *((each, each) for each in ("🏴\U000e0067\U000e0062\U000e007f", "🤷🏽\u200d♂\ufe0f", "漢\U000e0100")),
]


@pytest.mark.parametrize(("token", "seen"), TOKENS, ids=ascii)
def test_a_token_as_it_can_be_seen(token: str, seen: str) -> None:
    assert shown(token) == seen


def test_every_character_that_leaves_no_mark_is_named_and_no_two_alike() -> None:
    """By Unicode's own data: controls, separators, and what may be ignored."""
    unseen = regex.compile(r"\p{Default_Ignorable_Code_Point}|[\u2800\uFFF9-\uFFFB]")
    by_name: dict[str, str] = {}
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp", "Zs"} or unseen.match(character):
            name = shown(character)
            assert not regex.search(r"[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]", name.replace(" ", "")), ascii(name)
            assert name == NAMES.get(character, f"‹U+{code:04X}›")
            assert by_name.setdefault(name, character) == character
