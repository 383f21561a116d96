"""The table of tasks, and how a task is loaded by its name."""

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from gatescope.training import tasks
from gatescope.training.sources.download import DataError
from gatescope.training.tasks import TASKS, features_of

FOLDER = Path(tasks.__file__).parent


def loader(name: str) -> Callable[..., Any]:
    module, function = TASKS[name].loader.split(":")
    loader: Callable[..., Any] = getattr(import_module(f"gatescope.training.tasks.{module}"), function)
    return loader


def test_every_file_of_the_folder_is_a_task_in_the_table() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {entry.loader.split(":")[0] for entry in TASKS.values()}


@pytest.mark.parametrize("name", TASKS)
def test_the_table_names_what_the_loader_takes(name: str) -> None:
    parameters = inspect.signature(loader(name)).parameters
    options, optional = TASKS[name].options, TASKS[name].optional
    assert parameters.keys() - {"cache", "warn"} == options.keys() | optional.keys()
    assert options.keys() == {
        each for each in options | optional if parameters[each].default is inspect.Parameter.empty
    }


@pytest.mark.parametrize("name", ["anbn", "anbncn", "agreement", "brackets", "flag"])
def test_a_task_says_whether_its_models_predict_the_next_token(tmp_path: Path, name: str) -> None:
    task = tasks.load(name, tmp_path, pytest.fail)
    predicts = task.about["predicts_next"]
    assert predicts is (name not in {"brackets", "flag"})
    assert predicts == (set(task.about["outputs"]) >= set(task.tokenizer.vocabulary[1:]))


def test_a_task_is_loaded_by_the_name_that_its_models_have(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary, it rained again.\n" * 2_000)
    task = tasks.load("text diary", tmp_path, pytest.fail, file=tmp_path / "diary.txt", text=None)
    assert (task.name, task.about["task"]) == ("text", "text diary")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("chess", {}, "there is no task 'chess': the tasks are sentiment, prose, code, "),
        ("", {}, "there is no task '': the tasks are sentiment, "),
        ("sentiment", {"file": Path("x")}, "the task 'sentiment' takes no --file"),
        ("text diary", {}, "the task 'text diary' needs --file, as it was given when the model was trained"),
        (
            "labelled mail",
            {"file": Path("x"), "text": "body"},
            "the task 'labelled mail' needs --label, as it was given",
        ),
    ],
)
def test_what_cannot_be_loaded_is_refused(tmp_path: Path, name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}"):
        tasks.load(name, tmp_path, pytest.fail, **options)


@pytest.mark.parametrize("name", ["prose", "code", "text diary"])
def test_features_of_a_text_need_no_data(name: str) -> None:
    features = features_of(name)
    assert features is not None
    assert all(each.values.shape == (12,) for each in features('He said "no"'))


@pytest.mark.parametrize("name", ["sentiment", "labelled mail", "none of these"])
def test_other_features_need_the_data(name: str) -> None:
    assert features_of(name) is None
