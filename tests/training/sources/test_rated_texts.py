"""What the sentiment task learns from: packages, splits, vocabulary and phrases."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from gatescope.analysis import visitors
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.training.sources import constructions, corpora, neutral, rated_texts
from gatescope.training.sources.corpora import Example
from gatescope.training.sources.download import DataError
from gatescope.training.sources.rated_texts import RatedTexts, emoji_texts, load


@pytest.fixture
def texts(cache: Path) -> RatedTexts:
    return load(cache, pytest.fail)


def keys(examples: Iterable[Example]) -> set[str]:
    return {key for each in examples for key in WordTokenizer.keys(each.text)}


def test_all_data_are_loaded(texts: RatedTexts) -> None:
    assert {example.source for some in texts.splits.values() for example in some} == {
        "movie", "amazon", "nyt", "tweets", "uci",
    }  # fmt: skip
    assert texts.packages == [rated_texts.VADER, rated_texts.UCI, rated_texts.NETWORKX]
    assert len(texts.phrases) == 40
    assert {each.source for each in texts.additions} == {"constructions", "lexicon", "emoji", "neutral"}


def test_the_vocabulary_comes_from_what_is_learned_from(texts: RatedTexts) -> None:
    learned = keys(texts.splits["train"])
    rated = keys([each for each in texts.additions if each.source != "neutral"])
    neutral = [key for each in texts.additions if each.source == "neutral" for key in WordTokenizer.keys(each.text)]
    often = {key for key, count in Counter(neutral).items() if count >= rated_texts.OFTEN}
    assert set(texts.tokenizer.vocabulary) == learned | rated | often | {UNKNOWN}


def test_frequent_words_stand_before_rare_ones(texts: RatedTexts) -> None:
    counts = Counter(key for each in texts.splits["train"] for key in WordTokenizer.keys(each.text))
    places = [counts[key] for key in texts.tokenizer.vocabulary[1:]]
    assert places == sorted(places, reverse=True)


def test_the_words_of_rated_texts_are_cut_to_the_most_frequent(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load(cache, pytest.fail).tokenizer.vocabulary
    monkeypatch.setattr(rated_texts, "WORDS", 30)
    texts = load(cache, pytest.fail)
    assert texts.tokenizer.vocabulary[:31] == whole[:31]
    added = keys(texts.additions)
    assert set(texts.tokenizer.vocabulary[31:]) <= added
    assert len(texts.tokenizer.vocabulary) < len(whole)


def test_nothing_by_which_models_are_judged_is_added(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = load(cache, pytest.fail).splits
    held_out = [splits["validation"][0].text, splits["test"][0].text]
    asked = [each.text for each in visitors.sentences()]
    texts = [*held_out, *(text.upper() for text in held_out), *asked, *(f" {text}\n" for text in asked), "Neither."]
    monkeypatch.setattr(neutral, "docstrings", lambda _: texts)
    monkeypatch.setattr(neutral, "sentences", lambda _: texts)
    monkeypatch.setattr(constructions, "never_so", lambda *_: [Example(text, 1, "constructions") for text in texts])
    monkeypatch.setattr(corpora, "lexicon", lambda _: dict.fromkeys(texts, 1.0))
    monkeypatch.setattr(
        rated_texts, "training_phrases", lambda *_: [Example("good", 1, "phrases"), Example("bad", -1, "phrases")]
    )
    added = [each.text for each in load(cache, pytest.fail).additions]
    assert "Neither." in added
    judged = {tuple(WordTokenizer.keys(text)) for text in (*held_out, *asked)}
    assert not judged & {tuple(WordTokenizer.keys(text)) for text in added}


def test_an_emoji_is_learned_alone_twice_and_after_a_phrase() -> None:
    phrases = [Example("it was good", 1.9, "phrases"), Example("it was bad", -2.5, "phrases")]
    assert emoji_texts({"😞": -2.0, "❤": 3.0}, phrases) == [
        Example("😞", -2.0, "emoji"),
        Example("😞😞", -2.0, "emoji"),
        Example("it was bad 😞", -4.0, "emoji"),
        Example("❤", 3.0, "emoji"),
        Example("❤❤", 3.0, "emoji"),
        Example("it was good ❤", 4.0, "emoji"),
    ]


def test_without_npm_its_sentences_are_left_out_with_a_note(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / rated_texts.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(cache))
    notes: list[str] = []
    texts = load(cache, notes.append)
    assert texts.packages == [rated_texts.VADER, rated_texts.NETWORKX]
    assert "uci" not in {example.source for some in texts.splits.values() for example in some}
    assert notes == [
        "npm is not installed, which fetches sentiment@5.0.2: the UCI sentences of IMDb, Amazon and Yelp, and emoji "
        "rated in tweets, are left out"
    ]


def test_a_damaged_archive_is_an_error_even_where_npm_is_optional(cache: Path) -> None:
    (cache / rated_texts.UCI.file).write_bytes(b"")
    with pytest.raises(DataError, match="is damaged"):
        load(cache, pytest.fail)


def test_phrases_are_examples_like_any_other(texts: RatedTexts) -> None:
    assert all(isinstance(phrase, Example) and phrase.source == "phrases" for phrase in texts.phrases)
    assert {word.text for word in texts.words} <= set(texts.tokenizer.vocabulary)


def test_the_sizes_of_the_shipped_models() -> None:
    assert (rated_texts.WORDS, rated_texts.PAIRS) == (12_000, 4_000)
