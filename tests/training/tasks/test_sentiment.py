"""The sentiment task: targets, figures next to baselines, what a unit might track, and what its card shows."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.analysis import evaluation
from gatescope.analysis.lessons import lessons
from gatescope.analysis.metrics import metrics
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.recurrent.trace import trace
from gatescope.training.named_units import tracking_units
from gatescope.training.sources import rated_texts
from gatescope.training.sources.corpora import Example
from gatescope.training.task import Shows
from gatescope.training.tasks import sentiment
from gatescope.training.tasks.sentiment import SHOWN, Ratings, Sentiment, load
from gatescope.training.trainer import Batch, Recipe, train
from torch.nn.functional import softplus

USUAL = sentiment.RECIPE  # before the fixture of small archives makes it one epoch


@pytest.fixture
def task(cache: Path) -> Sentiment:
    return load(cache, pytest.fail)


def test_the_target_is_the_probability_that_a_rating_stands_for(task: Sentiment, cache: Path) -> None:
    texts = rated_texts.load(cache, pytest.fail)
    rated = [each for each in texts.splits["train"] for _ in range(2)]
    added = [each for each in texts.additions for _ in range(3 if each.source == "constructions" else 1)]
    examples = [*rated, *texts.phrases, *added]
    exact = WordTokenizer(texts.tokenizer.vocabulary)  # what is learned from is read as it is spelt
    wanted = 1 / (1 + np.exp([-1.65 * each.rating for each in examples]))
    np.testing.assert_allclose(task.objective.targets.numpy(), wanted, atol=1e-6)
    assert [each.tolist() for each in task.objective.ids] == [
        [token.id for token in exact(each.text)] for each in examples
    ]


def test_the_loss_is_the_cross_entropy_of_the_target(task: Sentiment) -> None:
    batch = Batch(torch.zeros(1, 1, dtype=torch.long), torch.tensor([1]), torch.tensor([0.75]))
    wanted = 1.2 * (0.75 * softplus(torch.tensor(-2.0)) + 0.25 * softplus(torch.tensor(2.0)))
    assert task.objective.loss(torch.tensor([[[2.0]]]), batch).item() == pytest.approx(float(wanted), abs=1e-6)
    assert isinstance(task.objective, Ratings)


def test_the_cells_are_of_equal_size(task: Sentiment) -> None:
    lstm = task.config("lstm")
    assert (lstm.embedding_size, lstm.hidden_size, lstm.outputs, lstm.head) == (32, 64, 1, "sigmoid")
    assert lstm.vocabulary_size == len(task.tokenizer.vocabulary)
    assert task.config("rnn") == dataclasses.replace(lstm, cell="rnn")


def test_sentiment_is_measured_next_to_baselines(task: Sentiment) -> None:
    network = train(task.config("gru"), task.objective, task.recipe("gru"), seed=0)
    measured = metrics([task.measure(network)], 0)
    assert [each.name for each in measured[:2]] == ["validation texts", "film reviews"]
    assert {each.unit for each in measured} == {"share"}
    assert task.about["predicts_next"] is False
    validation, *others = measured
    lost = [each for each in lessons(network, task.tokenizer, task.held_out("choose")[:300]) if not each.holds]
    assert task.judge(network) == pytest.approx(1 - validation.value + len(lost))
    *sources, known, corrected, as_written = others[:-4]
    assert known.name == "test texts without unknown words"
    assert known.examples == sum(each.examples for each in sources)
    assert (corrected.name, as_written.name) == ("test texts", "test texts, spelling not corrected")
    assert corrected.examples == as_written.examples == known.examples
    for each in (validation, *sources, known, corrected, as_written):
        always, bayes, regression, vader = each.baselines.items()
        assert always[0] == "always positive"
        assert 0.3 < always[1] < 0.7
        assert bayes[0] == "naive Bayes"
        assert bayes[1] > always[1]  # the words tell, but for the negations
        assert regression == ("logistic regression", 1.0)  # each negation is a pair of words
        assert vader[0] == "VADER's scorer"
    assert [each.baselines for each in others[-4:]] == [{}] * 4
    assert task.remarks([known], {}) == []  # the words of the small archives are known
    unknown = known.model_copy(update={"name": "test texts with unknown words", "value": 0.25})
    share = 1 - np.mean([token.known for text in task.held_out("report") for token in task.tokenizer(text)])
    assert task.remarks([known, unknown], {}) == [
        f"Of the words of the test texts {100 * share:.1f} % are outside the vocabulary: the model is right about "
        f"{100 * known.value:.1f} % of the texts without one, and 25.0 % of those with one."
    ]


def test_what_a_corrected_spelling_brings_is_measured_and_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = rated_texts.load(cache, pytest.fail)
    test = [Example("the movie 3 was so aweful", -2, "movie"), Example("i will lovee the movie 9", 2, "movie")]
    monkeypatch.setitem(whole.splits, "test", test)
    monkeypatch.setattr(rated_texts, "load", lambda *_: whole)
    task = load(cache, pytest.fail)
    network = train(task.config("gru"), task.objective, task.recipe("gru"), seed=0)
    right = {each.name: each.values for each in task.measure(network)}
    read = evaluation.verdicts(network, task.tokenizer, ["the movie 3 was so awful", "i will love the movie 9"])[:, 0]
    unread = evaluation.verdicts(network, task.tokenizer, ["the movie 3 was so xyzzyx", "i will xyzzyx the movie 9"])
    assert right["test texts"].tolist() == [read[0] < 0.5, read[1] > 0.5]
    assert right["test texts, spelling not corrected"].tolist() == [unread[0, 0] < 0.5, unread[1, 0] > 0.5]
    [*_, remark] = task.remarks(metrics([task.measure(network)], 0), {})
    assert "if they differ by one letter: 16.7 % of the words of the test texts" in remark


def test_sentences_of_one_review_are_resampled_together(task: Sentiment) -> None:
    network = Network(task.config("rnn")).eval().requires_grad_(requires_grad=False)
    rated = [each for split in ("validation", "test") for each in task.texts.splits[split]]
    texts = [each.text for each in rated if abs(each.rating) >= 0.5][:6]
    ratings, documents = [2, -2, 2, 0.1, 2, -2], ["a", "", "b", "a", "a", ""]
    examples = [Example(*each) for each in zip(texts, ratings, ["amazon"] * 6, documents, strict=True)]
    groups = task._accuracy(network, "reviews", examples).groups
    assert groups is not None
    assert len(groups) == 5  # without the one that is hardly rated
    assert groups[0] == groups[3]
    assert len(set(groups.tolist())) == 4


def test_the_rating_of_a_held_out_text_is_known_at_its_last_word(task: Sentiment) -> None:
    rated = {each.text: each.rating for part in task.texts.splits.values() for each in part}
    for text in (*task.held_out("choose")[:5], *task.held_out("report")[:5]):
        (feature,) = task.features(text)
        *before, last = feature.values
        assert len(feature.values) == len(task.tokenizer(text))
        assert np.isnan(before).all()
        assert last == rated[text]
    (feature,) = task.features(task.texts.splits["train"][0].text)
    assert np.isnan(feature.values).all()
    assert set(task.held_out("choose")).isdisjoint(task.held_out("report"))


def test_what_it_says_and_what_happens_at_not_is_shown(task: Sentiment) -> None:
    network = Network(task.config("lstm")).eval().requires_grad_(requires_grad=False)
    assert isinstance(task, Shows)
    shown = task.shows(network)
    assert list(shown) == ["What it says", "At *not*"]
    [answers] = shown["What it says"]
    assert [row["text"] for row in answers] == list(SHOWN)
    verdict = trace(network, task.tokenizer("not good")).outputs[-1, 0]
    assert {row["text"]: row["verdict at its end"] for row in answers}["not good"] == f"{verdict:.2f}"
    sentence, rows = shown["At *not*"]
    times = sum(text.split().count("not") for text in task.held_out("report"))
    assert f"at the {times} times" in sentence
    assert [row["activation"] for row in rows][:2] == ["input gate *i*", "forget gate *f*"]
    assert rows[0]["units"].endswith(" of 64")


def test_the_unit_for_sentiment_is_sought_over_whole_texts(task: Sentiment) -> None:
    network = Network(task.config("rnn"))
    (unit,) = tracking_units(network.eval().requires_grad_(requires_grad=False), task)
    assert (unit.feature, unit.measure, unit.texts) == ("sentiment so far", "r", len(task.held_out("report")))
    assert unit.steps == unit.texts


def test_every_cell_has_the_recipe_of_the_task(task: Sentiment) -> None:
    assert [task.recipe(cell) for cell in ("lstm", "gru", "rnn")] == [sentiment.RECIPE] * 3
    assert Recipe(epochs=6, dropout=0.5, weight_decay=0.05, averaged=0.6, keep_best=False) == USUAL
