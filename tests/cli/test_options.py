"""The options of gatescope train: their ranges, the seeds, and those that name data."""

from inspect import Signature
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
import typer
from gatescope.cli import app
from gatescope.cli.options import COMMON, TrainOptions, data_parameters, seeds_of
from gatescope.training.options import RANGES, Options
from gatescope.training.tasks import Entry
from typer.testing import CliRunner


def test_seeds_are_whole_numbers_with_commas_between_them() -> None:
    assert seeds_of("0") == [0]
    assert seeds_of("3,1,-2") == [3, 1, -2]
    for text in ("", "0,one", "1;2", "0,"):
        with pytest.raises(typer.BadParameter, match=r"whole numbers with commas between them, such as 0,1,2$"):
            seeds_of(text)


@pytest.mark.parametrize("name", list(RANGES))
def test_an_option_has_the_range_that_it_has_in_a_run(name: str) -> None:
    annotation = COMMON[name].annotation
    assert get_origin(annotation) is Annotated
    option = get_args(annotation)[1]
    assert (option.min, option.max) == RANGES[name]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--hidden", "0"),
        ("--hidden", "-3"),
        ("--hidden", "1000000"),
        ("--epochs", "0"),
        ("--patience", "-1"),
        ("--learning-rate", "0"),
        ("--learning-rate", "nan"),
        ("--forget-bias", "101"),
        ("--chrono", "-1"),
        ("--seeds", "a"),
        ("--cell", "lstn"),
    ],
)
def test_a_wrong_value_is_a_usage_error_before_the_data_are_read(option: str, value: str) -> None:
    arguments = ["train", "text", "--file", "nothing.txt", *(["--cell", "gru"] if option != "--cell" else [])]
    done = CliRunner().invoke(app, [*arguments, option, value], env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.stderr
    assert "nothing.txt" not in done.stderr


def test_what_is_not_asked_for_is_left_to_the_task() -> None:
    assert TrainOptions("gru").run_options() == Options()
    options = TrainOptions("lstm", hidden=3, epochs=4, patience=0, learning_rate=0.1, forget_bias=2, chrono=7)
    assert options.run_options() == Options(hidden=3, epochs=4, patience=0, learning_rate=0.1, forget_bias=2, chrono=7)


def test_not_a_number_is_refused_whatever_the_version_of_typer() -> None:
    with pytest.raises(typer.BadParameter, match=r"^learning_rate is nan: it must be from 1e-06 to 1$"):
        TrainOptions("gru", learning_rate=float("nan")).run_options()


@pytest.mark.parametrize("required", [True, False])
def test_an_option_of_the_data_is_required_unless_it_may_be_left_out(required: bool) -> None:
    taken: dict[str, Any] = {}
    named = {"file": "A file.", "label": "A column."}
    file, label = data_parameters(Entry("", "", named) if required else Entry("", "", optional=named))
    assert (file.name, label.name) == ("file", "label")
    assert (file.default is file.empty) == (label.default is label.empty) == required
    program = typer.Typer()

    def command(**given: Any) -> None:
        taken.update(given)

    command.__signature__ = Signature([file, label])  # type: ignore[attr-defined]
    program.command()(command)
    assert CliRunner().invoke(program, []).exit_code == (2 if required else 0)
    assert CliRunner().invoke(program, ["--file", "a.csv", "--label", "class"]).exit_code == 0
    assert taken == {"file": Path("a.csv"), "label": "class"}
