"""What the sentiment task learns from: packages, splits, vocabulary and phrases."""

from pathlib import Path

import pytest
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.training.sources import rated_texts
from gatescope.training.sources.corpora import Example
from gatescope.training.sources.download import DataError
from gatescope.training.sources.rated_texts import RatedTexts, load


@pytest.fixture
def texts(cache: Path) -> RatedTexts:
    return load(cache, pytest.fail)


def test_all_data_are_loaded(texts: RatedTexts) -> None:
    assert {example.source for some in texts.splits.values() for example in some} == {
        "movie", "amazon", "nyt", "tweets", "uci",
    }  # fmt: skip
    assert texts.packages == [rated_texts.VADER, rated_texts.UCI]
    assert len(texts.phrases) == 40


def test_the_vocabulary_comes_from_the_training_split_only(texts: RatedTexts) -> None:
    keys = {key for example in texts.splits["train"] for key in WordTokenizer.keys(example.text)}
    assert set(texts.tokenizer.vocabulary) == keys | {UNKNOWN}


def test_the_vocabulary_is_cut_to_its_size(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rated_texts, "WORDS", 30)
    assert len(load(cache, pytest.fail).tokenizer.vocabulary) == 31


def test_without_npm_its_sentences_are_left_out_with_a_note(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / rated_texts.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(cache))
    notes: list[str] = []
    texts = load(cache, notes.append)
    assert texts.packages == [rated_texts.VADER]
    assert "uci" not in {example.source for some in texts.splits.values() for example in some}
    assert notes == [
        "npm is not installed, which fetches sentiment@5.0.2: the UCI sentences of IMDb, Amazon and Yelp are left out"
    ]


def test_a_damaged_archive_is_an_error_even_where_npm_is_optional(cache: Path) -> None:
    (cache / rated_texts.UCI.file).write_bytes(b"")
    with pytest.raises(DataError, match="is damaged"):
        load(cache, pytest.fail)


def test_phrases_are_examples_like_any_other(texts: RatedTexts) -> None:
    assert all(isinstance(phrase, Example) and phrase.source == "phrases" for phrase in texts.phrases)
    assert {word.text for word in texts.words} <= set(texts.tokenizer.vocabulary)


def test_the_sizes_of_the_shipped_models() -> None:
    assert (rated_texts.WORDS, rated_texts.PAIRS) == (8_000, 6_000)
