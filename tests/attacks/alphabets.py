"""Texts that are hard to handle: of every plane of Unicode, ill-formed, invisible, or written backwards."""

import random
import sys
import unicodedata
from collections.abc import Iterator

import regex

WORDS = ["the", "movie", "was", "not", "good", "bad", ",", "n't", "a", "b", " ", " "]
WHITE_SPACE: list[str] = regex.findall(r"\p{White_Space}", "".join(map(chr, range(sys.maxunicode + 1))))
BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069אبא")
CONTROLS = [*map(chr, range(32)), *map(chr, range(0x7F, 0xA0)), "\ufeff", "\ufffe", "\uffff", "\ufffd"]
JOINED = [
    "👩‍💻",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "🇩🇪🇫",
    "👍🏽",
    "क्‍ष",
    "\u200d",
    "\u200c",
    "\ufe0f",
    "\U000e0067\U000e007f",
    "\u3164",
]
COMBINING = [*map(chr, range(0x300, 0x370)), *"\u0489\u20dd\u0e31\u0bbe\u1ab0"]
CHANGING = [*"ﷺŉİıßẞΐﬁﬃ½ⅷ㎏ｇＡÅÅé", "e\u0301", "q\u0307\u0323", "각", "가"]  # in case or by a normalisation
SYNTAX = [*"\"'\\<>&`=+-@;#%?/|{}[]", "</script>", "<!--", "{{7*7}}", "%00", "\\u0000", "=cmd|'/c'!A1", "\r\n"]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff", "\udc00\ud800"]  # none of them a pair
FORMS = ("NFC", "NFD", "NFKC", "NFKD")
WELL_FORMED = [WORDS, WHITE_SPACE, BIDI, CONTROLS, JOINED, COMBINING, CHANGING, SYNTAX]


def anywhere(chance: random.Random) -> str:
    """Return a character of any plane, assigned or not."""
    code = chance.randrange(17) << 16 | chance.randrange(0x10000)
    return "" if 0xD800 <= code < 0xE000 else chr(code)


def texts(seed: int) -> Iterator[str]:
    """Yield texts without end: first each character of a table by itself, then mixtures of up to forty pieces."""
    chance = random.Random(seed)
    alone = ["", *(each for table in WELL_FORMED for each in table), *SURROGATES, "e" + "\u0301" * 500, "a" * 3000]
    yield from chance.sample(alone, len(alone))
    while True:
        tables = [*chance.sample(WELL_FORMED, chance.randint(1, 4)), WORDS]
        pieces = [
            anywhere(chance) if chance.random() < 0.2 else chance.choice(chance.choice(tables))
            for _ in range(chance.randint(1, 40))
        ]
        if chance.random() < 0.1:
            pieces.insert(chance.randint(0, len(pieces)), chance.choice(SURROGATES))
        text = "".join(pieces)
        yield unicodedata.normalize(chance.choice(FORMS), text) if chance.random() < 0.3 else text
