"""What a task is, and that the tasks with data of their own are one for every cell."""

from pathlib import Path

import pytest
import word_task
from gatescope.recurrent.network import Network
from gatescope.training import tasks
from gatescope.training.task import Shows, Task, reader_of
from gatescope.training.trainer import Recipe

GENERATED = ("anbn", "anbncn", "brackets", "agreement", "flag", "snow")


@pytest.mark.parametrize("name", GENERATED)
def test_a_task_has_all_that_is_asked_of_it(tmp_path: Path, name: str) -> None:
    task = tasks.load(name, tmp_path, pytest.fail)
    assert isinstance(task, Task)
    assert isinstance(task, Shows) == (name in {"anbn", "anbncn", "flag"})
    assert (task.name, len(task.data)) == (name, 64)
    for text in (*task.held_out("choose")[:2], *task.held_out("report")[:2]):
        assert all(feature.values.shape == (len(reader_of(task)(text)),) for feature in task.features(text))
    assert "data" in task.facts()


@pytest.mark.parametrize("name", GENERATED)
def test_the_networks_of_a_task_differ_only_in_their_cells(tmp_path: Path, name: str) -> None:
    task = tasks.load(name, tmp_path, pytest.fail)
    configs = [task.config(cell) for cell in ("lstm", "gru", "rnn")]
    assert (
        len(
            {
                (each.hidden_size, each.embedding_size, each.outputs, each.vocabulary_size, each.input_size)
                for each in configs
            }
        )
        == 1
    )
    assert Network(configs[0]).require_head().out_features == len(task.about["outputs"])


@pytest.mark.parametrize("name", GENERATED)
def test_a_cell_that_no_task_has_heard_of_has_a_recipe(tmp_path: Path, name: str) -> None:
    recipe = tasks.load(name, tmp_path, pytest.fail).recipe("new")  # type: ignore[arg-type]
    assert isinstance(recipe, Recipe)


def test_what_lacks_a_part_is_not_a_task() -> None:
    assert isinstance(word_task.WordTask(), Task)
    assert not isinstance(word_task.WordTask, Shows)
    assert not isinstance(word_task.Negated(word_task.WORDS), Task)
