"""The sentiment task: its data, vocabulary, batches and loss."""

import dataclasses
from pathlib import Path

import pytest
import torch
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.training.sources.corpora import Example
from gatescope.training.sources.download import DataError
from gatescope.training.tasks import sentiment
from gatescope.training.tasks.sentiment import Data, Sentiment, frequent, network_config
from gatescope.training.trainer import Batch


@pytest.fixture
def data(cache: Path) -> Data:
    return sentiment.load(cache, pytest.fail)


def test_equally_frequent_words_stand_in_code_point_order() -> None:
    assert frequent([["b", "é", "a"], ["b", "z", "a", "z"], ["z"]], 4) == ["z", "a", "b", "é"]
    assert frequent([["b", "a"], ["b"]], 1) == ["b"]


def test_all_data_is_loaded(data: Data) -> None:
    assert {example.source for some in data.parts.values() for example in some} == {
        "movie", "amazon", "nyt", "tweets", "uci",
    }  # fmt: skip
    assert data.packages == [sentiment.VADER, sentiment.UCI]
    assert len(data.phrases) == 40


def test_the_vocabulary_comes_from_the_training_part_alone(data: Data) -> None:
    keys = {key for example in data.parts["train"] for key in WordTokenizer.keys(example.text)}
    assert set(data.tokenizer.vocabulary) == keys | {UNKNOWN}


def test_the_vocabulary_is_cut_to_its_size(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentiment, "WORDS", 30)
    data = sentiment.load(cache, pytest.fail)
    assert len(data.tokenizer.vocabulary) == 31
    assert network_config("gru", data.tokenizer).vocabulary_size == 31


def test_without_npm_its_sentences_are_left_out_and_that_is_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / sentiment.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(cache))
    said: list[str] = []
    data = sentiment.load(cache, said.append)
    assert data.packages == [sentiment.VADER]
    assert "uci" not in {example.source for some in data.parts.values() for example in some}
    assert said == [
        "npm is not installed, which fetches sentiment@5.0.2: the UCI sentences of IMDb, Amazon and Yelp are left out"
    ]


def test_a_damaged_archive_stops_it_even_where_npm_is_optional(cache: Path) -> None:
    (cache / sentiment.UCI.file).write_bytes(b"")
    with pytest.raises(DataError, match="is damaged"):
        sentiment.load(cache, pytest.fail)


def test_an_epoch_shows_every_text_once_with_its_target(data: Data) -> None:
    task = Sentiment(data)
    batches = task.epoch(16, torch.Generator().manual_seed(0))
    shown = sorted(
        (ids[:length].tolist(), round(target.item(), 5))
        for batch in batches
        for ids, length, target in zip(batch.ids, batch.lengths, batch.targets, strict=True)
    )
    wanted = sorted(
        (
            [token.id for token in data.tokenizer(example.text)],
            round(torch.sigmoid(torch.tensor(1.5 * example.rating)).item(), 5),
        )
        for example in (*data.parts["train"], *data.phrases)
    )
    assert shown == wanted
    assert max(len(batch.ids) for batch in batches) == 16


def test_another_generator_gives_another_order(data: Data) -> None:
    task = Sentiment(data)
    first, same, other = (task.epoch(16, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first[0].ids, same[0].ids)
    assert not all(torch.equal(a.targets, b.targets) for a, b in zip(first, other, strict=True))


def test_the_loss_counts_the_last_word_and_a_little_every_word(data: Data) -> None:
    task = Sentiment(data)
    batch = Batch(torch.zeros(2, 3, dtype=torch.long), torch.tensor([1, 3]), torch.tensor([1.0, 0.0]))
    logits = torch.tensor([[2.0, 77.0, -77.0], [0.0, 1.0, -3.0]])[:, :, None]

    def cost(logit: float, target: float) -> float:  # −log of the probability of what is right
        return float(torch.nn.functional.softplus(torch.tensor(float(-logit if target else logit))))

    first, second = cost(2, 1), [cost(0, 0), cost(1, 0), cost(-3, 0)]
    wanted = (first + second[-1]) / 2 + 0.2 * (first + sum(second)) / 4
    assert task.loss(logits, batch).item() == pytest.approx(wanted, abs=1e-6)


def test_the_cells_are_of_equal_width(data: Data) -> None:
    lstm = network_config("lstm", data.tokenizer)
    assert (lstm.embedding_size, lstm.hidden_size, lstm.outputs, lstm.head) == (32, 64, 1, "sigmoid")
    assert network_config("rnn", data.tokenizer) == dataclasses.replace(lstm, cell="rnn")


def test_a_text_of_the_phrases_is_an_example_like_any_other(data: Data) -> None:
    assert all(isinstance(phrase, Example) and phrase.source == "phrases" for phrase in data.phrases)
