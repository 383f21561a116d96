"""Text as a terminal can show it."""

import unicodedata

from rich.cells import cell_len, set_cell_size
from rich.text import Text

FROM_THE_RIGHT = {"R", "AL"}  # Unicode's bidirectional classes
BARS = "▁▂▃▄▅▆▇█"  # the lowest to the highest
ISOLATE, END = "\u2068", "\u2069"
ASCII = str.maketrans(
    dict(zip("▁▂▃▄▅▆▇▒█−…“”‘’·–\u202f", "_.:-=+*=#-.\"\"''.- ", strict=True)) | {ISOLATE: "", END: ""}
)


def isolated(word: str) -> str:
    """Return a word that does not turn what follows it, if it is written from right to left."""
    is_turned = any(unicodedata.bidirectional(character) in FROM_THE_RIGHT for character in word)
    return f"{ISOLATE}{word}{END}" if is_turned else word


def encodable(line: Text, encoding: str) -> Text:
    """Return ``line`` as ``encoding`` can write it, in as many characters: bars in ASCII, "?" for what it lacks."""
    try:
        line.plain.encode(encoding)
    except UnicodeEncodeError:
        spared = line.copy()
        spared.plain = line.plain.translate(ASCII).encode(encoding, "replace").decode(encoding)
        return spared
    return line


def cut(word: str, cells: int) -> str:
    """Return as much of ``word`` as fits into ``cells``, with "…" for the rest."""
    return word if cell_len(word) <= cells else f"{set_cell_size(word, cells - 1).rstrip()}…"
