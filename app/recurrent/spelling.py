"""Spell a text plainly: fold look-alikes together, and leave invisible characters out.

Text copied from a web page, a phone or a PDF spells *don't* with any of a dozen apostrophes, hides soft hyphens and
zero-width spaces inside words, and sets letters full-width or as ligatures. A reader sees the same words, and so must a
model. What looks different stays different: NFKC would rewrite … ½ ™ ² and some emoji, so only parts of it are applied.
"""

import unicodedata
from collections.abc import Sequence

import regex

APOSTROPHES = "’‘‛ʼ՚´\u1ffd′‵"  # folded to ' anywhere
APOSTROPHES_WITHIN = (
    "`ʹʻʽʾˈˊˋꞌ"  # folded only within n't, and ` before any clitic: elsewhere they are quotation marks or letters
)
QUOTES = "“”„‟″‶〝〞〟"
HYPHENS = "‐\u2011−"
BLANKS = "\u2800\u3164\uffa0"  # shown as a gap, although Unicode does not count them as white space

# The body of a character class, in syntax that Python's regex and JavaScript share: format characters, variation
# selectors, fillers and tags (Default_Ignorable_Code_Point), the braille blank, and interlinear annotation marks.
UNSEEN = r"\p{Default_Ignorable_Code_Point}\u2800\uFFF9-\uFFFB"
# A joiner or selector after one of these selects a form: emoji, and letters of Persian and of Indic scripts. It has no
# effect after Latin, Greek and Cyrillic letters, which do not join.
JOINING = (
    rf"(?![{UNSEEN}\p{{Script=Latin}}\p{{Script=Greek}}\p{{Script=Cyrillic}}\u0300-\u036F])"
    r"[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]"
)
JOINERS = frozenset("\u200c\u200d")
TAGS = frozenset(map(chr, range(0xE0020, 0xE0080)))  # after a black flag: England, Scotland and Wales

# Compatibility decompositions that change the shape of a letter or sign but not what it is.
_SHAPES = frozenset({"<font>", "<wide>", "<narrow>", "<small>", "<initial>", "<medial>", "<final>", "<isolated>"})
_HANGUL_LETTERS = range(0x3131, 0x318F)  # single letters, but their decompositions would combine into syllables


def _shapes() -> dict[int, str]:
    """Return the plain spelling of each letter or sign that is a variant shape of others: ｇ of g, ﬁ of fi."""
    shapes = {}
    for code in range(0xA0, 0x20000):
        character = chr(code)
        tag = unicodedata.decomposition(character).partition(" ")[0]
        folded = unicodedata.normalize("NFKC", character)
        is_shape = tag in _SHAPES or (tag == "<compat>" and character.isalpha() and code not in _HANGUL_LETTERS)
        if is_shape and (len(folded) == 1 or folded.isalpha()) and character != "ℹ":  # an emoji
            shapes[code] = folded
    return shapes


_SHAPE_OF = _shapes()
_ONE_TO_ONE = (
    {code: folded for code, folded in _SHAPE_OF.items() if len(folded) == 1}
    | dict.fromkeys(map(ord, APOSTROPHES), "'")
    | dict.fromkeys(map(ord, QUOTES), '"')
    | dict.fromkeys(map(ord, HYPHENS), "-")
    | dict.fromkeys(map(ord, BLANKS), " ")
)
_LIGATURES = {code: folded.translate(_ONE_TO_ONE) for code, folded in _SHAPE_OF.items() if len(folded) > 1}
_UNSEEN = regex.compile(rf"(?:(?P<flag>\U0001F3F4)|(?P<joining>{JOINING}))?(?P<run>[{UNSEEN}]+)")
# Thai, Lao, Khmer and Burmese put no blanks between words: a zero-width space may separate them.
_SEPARATING_SPACE = regex.compile(r"(?<=\p{Line_Break=Complex_Context})\u200b")
_APOSTROPHE_WITHIN = regex.compile(
    rf"(?<=n)[{APOSTROPHES_WITHIN}](?=t(?![\w\p{{M}}])) | (?<=\w)`(?=(?:s|m|d|re|ve|ll)(?![\w\p{{M}}]))",
    regex.VERBOSE | regex.IGNORECASE,
)


_CLITIC = regex.compile(r"^`(?=(?:s|m|d|re|ve|ll)$)", regex.IGNORECASE)  # a token by itself


def visible(text: str) -> tuple[str, Sequence[int]]:
    """Return the visible text, and the offset in ``text`` of each of its code points and of its end.

    Each look-alike becomes one plain character; ligatures stay, because ``plain`` spells them out. Invisible characters
    are left out, and belong to the code point before them, as in UAX #29, rule WB4. Unlike WB4, this also leaves out
    U+200B, which web pages put inside long words, unless it separates the words of a script that has no blanks.
    """
    offsets: Sequence[int] = range(len(text) + 1)
    if not text.isascii():
        text = _SEPARATING_SPACE.sub(" ", text.translate(_ONE_TO_ONE))
        if unseen := _unseen(text):
            offsets = [at for at in offsets if at not in unseen]
            text = "".join(text[at] for at in offsets[:-1])
    return _APOSTROPHE_WITHIN.sub("'", text), offsets


def plain(piece: str) -> str:
    """Return ``piece`` in plain spelling: its visible text, with ligatures spelled out."""
    return _CLITIC.sub("'", visible(piece)[0]).translate(_LIGATURES)


def _unseen(text: str) -> set[int]:
    """Return the offsets of the invisible characters that have no effect where they are."""
    return {
        at
        for match in _UNSEEN.finditer(text)
        for kept in [JOINERS | TAGS if match["flag"] else JOINERS if match["joining"] else frozenset()]
        for at in range(*match.span("run"))
        if text[at] not in kept
    }
