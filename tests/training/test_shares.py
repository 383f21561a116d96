"""Shares over held-out texts: on which texts of a task, for which output, and the shipped figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import word_task
from gatescope.analysis.pushes import push_scale
from gatescope.recurrent.trace import trace
from gatescope.settings import data_folder
from gatescope.store.fields import ShareAgreement
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.store.store import Store
from gatescope.training import shares as module
from gatescope.training import tasks
from gatescope.training.shares import agreement, ends_anywhere, largest_pushes
from gatescope.training.task import Task
from gatescope.training.trainer import one_thread
from networks import random_network

GENERATED = [
    model
    for model in Store(data_folder("models"))
    if model.config.shares is not None and model.config.task not in {"sentiment", "prose", "code"}
]


@pytest.mark.parametrize("model", GENERATED, ids=[model.id for model in GENERATED])
@pytest.mark.soak("every token of every held-out text is kept from being written, of 14 models")
def test_the_figures_of_the_cards_can_be_measured_again(model: Model, tmp_path: Path) -> None:
    """Where the data are generated; those of sentiment, prose and code are not in the repository."""
    task, shipped = tasks.load(model.config.task, tmp_path, pytest.fail), model.config.shares
    with one_thread():
        measured = agreement(model.network, task)
    assert measured is not None
    assert shipped is not None
    assert (measured.texts, measured.words) == (shipped.texts, shipped.words)
    # On another machine rounding may move a share over 0.3, or an effect over 0.
    assert measured.large == pytest.approx(shipped.large, abs=2)
    assert measured.same_sign == pytest.approx(shipped.same_sign, abs=0.01)
    assert measured.correlation == pytest.approx(shipped.correlation, abs=1e-3)
    assert measured.same_sign_interval == pytest.approx(shipped.same_sign_interval, abs=0.01)
    assert measured.correlation_interval == pytest.approx(shipped.correlation_interval, abs=2e-3)


@pytest.mark.parametrize("model", GENERATED, ids=[model.id for model in GENERATED])
def test_the_scale_of_pushes_can_be_measured_again(model: Model, tmp_path: Path) -> None:
    """By the parts of the memory and what reads them, instead of the decomposition's shares."""
    config, statistics = model.config, model.statistics
    assert statistics is not None
    memory, is_single = model.network.config.cell_definition.memory, config.verdict or len(config.outputs) == 1
    assert memory is not None
    if model.network.config.head != "sigmoid" or not is_single:
        assert statistics.push_scale is None
        return
    weight = (
        model.network.head.weight.detach().double().numpy()[config.outputs.index(config.verdict or config.outputs[0])]
    )
    largest = []
    for text in tasks.load(config.task, tmp_path, pytest.fail).held_out("report"):
        [layer] = model.trace(text).layers
        a = {letter: array.astype(np.float64) for letter, array in layer.activations.items()}
        keep, write = memory.keep(a), memory.write(a)
        state, parts = np.zeros(weight.shape), np.zeros((len(keep), *weight.shape))
        for t in range(len(keep)):
            parts *= keep[t]
            parts[t] = write[t]
            state = keep[t] * state + write[t]
            read = 1.0 if memory.let_out is None else a["o"][t] * np.tanh(state) / state
            largest.append(np.abs(parts @ (weight * read)).max())
    assert statistics.push_scale == pytest.approx(np.percentile(largest, 99), rel=1e-4)


class Changed(word_task.WordTask):
    """The task with other facts about it."""

    def __init__(self, **about: Any) -> None:
        super().__init__()
        self.about = {**self.about, **about}  # type: ignore[misc]


def asked(task: Task, cell: str, models: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is measured of a network."""
    called: dict[str, Any] = {}

    def measure(_network: Any, _tokenizer: Any, texts: Any, output: Any, **options: Any) -> ShareAgreement | None:
        called.update(texts=texts, output=output, **options)
        return None

    monkeypatch.setattr(module, "share_agreement", measure)
    agreement(load_model(models / cell).network, task)
    return called


def test_the_texts_are_those_that_units_are_reported_on(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = asked(word_task.WordTask(), "lstm", models, monkeypatch)
    assert called == {"texts": word_task.TEXTS["report"], "output": None, "ends_anywhere": False}


def test_the_output_is_the_verdict(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called = asked(Changed(outputs=["a", "end"], verdict="end"), "gru", models, monkeypatch)
    assert called["output"] == 1


def test_without_a_path_of_memory_or_a_verdict_nothing_is_measured(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(word_task.WordTask(), "rnn", models, monkeypatch) == {}
    assert asked(Changed(outputs=["a", "end"]), "gru", models, monkeypatch) == {}


def test_pushes_are_those_toward_the_verdict(models: Path) -> None:
    gru, rnn = (load_model(models / each).network for each in ("gru", "rnn"))
    task = word_task.WordTask()
    own = push_scale((trace(gru, task.tokenizer(text)) for text in word_task.TEXTS["report"]), 0)
    assert largest_pushes(gru, task) == own
    assert largest_pushes(rnn, task) is None
    several = Changed(outputs=["a", "end"])
    assert largest_pushes(gru, several) is None
    classes = random_network(cell="gru", head="softmax", vocabulary_size=len(word_task.WORDS.vocabulary))
    assert largest_pushes(classes, several) is None
    both = random_network(cell="gru", vocabulary_size=len(word_task.WORDS.vocabulary))
    of_verdict = push_scale((trace(both, task.tokenizer(text)) for text in word_task.TEXTS["report"]), 1)
    assert largest_pushes(both, Changed(outputs=["a", "end"], verdict="end")) == of_verdict


def test_all_words_are_counted(models: Path) -> None:
    measured = agreement(load_model(models / "gru").network, word_task.WordTask())
    assert measured is not None
    assert (measured.texts, measured.words) == (4, 5 + 3 + 2 + 5)


def test_a_network_that_predicts_the_next_token_is_asked_anywhere() -> None:
    assert ends_anywhere(Changed(predicts_next=True))
    assert not ends_anywhere(Changed(predicts_next=False))
    assert not ends_anywhere(Changed(predicts_next=None))
    assert ends_anywhere(Changed(predicts_next=None, outputs=word_task.WORDS.vocabulary))
