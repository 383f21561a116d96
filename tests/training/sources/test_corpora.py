"""Rated sentences read from archives, and their split."""

import re

import pytest
from archives import tar, uci_archive, vader_archive
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.training.sources.corpora import (
    VADER,
    Example,
    distinct,
    emoji,
    lexicon,
    split,
    split_of,
    uci,
    vader,
)
from gatescope.training.sources.download import DataError


def test_all_four_corpora_are_read() -> None:
    archive = vader_archive(
        {
            "movie": [(2.25, "It says ''wow''. "), (-1, "A tab\tand a  line separator")],
            "amazon": [(0.5, "ok ")],
            "tweets": [(3, "love <3 ☮")],
        }
    )
    assert vader(archive) == [
        Example("It says ''wow''.", 2.25, "movie"),
        Example("A tab\tand a  line separator", -1, "movie"),
        Example("ok", 0.5, "amazon"),
        Example("love <3 ☮", 3, "tweets"),
    ]


def test_sentences_of_one_review_are_known_to_belong_together() -> None:
    rows = b"1_1\t2\tfirst\n1_2\t1\tsecond\n12_1\t1\tthird\n"
    inner = {f"x/{name}_GroundTruth.txt": b"7\t1\talone\n" for name in VADER.values()} | {
        f"x/{VADER['amazon']}_GroundTruth.txt": rows
    }
    archive = tar({"x/additional_resources/hutto_ICWSM_2014.tar.gz": tar(inner)})
    documents = {each.text: each.document for each in vader(archive)}
    assert documents == {"first": "amazon 1", "second": "amazon 1", "third": "amazon 12", "alone": ""}


def test_a_line_ends_at_a_line_feed_alone() -> None:
    text = "next line\u0085separator\u2028and form\x0cfeed"
    assert [example.text for example in vader(vader_archive({"nyt": [(1, text)]}))] == [text]


def test_the_lexicon_is_read() -> None:
    assert lexicon(vader_archive({}, {"good": 1.9, ":-Þ": 0.9})) == {"good": 1.9, ":-Þ": 0.9}


def test_an_emoji_has_the_rating_of_tweets_or_that_of_the_words_in_its_name() -> None:
    archive = vader_archive({})
    by_name = {"😊": 2.1, "😞": -2.3, "🔥": -2.3, "😡": -2.3}
    assert emoji(archive) == by_name
    # ❤: 150 positive and 10 negative tweets of 200; 🔥 is in too few, and █ is not an emoji.
    assert emoji(archive, uci_archive({})) == {**by_name, "❤": pytest.approx(4 * 140 / 200)}


def test_the_rating_of_an_emoji_with_a_long_name_stays_on_the_scale() -> None:
    archive = tar(
        {
            "x/vaderSentiment/vader_lexicon.txt": b"good\t3\t0\t[]\n",
            "x/vaderSentiment/emoji_utf8_lexicon.txt": "😊\tgood good".encode(),
        }
    )
    assert emoji(archive) == {"😊": 4.0}


def test_classes_become_ratings_and_entries_without_one_are_left_out() -> None:
    archive = uci_archive({"imdb": [("Bad. ", 0), ("", None)], "yelp": [("Loved it", 1)]})
    assert uci(archive) == [Example("Bad.", -2, "uci"), Example("Loved it", 2, "uci")]


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        (tar({"package/other": b""}), "the archive holds no test/fixtures/imdb.json"),
        (b"no archive", "the archive that should hold test/fixtures/imdb.json cannot be read: "),
        (uci_archive({})[:60], "the archive that should hold test/fixtures/imdb.json cannot be read: "),
    ],
    ids=["empty", "not an archive", "cut short"],
)
def test_an_archive_that_cannot_be_read_is_named(archive: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        uci(archive)


def test_of_equal_texts_the_first_stays() -> None:
    a, b, again = Example("a", 1, "movie"), Example("b", 1, "movie"), Example("a", -1, "nyt")
    assert distinct([a, b, again]) == [a, b]


def test_texts_that_a_network_reads_alike_are_equal() -> None:
    first = Example("Don't say it's  GOOD", 1, "movie")
    alike = ["don't say it's good", "Don’t say it’s GOOD", "Don't\nsay it's\tgood", "Don't say it's go\u00adod"]
    other = Example("Don't say it's good.", 1, "movie")
    assert distinct([first, *(Example(text, -1, "nyt") for text in alike), other]) == [first, other]


def test_no_split_holds_a_text_of_another_in_another_spelling() -> None:
    texts = [f"it isn't number {at}" for at in range(300)]
    spellings = [
        text for each in texts for text in (each.upper(), each.replace("'", "’"), each.replace(" ", "\n"), each)
    ]
    parts = split([Example(text, 1, "movie") for text in spellings])
    read = [{tuple(WordTokenizer.keys(each.text)) for each in part} for part in parts.values()]
    assert sum(map(len, read)) == len(set.union(*read)) == sum(map(len, parts.values())) == 300


def test_the_hash_of_a_text_says_where_it_belongs() -> None:
    # remainders 0, 1, 9 and 8, by sha256sum and bc
    assert [split_of(text) for text in ("d", "j", "a", "é")] == ["test", "validation", "train", "train"]


def test_the_split_loses_nothing_and_keeps_the_order() -> None:
    examples = [Example(str(number), 1, "movie") for number in range(1000)]
    parts = split(examples)
    assert sorted((each for some in parts.values() for each in some), key=lambda each: int(each.text)) == examples
    for name, some in parts.items():
        assert [each for each in examples if split_of(each.text) == name] == some
    assert 60 < len(parts["test"]) < 140
    assert 60 < len(parts["validation"]) < 140
