"""Character and word tokenizers; every token knows its place in the original text.

Offsets count code points of the text as it was given: normalisation decides what is looked up and where tokens end, but
shifts no offset. An invisible character that is left out belongs to the token that it is in or follows.
"""

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import regex

from .misspelt import Nearest
from .spelling import plain, visible

UNKNOWN = "<unk>"
SENTENCE_ENDS = frozenset(".!?…")
TokenizerKind = Literal["word", "character"]


class Token(NamedTuple):
    """A piece of the text and its row in the embedding; or one step of a sequence of numbers.

    Of numbers, ``text`` is the label of the step, ``id`` its number, and ``start`` and ``end`` count steps.
    """

    text: str  # as in the original text
    start: int  # first code point
    end: int  # one past the last code point
    id: int  # 0 is the unknown token
    known: bool
    read_as: str | None = None  # the word of the vocabulary that is read in its stead, where it seems misspelt
    values: tuple[float, ...] | None = None  # (E,), what the network reads at a step of a sequence of numbers

    @classmethod
    def of_numbers(cls, step: int, values: Iterable[float], label: str = "") -> "Token":
        """Return the step of a sequence of numbers at which a network reads ``values``."""
        return cls(label or str(step), step, step + 1, step, known=True, values=tuple(values))

    def to_dict(self) -> dict[str, Any]:
        """Return its fields but ``values``, and ``read_as`` only where it is read as another word."""
        fields = self._asdict()
        del fields["values"]
        return {name: value for name, value in fields.items() if name != "read_as" or value is not None}


class Tokenizer(ABC):
    """Splits text into the tokens of a vocabulary.

    ``vocabulary`` lists the keys by id; the first is ``UNKNOWN``. With ``corrects_spelling`` a word outside it is read
    as the nearest one in it, if one letter makes the difference (``misspelt``), unless it seems to be a name: it has
    a capital letter but does not begin a sentence. Raises ValueError if the first key is another, if a key repeats, or
    if the spelling of other tokens than words should be corrected.
    """

    kind: ClassVar[TokenizerKind]

    def __init__(self, vocabulary: Sequence[str], *, corrects_spelling: bool = False) -> None:
        if not vocabulary or vocabulary[0] != UNKNOWN:
            raise ValueError(f"a vocabulary starts with {UNKNOWN!r}")
        self.vocabulary = tuple(vocabulary)
        self._ids = {key: id_ for id_, key in enumerate(self.vocabulary)}
        if len(self._ids) != len(self.vocabulary):
            raise ValueError("the vocabulary lists a token twice")
        if corrects_spelling and self.kind != "word":
            raise ValueError(f"only words have a spelling to correct, and these tokens are of kind {self.kind!r}")
        self.corrects_spelling = corrects_spelling

    def __call__(self, text: str) -> list[Token]:
        """Return the tokens of ``text``, in order."""
        tokens = []
        begins = True  # whether a word here is the first of a sentence
        for start, end in self.spans(text):
            piece = text[start:end]
            id_ = self._ids.get(self.spelt(piece)) or self._ids.get(self.key(piece), 0)
            token = Token(piece, start, end, id_, known=id_ != 0)
            if self.corrects_spelling:
                if not token.known and (begins or not piece[0].isupper()):
                    token = self._corrected(token)
                begins = piece in SENTENCE_ENDS or (begins and not piece[0].isalnum())
            tokens.append(token)
        return tokens

    def _corrected(self, token: Token) -> Token:
        """Return ``token`` read as the nearest word, if there is one."""
        read_as = self._nearest(self.key(token.text))
        return token if read_as is None else token._replace(id=self._ids[read_as], read_as=read_as)

    @cached_property
    def _nearest(self) -> Nearest:
        return Nearest(self.vocabulary[1:])

    @classmethod
    def keys(cls, text: str) -> list[str]:
        """Return the keys of the tokens of ``text``, from which a vocabulary is built."""
        return [cls.key(text[start:end]) for start, end in cls.spans(text)]

    @staticmethod
    @abstractmethod
    def spans(text: str) -> Iterator[tuple[int, int]]:
        """Yield the start and end of every token."""

    @staticmethod
    @abstractmethod
    def key(piece: str) -> str:
        """Return the entry that a piece of text gets in a vocabulary built from it."""

    @staticmethod
    def spelt(piece: str) -> str:
        """Return the entry that a vocabulary may have for a piece instead; it is looked up first."""
        return piece


class CharacterTokenizer(Tokenizer):
    """One token per code point; upper and lower case are different tokens."""

    kind = "character"

    @staticmethod
    def spans(text: str) -> Iterator[tuple[int, int]]:
        return ((at, at + 1) for at in range(len(text)))

    @staticmethod
    def key(piece: str) -> str:
        return piece


class WordTokenizer(Tokenizer):
    """Words in lower case, with "n't" and other clitics split off; any other visible grapheme is its own token.

    Words are read as they look, whatever their apostrophes, full-width letters, ligatures, soft hyphens and other
    invisible characters (see ``spelling``). A piece that shows nothing is not a token.
    """

    kind = "word"
    _PATTERN = regex.compile(
        r"""
        (?<![\w\p{M}]) [:;=] ['^o-]? [()\[\]DPp/\\|3] (?![\w\p{M}])  # an emoticon
        | n't (?![\w\p{M}])                                     # negation: is|n't
        | ' (?:s|m|d|re|ve|ll) (?![\w\p{M}])                    # other clitics: it|'s
        | [\w\p{M}]+? (?= n't (?![\w\p{M}]))                    # the word before n't
        | \w [\w\p{M}]*                                         # a word, its combining marks included
        | \p{RI}{2} [\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]*  # a flag; over a row of them \X is quadratic
        | (?!\s) (?: \p{GCB=Prepend} | \X)                     # any other visible grapheme: punctuation, emoji
        """,
        regex.VERBOSE | regex.IGNORECASE,
    )

    @staticmethod
    def spans(text: str) -> Iterator[tuple[int, int]]:
        seen, places = visible(text)
        return ((places[match.start()], places[match.end()]) for match in WordTokenizer._PATTERN.finditer(seen))

    @staticmethod
    def key(piece: str) -> str:
        key = WordTokenizer.spelt(plain(piece))
        # Lower case may add a mark that moves before another, after which a joiner has no effect: İ्‌.
        return key if key.isascii() else WordTokenizer.spelt(plain(key))

    @staticmethod
    def spelt(piece: str) -> str:
        """Return ``piece`` in lower case, without folding look-alikes: older vocabularies list ‘ and ' separately."""
        return unicodedata.normalize("NFC", piece.lower()).replace("’", "'")


TOKENIZERS: dict[TokenizerKind, type[Tokenizer]] = {"word": WordTokenizer, "character": CharacterTokenizer}
