"""What of a text is read, and where it stands."""

import unicodedata

import pytest
import regex
from gatescope.recurrent.spelling import plain, visible
from hypothesis import given
from hypothesis import strategies as st

# Format characters, fillers and selectors: not one of them leaves a mark in a word of Latin letters.
UNSEEN = [
    *("\u00ad", "\u034f", "\u061c", "\u115f", "\u1160", "\u17b4", "\u180b", "\u180e", "\u200b", "\u200c", "\u200d"),
    *("\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2063", "\u2066", "\u2069", "\u206f", "\ufe00", "\ufe0f"),
    *("\ufeff", "\ufff9", "\ufffb", "\U0001d173", "\U000e0001", "\U000e0041", "\U000e007f", "\U000e0100", "\U000e01ef"),
]


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
def test_what_is_not_seen_is_not_read(unseen: str) -> None:
    text = f"{unseen}wonder{unseen * 2}ful{unseen} a\u0301{unseen}b"
    read, places = visible(text)
    assert read == "wonderful a\u0301b"
    assert list(places) == [*(at for at, character in enumerate(text) if character != unseen), len(text)]


@given(st.text(st.characters(codec=None) | st.sampled_from([*UNSEEN, *"ایक्👩❤🏴Ａﬁ'’`nts ไ"])))
def test_every_place_is_that_of_the_character_read_there(text: str) -> None:
    read, places = visible(text)
    assert len(places) == len(read) + 1
    assert places[len(read)] == len(text)
    assert list(places) == sorted(set(places))
    for character, at in zip(read, places, strict=False):
        alike = unicodedata.normalize("NFKC", text[at]) == character
        assert alike or text[at] == character or character in "'\"- "


@pytest.mark.parametrize(
    "text",
    [
        "می‌خواهم",  # Persian: the non-joiner parts a prefix
        "क्‍ष क्‌ष",  # Devanagari: joiner and non-joiner choose a form
        "👩‍💻👨‍👩‍👧🏳‍🌈🤷🏽‍♂",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "… ½ ™ ² № ℹ ① ‼ ㎏ ª",
        "« » ‹ › – — • · ⁄ ※ あいう 漢字 ㄱㅏ ㅋㅋ одна ΣΑΣ",
        "hawaiʻi oʻzbek ˈstrɛs `quoted' ʹ",
    ],
)
def test_what_means_something_stays(text: str) -> None:
    assert visible(text)[0] == text
    assert plain(text) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ｎｏｔ　ｇｏｏｄ！（３．５）", "not good!(3.5)"),
        ("𝐧𝐨𝐭 𝗀𝗈𝗈𝖽 𝑡ℎ𝑒 𝟚", "not good the 2"),
        ("ﬁne oﬃce ﬂoor ﬀ ﬅ ĳ ſo", "fine office floor ff st ij so"),
        ("ｶﾞ ﾡￂ", unicodedata.normalize("NFD", "ガ") + " 가"),
        ("ﺏﺎﺑ ﻻ", "باب لا"),
        ("well‐made non‑stop −5 －", "well-made non-stop -5 -"),
        ("“a” „b‟ ″ ＂", '"a" "b" " "'),
        ("❤️ ✌︎ 1️⃣ #️⃣", "❤ ✌ 1⃣ #⃣"),
        ("a\u2800b\u3164c\uffa0d", "a b c d"),
        ("ไทย\u200bไทย wonder\u200bful", "ไทย ไทย wonderful"),
        ("🏴\U000e0067 a\U000e0067", "🏴\U000e0067 a"),
    ],
)
def test_look_alikes_are_read_as_what_they_look_like(text: str, read: str) -> None:
    assert unicodedata.normalize("NFC", plain(text)) == unicodedata.normalize("NFC", read)


def test_every_full_width_sign_is_read_as_its_ascii_one() -> None:
    for code in range(0x21, 0x7F):
        assert plain(chr(code + 0xFEE0)) == chr(code)


def test_every_letter_of_the_mathematical_alphabets_is_a_letter_or_a_digit() -> None:
    assigned = [chr(code) for code in range(0x1D400, 0x1D800) if unicodedata.category(chr(code)) != "Cn"]
    assert all(plain(each) == unicodedata.normalize("NFKC", each) for each in assigned)


def test_plain_spelling_is_spelt_plainly() -> None:
    spelt = [plain(chr(code)) for code in range(0x20000)]
    assert [plain(each) for each in spelt] == spelt


@pytest.mark.slow("tries every code point", seconds=5)
def test_nothing_that_has_a_picture_is_left_out() -> None:
    left_out = [chr(code) for code in range(0x110000) if visible(f"x{chr(code)}x")[0] == "xx"]
    assert all(regex.match(r"\p{Default_Ignorable_Code_Point}|[\uFFF9-\uFFFB]", each) for each in left_out)
    assert set(UNSEEN) <= set(left_out)
