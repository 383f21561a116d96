"""Tokens and where they stand, for any text at all."""

import pytest
import regex
from gatescope.recurrent.tokenizer import TOKENIZERS, CharacterTokenizer, Token, Tokenizer, WordTokenizer
from gatescope.settings import data_folder
from gatescope.store.model import Model
from gatescope.store.store import Store
from hypothesis import example, given
from hypothesis import strategies as st

ANY_CODE_POINT = st.characters(codec=None)  # lone surrogates included
# Text in which the tokenizer's own rules meet one another more often than in random text.
TRICKY = st.text(
    st.sampled_from(
        "nNtTdlrs'’:;=-^)(DPp3 \n\t\0aé\u0301\u200d\ufe0f👩💻👍🏽🇬🇧İſمשָक्ष\u0600\ud800각"
        "`ʼ´＇ʻＮｔﬁ𝐧ไ🏴\U000e0067\u00ad\u200b\u200c\ufeff\u2011\u2800\u3164\u180b"
    )
)
TEXTS = st.text(ANY_CODE_POINT) | TRICKY

APOSTROPHES = "'’‘‛ʼ´′＇`ʻ"
HIDDEN = "\u00ad\u200b\u200c\u200d\u200e\u2060\ufeff\ufe0f\u034f\u202e\U000e0041"
BLANK = "\\s\u2800\u3164\uffa0"  # as a character class holds it

NASTY = [
    *(f"{letter}{hidden}" for letter in ("", *"a👩🇬") for hidden in "\u00ad\u200d\ufe0f"),
    *("n`", "nʼ", "nʻt", "`s"),
    *"🏴ไ\u2800\u3164\u115fﬁＡ",
    "ｶﾞ",
    "🏴\U000e0067",
    "ไ\u200b",
    "م\u200c",
    "क्\u200d",
    "!\u0301\u200d",
    "\u0600\u200d",
    "a",
    "n'",
    "n't",
    "n't'",
    ":-",
    ":-)",
    "\u0301",
    "!\u0301",
    "👩\u200d",
    "🇬",
    "👍🏽",
    "\u0600",
    "क्",
    "'",
    " ",
    "\0",
    "a\u0301n't",
]


def word_tokens(text: str) -> list[str]:
    return [token.text for token in WordTokenizer(["<unk>"])(text)]


def assert_in_order(text: str, tokens: list[Token]) -> None:
    """Every token is the text between its offsets, none is empty, none overlaps the one before."""
    end = 0
    for token in tokens:
        assert token.text == text[token.start : token.end]
        assert end <= token.start < token.end
        end = token.end


@given(TEXTS)
@example("İstanbul ISN’T ﬁne")
@example("\u0600 a")
def test_word_tokens_cover_all_that_is_seen_exactly_once(text: str) -> None:
    tokens = WordTokenizer(["<unk>"])(text)
    assert_in_order(text, tokens)
    unseen = regex.compile(rf"[\p{{Default_Ignorable_Code_Point}}\uFFF9-\uFFFB{BLANK}]")
    covered = {at for token in tokens for at in range(token.start, token.end)}
    assert covered >= {at for at, character in enumerate(text) if not unseen.match(character)}
    assert not any(regex.match(rf"[{BLANK}]", text[at]) for at in covered)
    assert not any(unseen.match(token.text) for token in tokens)


@given(TEXTS)
def test_every_code_point_is_one_character_token(text: str) -> None:
    tokens = CharacterTokenizer(["<unk>"])(text)
    assert_in_order(text, tokens)
    assert [token.text for token in tokens] == list(text)


@given(st.sampled_from(sorted(TOKENIZERS.values(), key=str)), TEXTS)
def test_a_vocabulary_built_from_a_text_knows_all_of_it(kind: type[Tokenizer], text: str) -> None:
    keys = kind.keys(text)
    tokenizer = kind(["<unk>", *sorted(set(keys))])
    tokens = tokenizer(text)
    assert all(token.known for token in tokens)
    assert [tokenizer.vocabulary[token.id] for token in tokens] == keys


def disguised(character: str) -> st.SearchStrategy[str]:
    """The same character in another form, with something invisible behind it."""
    forms = {"'": APOSTROPHES[:-2], "-": "-\u2010\u2011\uff0d", " ": " \u00a0\u3000\u2800", '"': '"“”＂', "!": "!！"}
    letters = [character]
    if character.isalpha():
        letters += [chr(ord(character) + 0xFEE0), chr(ord(character) - ord("a") + ord("𝐚"))]
    hidden = st.text(st.sampled_from(HIDDEN), max_size=2)
    return st.tuples(st.sampled_from(forms.get(character, letters)), hidden).map("".join)


PLAIN = st.lists(st.sampled_from([*"abdnst'-! ", '"', "don't", "it's", "fi"]), max_size=12).map("".join)


@given(PLAIN.flatmap(lambda text: st.tuples(st.just(text), st.tuples(*map(disguised, text)))))
def test_a_text_is_read_as_what_it_looks_like(both: tuple[str, tuple[str, ...]]) -> None:
    text, pieces = both
    disguise = "".join(pieces)
    assert WordTokenizer.keys(disguise) == WordTokenizer.keys(text)
    starts = [sum(map(len, pieces[:at])) for at in range(len(pieces) + 1)]
    assert list(WordTokenizer.spans(disguise)) == [(starts[a], starts[b]) for a, b in WordTokenizer.spans(text)]


@given(TEXTS)
@example("\u0130\u094d\u200c")  # a capital whose lower case has a mark of its own
def test_a_key_is_its_own_key(text: str) -> None:
    keys = WordTokenizer.keys(text)
    assert [WordTokenizer.key(key) for key in keys] == keys
    assert "" not in keys


WORD_MODELS = {each.id: each for each in Store(data_folder("models")) if each.config.tokenizer == "word"}


@pytest.mark.parametrize("model", WORD_MODELS.values(), ids=WORD_MODELS.keys())
def test_every_row_of_a_shipped_vocabulary_is_reached_by_its_own_spelling(model: Model) -> None:
    for id_, key in enumerate(model.tokenizer.vocabulary[1:], start=1):
        assert model.tokenizer.key(key) == key
        assert [token.id for token in model.tokenizer(key)] == [id_]


def test_a_vocabulary_that_tells_forms_apart_is_read_by_them() -> None:
    """Vocabularies that were built before look-alikes were read alike list some of them."""
    tokenizer = WordTokenizer(["<unk>", "'", "‘", "！", "❤\ufe0f", "ﬁne", "fine"])
    assert [token.id for token in tokenizer("' ‘ ’ ´ ！ ! ❤\ufe0f ❤ ﬁne fine ｆine")] == [
        1,
        2,
        1,
        1,
        3,
        0,
        4,
        0,
        5,
        6,
        6,
    ]


@pytest.mark.parametrize("unit", NASTY, ids=ascii)
def test_long_texts_are_read_to_their_end(unit: str) -> None:
    """Also a watch on the pattern: with a rule that takes quadratic time, a case here takes a minute or more."""
    text = (unit * 100_000)[:100_000] + "end"
    tokens = WordTokenizer(["<unk>"])(text)
    assert_in_order(text, tokens)
    assert tokens[-1].end == len(text)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The movie was not good.", ["The", "movie", "was", "not", "good", "."]),
        ("It isn't", ["It", "is", "n't"]),
        ("DON’T!", ["DO", "N’T", "!"]),
        ("can't won't ain't n't", ["ca", "n't", "wo", "n't", "ai", "n't", "n't"]),
        ("shouldn't've", ["should", "n't", "'ve"]),
        (
            "it's I'm he'd we’re they’ve she'll",
            ["it", "'s", "I", "'m", "he", "'d", "we", "’re", "they", "’ve", "she", "'ll"],
        ),
        ("don'ts o'clock 'tis", ["don", "'", "ts", "o", "'", "clock", "'", "tis"]),
        ("n'tn", ["n", "'", "tn"]),
        (":) ;-( =D :'( :^P :o) :| :3", [":)", ";-(", "=D", ":'(", ":^P", ":o)", ":|", ":3"]),
        ("http://x 8:30 :Parrot", ["http", ":", "/", "/", "x", "8", ":", "30", ":", "Parrot"]),
        ("well-made, 9.5/10…", ["well", "-", "made", ",", "9", ".", "5", "/", "10", "…"]),
        ("snake_case x2", ["snake_case", "x2"]),
        ("👩‍💻👨‍👩‍👧‍👦!", ["👩‍💻", "👨‍👩‍👧‍👦", "!"]),
        ("👍🏽🤷🏽‍♂️ 1️⃣", ["👍🏽", "🤷🏽‍♂️", "1️⃣"]),
        ("🇬🇧🇫🇷🇩", ["🇬🇧", "🇫🇷", "🇩"]),
        ("cafe\u0301 e\u0301te\u0301n't", ["cafe\u0301", "e\u0301te\u0301", "n't"]),
        ("a\u0301\u0323b !\u0301", ["a\u0301\u0323b", "!\u0301"]),
        ("שָׁלוֹם, مرحبا", ["שָׁלוֹם", ",", "مرحبا"]),
        ("नमस्ते 한국어", ["नमस्ते", "한국어"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ("x\0y", ["x", "\0", "y"]),
        ("\ufeffthe won\u200bder\u00adful ", ["the", "won\u200bder\u00adful"]),
        ("a \u200b\u2060 b\u200b, \u200e!", ["a", "b\u200b", ",", "!"]),
        *((f"don{each}t n{each}t", ["do", f"n{each}t", f"n{each}t"]) for each in APOSTROPHES),
        *(
            (f"it{each}s I{each}m they{each}ll", ["it", f"{each}s", "I", f"{each}m", "they", f"{each}ll"])
            for each in "ʼ´′‘＇`"
        ),
        ("`quoted´ hawaiʻi", ["`", "quoted", "´", "hawaiʻi"]),
        ("ｄｏｎ＇ｔ :‑) ：）", ["ｄｏ", "ｎ＇ｔ", ":‑)", "：）"]),
        ("n\u200bo\ufe0ft 👩\u200d💻\u200b ❤\ufe0f", ["n\u200bo\ufe0ft", "👩\u200d💻\u200b", "❤\ufe0f"]),
        ("🏴\U000e0067\U000e0062\U000e007f🏴", ["🏴\U000e0067\U000e0062\U000e007f", "🏴"]),
        ("ไทย\u200bไทย", ["ไทย", "ไทย"]),
        ("a\u2800b\u3164c", ["a", "b", "c"]),
        ("\ufeff\u00ad\u200b\u2060\u2800\u034f \ufe0f\u200d\u115f\U000e0041\ufff9", []),
        ("\u0600 a", ["\u0600", "a"]),
        (" \t\r\n\u00a0\u2028\u3000", []),
        ("", []),
    ],
    ids=ascii,
)
def test_word_tokens(text: str, tokens: list[str]) -> None:
    assert word_tokens(text) == tokens


@pytest.mark.parametrize(
    ("piece", "key"),
    [
        *[("N’T", "n't"), ("İ", "i̇"), ("Cafe\u0301", "café"), ("ΣΑΣ", "σας"), (":D", ":d"), ("N'T", "n't")],
        *((f"n{each}t", "n't") for each in APOSTROPHES),
        *[("`s", "'s"), ("`", "`"), ("‘", "'"), ("“", '"'), ("wonder\u200bful", "wonderful"), ("ＯﬃＣＥ", "office")],
        *[("می\u200cخواهم", "می\u200cخواهم"), ("👩\u200d💻", "👩\u200d💻"), ("❤\ufe0f", "❤")],
        *((each, each) for each in ("…", "½", "™", "№", "–", "—", "x²", "①", "ℹ", "🤷🏽\u200d♂", "ªº", "㎏")),
    ],
)
def test_the_key_of_a_word_is_normalised(piece: str, key: str) -> None:
    assert WordTokenizer.key(piece) == key


def test_offsets_are_those_of_the_text_and_not_of_the_key() -> None:
    tokens = WordTokenizer(["<unk>", "i̇yi", "café", "n't"])("İYİ cafe\u0301 ISN’T")
    assert tokens == [
        Token("İYİ", 0, 3, 0, known=False),
        Token("cafe\u0301", 4, 9, 2, known=True),
        Token("IS", 10, 12, 0, known=False),
        Token("N’T", 12, 15, 3, known=True),
    ]


def test_characters_keep_their_case() -> None:
    assert [token.id for token in CharacterTokenizer(["<unk>", "a", "A"])("aAb")] == [1, 2, 0]


@pytest.mark.parametrize("kind", TOKENIZERS.values(), ids=TOKENIZERS.keys())
@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], "a vocabulary starts with '<unk>'"),
        (["a", "<unk>"], "a vocabulary starts with '<unk>'"),
        (["<unk>", "a", "b", "a"], "the vocabulary lists a token twice"),
    ],
)
def test_a_vocabulary_that_cannot_be_used_is_refused(
    kind: type[Tokenizer], vocabulary: list[str], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        kind(vocabulary)


def test_a_kind_is_known_by_its_name() -> None:
    assert {name: kind.kind for name, kind in TOKENIZERS.items()} == {"word": "word", "character": "character"}


@pytest.mark.parametrize("letter", ["d", "s", "m", "ll"])
def test_a_backtick_before_code_is_no_apostrophe(letter: str) -> None:
    assert WordTokenizer.keys(f"press the `{letter}` key") == ["press", "the", "`", letter, "`", "key"]
    assert WordTokenizer.keys("it`s") == ["it", "'s"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("awsome movie", ["awesome", "movie"]),
        ("Awsome movie", ["awesome", "movie"]),
        ("the movie was awsome. Awsome!", ["the", "movie", "<unk>", "awesome", "<unk>", "awesome", "<unk>"]),
        ("the movie by Movee", ["the", "movie", "<unk>", "<unk>"]),  # a name
        ("the MOVEE", ["the", "<unk>"]),
        ('"Movee', ["<unk>", "movie"]),  # a quotation mark does not begin a sentence, nor does it end one
        ("the mvie", ["the", "<unk>"]),  # too short
    ],
)
def test_a_misspelt_word_is_read_as_the_nearest_unless_it_is_a_name(text: str, read: list[str]) -> None:
    vocabulary = ["<unk>", "the", "movie", "awesome"]
    tokenizer = WordTokenizer(vocabulary, corrects_spelling=True)
    tokens = tokenizer(text)
    assert [vocabulary[token.id] for token in tokens] == read
    exact = WordTokenizer(vocabulary)(text)
    for token, plain in zip(tokens, exact, strict=True):
        assert token.known is plain.known
        if token.id == plain.id:
            assert token == plain
            assert "read_as" not in token.to_dict()
        else:
            assert not token.known
            assert token.to_dict()["read_as"] == token.read_as == vocabulary[token.id]


def test_only_the_spelling_of_words_is_corrected() -> None:
    assert WordTokenizer(["<unk>", "awesome"])("awsome")[0].read_as is None
    with pytest.raises(ValueError, match="only words have a spelling to correct"):
        CharacterTokenizer(["<unk>"], corrects_spelling=True)
