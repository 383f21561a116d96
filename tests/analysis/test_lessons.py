"""The shipped sentiment models show what the lessons on the page show; other networks do not."""

import numpy as np
import pytest
from gatescope import load_model
from gatescope.analysis.lessons import Lesson, lessons
from gatescope.recurrent.memory.altered import untrained
from gatescope.settings import data_folder
from gatescope.store.model import Model

TEXTS = ("the movie was not good", "i have never seen anything like it", "we ate lunch", "what a day")


def shipped(cell: str) -> Model:
    return load_model(data_folder("models") / f"sentiment-{cell}")


@pytest.mark.parametrize(("cell", "count", "lost"), [("lstm", 13, []), ("gru", 10, []), ("rnn", 4, ["not bad"])])
def test_the_shipped_models_show_what_the_lessons_rest_on(cell: str, count: int, lost: list[str]) -> None:
    model = shipped(cell)
    shown = lessons(model.network, model.tokenizer, TEXTS)
    assert len(shown) == count
    assert [each.name for each in shown if not each.holds] == lost


def test_the_numbers_are_those_of_the_model() -> None:
    model = shipped("lstm")
    shown = {each.name: each.value for each in lessons(model.network, model.tokenizer, TEXTS)}
    assert shown["not bad"] == model.trace("not bad").outputs[-1, 0]
    usual = np.concatenate([model.trace(text).layer()["f"] for text in TEXTS]).mean()
    at_but = model.trace("the acting was terrible but the story was wonderful").layer()["f"][4].mean()
    assert shown["forget gates at but, less their usual mean"] == pytest.approx(float(at_but - usual), abs=1e-6)


def test_untrained_networks_show_hardly_any() -> None:
    model = shipped("gru")
    shown = [
        each for seed in range(10) for each in lessons(untrained(model.network.config, seed), model.tokenizer, TEXTS)
    ]
    assert sum(each.holds for each in shown) < len(shown) / 2


def test_both_ends_of_a_range_are_in_it() -> None:
    assert Lesson("", 0.5, low=0.5).holds
    assert Lesson("", 0.5, high=0.5).holds
    assert not Lesson("", 0.51, high=0.5).holds
    assert not Lesson("", float("nan"), low=0).holds
