"""The agreement of shares with experiments: on which texts of a task, for which output, and the shipped figures."""

from pathlib import Path
from typing import Any

import pytest
import word_task
from gatescope.settings import data_folder
from gatescope.store.fields import ShareAgreement
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.store.store import Store
from gatescope.training import shares as module
from gatescope.training import tasks
from gatescope.training.shares import agreement, ends_anywhere
from gatescope.training.task import Task
from gatescope.training.trainer import one_thread

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


def test_all_words_are_counted(models: Path) -> None:
    measured = agreement(load_model(models / "gru").network, word_task.WordTask())
    assert measured is not None
    assert (measured.texts, measured.words) == (4, 5 + 3 + 2 + 5)


def test_a_network_that_predicts_the_next_token_is_asked_anywhere() -> None:
    assert ends_anywhere(Changed(predicts_next=True))
    assert not ends_anywhere(Changed(predicts_next=False))
    assert not ends_anywhere(Changed(predicts_next=None))
    assert ends_anywhere(Changed(predicts_next=None, outputs=word_task.WORDS.vocabulary))
