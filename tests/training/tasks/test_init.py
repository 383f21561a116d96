"""The lessons by name, and sentiment as one of them."""

import importlib
import inspect
from pathlib import Path

import numpy as np
import pytest
from archives import NEGATIVE, POSITIVE
from gatescope.analysis.metrics import metrics
from gatescope.recurrent.network import Network
from gatescope.recurrent.trace import trace
from gatescope.training import tasks
from gatescope.training.named_units import tracking_units
from gatescope.training.sources.download import DataError
from gatescope.training.task import Shows
from gatescope.training.tasks import sentiment, sentiment_lesson
from gatescope.training.tasks.sentiment_lesson import SentimentLesson
from gatescope.training.trainer import train


@pytest.fixture
def lesson(cache: Path) -> SentimentLesson:
    found = tasks.load("sentiment", cache, pytest.fail)
    assert isinstance(found, SentimentLesson)
    return found


@pytest.mark.parametrize("name", tasks.LESSONS)
def test_every_lesson_is_loaded_by_what_the_table_names(name: str) -> None:
    module, function = tasks.LESSONS[name].split(":")
    load = getattr(importlib.import_module(f"gatescope.training.tasks.{module}"), function)
    assert inspect.signature(load).parameters.keys() <= {"cache", "warn", "file", "text", "label"}


@pytest.mark.parametrize("name", ["anbn", "anbncn", "agreement", "brackets", "flag"])
def test_a_lesson_says_whether_its_models_predict_the_next_token(tmp_path: Path, name: str) -> None:
    lesson = tasks.load(name, tmp_path, pytest.fail)
    predicts = lesson.about["predicts_next"]
    assert predicts is (name not in {"brackets", "flag"})
    assert predicts == (set(lesson.about["outputs"]) >= set(lesson.tokenizer.vocabulary[1:]))


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("chess", {}, "there is no lesson for the task 'chess': the lessons are sentiment, prose, code, "),
        ("", {}, "there is no lesson for the task '': the lessons are sentiment, "),
        ("sentiment", {"file": Path("x")}, "the task 'sentiment' takes no --file"),
        ("text diary", {}, "the task 'text diary' needs --file, as it was given when the model was trained"),
        (
            "labelled mail",
            {"file": Path("x"), "text": "body"},
            "the task 'labelled mail' needs --label, as it was given",
        ),
    ],
)
def test_what_cannot_be_loaded_is_said(tmp_path: Path, task: str, options: dict[str, Path], said: str) -> None:
    with pytest.raises(DataError, match=f"^{said}"):
        tasks.load(task, tmp_path, pytest.fail, **options)


def test_sentiment_is_measured_beside_simpler_means(lesson: SentimentLesson) -> None:
    network = train(lesson.config("gru"), lesson.task, lesson.recipe("gru"), seed=0)
    found = metrics([lesson.measure(network)], 0)
    assert [each.name for each in found[:2]] == ["validation texts", "film reviews"]
    assert {each.unit for each in found} == {"share"}
    assert lesson.about["predicts_next"] is False
    validation, *others = found
    assert lesson.judge(network) == 1 - validation.value
    for each in (validation, *others[:5]):
        assert 0.3 < each.baselines["majority"] < 0.7
        assert each.baselines["naive Bayes"] > each.baselines["majority"]  # the words tell, but for the negations
    assert [each.baselines for each in others[5:]] == [{}] * 4


def test_words_of_praise_are_likelier_in_positive_texts(lesson: SentimentLesson) -> None:
    odds = dict(
        zip(
            lesson.tokenizer.vocabulary,
            sentiment_lesson.log_odds(lesson._data.parts["train"], lesson.tokenizer),
            strict=True,
        )
    )
    assert np.mean([odds[word] for word in POSITIVE]) > 0 > np.mean([odds[word] for word in NEGATIVE])
    assert odds["<unk>"] == pytest.approx(0, abs=0.2)


def test_the_rating_of_a_held_out_text_is_known_at_its_last_word(lesson: SentimentLesson) -> None:
    rated = {each.text: each.rating for part in lesson._data.parts.values() for each in part}
    for text in (*lesson.held_out("choose")[:5], *lesson.held_out("report")[:5]):
        (feature,) = lesson.features(text)
        *before, last = feature.values
        assert len(feature.values) == len(lesson.tokenizer(text))
        assert np.isnan(before).all()
        assert last == rated[text]
    (feature,) = lesson.features(lesson._data.parts["train"][0].text)
    assert np.isnan(feature.values).all()
    assert set(lesson.held_out("choose")).isdisjoint(lesson.held_out("report"))


def test_what_it_says_and_what_happens_at_not_is_shown(lesson: SentimentLesson) -> None:
    network = Network(lesson.config("lstm")).eval().requires_grad_(requires_grad=False)
    assert isinstance(lesson, Shows)
    shown = lesson.shows(network)
    assert list(shown) == ["What it says", "At *not*"]
    [said] = shown["What it says"]
    assert [row["text"] for row in said] == list(sentiment.SHOWN)
    verdict = trace(network, lesson.tokenizer("not good")).outputs[-1, 0]
    assert {row["text"]: row["verdict at its end"] for row in said}["not good"] == f"{verdict:.2f}"
    sentence, rows = shown["At *not*"]
    times = sum(text.split().count("not") for text in lesson.held_out("report"))
    assert f"at the {times} times" in sentence
    assert [row["activation"] for row in rows][:2] == ["input gate *i*", "forget gate *f*"]
    assert rows[0]["units"].endswith(" of 64")


def test_the_unit_for_sentiment_is_sought_over_whole_texts(lesson: SentimentLesson) -> None:
    network = Network(lesson.config("rnn"))
    (found,) = tracking_units(network.eval().requires_grad_(requires_grad=False), lesson)
    assert (found.feature, found.measure, found.texts) == ("sentiment so far", "r", len(lesson.held_out("report")))
    assert found.steps == found.texts
