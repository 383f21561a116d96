"""gatescope evaluate: what it measures, and whether the card is right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import word_task
from gatescope.analysis.metrics import metrics
from gatescope.cli import app
from gatescope.store.fields import Metric
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from typer.testing import CliRunner, Result


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return word_task.install(tmp_path / "models", monkeypatch)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def rows(done: Result) -> dict[str, list[str]]:
    """Name of each figure → the other cells of its row."""
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    return {name: cells for name, *cells in lines}


def with_card(folder: Path, *figures: Metric) -> None:
    """Let the model's card say other figures."""
    model = load_model(folder)
    about: dict[str, Any] = model.config.model_dump(
        exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"}
    )
    save_model(folder, model.network, model.tokenizer, {**about, "metrics": list(figures)})


def measured(folder: Path) -> list[Metric]:
    return metrics([word_task.WordTask().measure(load_model(folder).network)], 0)


def test_figures_are_printed_next_to_those_of_the_card(models: Path) -> None:
    verdicts, mean = measured(models / "lstm")
    single = mean.model_copy(update={"interval": None, "examples": 1})
    gone = Metric(name="films", value=0.5, standard_error=0.1, interval=(0.25, 0.75), examples=20)
    with_card(models / "lstm", verdicts, single, gone)
    done = run("lstm")
    assert done.exit_code == 0, done.output
    printed = rows(done)
    share, between = (
        f"{100 * verdicts.value:.1f} %",
        " to ".join(f"{100 * end:.1f} %" for end in verdicts.interval or ()),
    )
    assert printed["verdicts"] == ["share", "9", share, between, share, between, "majority 50.0 %"]
    assert printed["mean verdict"][4:6] == [f"{mean.value:.3f}", "–"]
    assert printed["films"] == ["share", "20", "–", "–", "50.0 %", "25.0 % to 75.0 %", ""]


def test_a_model_whose_card_has_no_figures_is_measured(models: Path) -> None:
    done = run("gru")
    assert done.exit_code == 0, done.output
    assert rows(done)["verdicts"][4:6] == ["–", "–"]


@pytest.mark.parametrize("by", [-0.3, 0.3])
def test_a_figure_outside_the_interval_of_the_card_is_an_error(models: Path, by: float) -> None:
    verdicts, mean = measured(models / "rnn")
    low, high = np.array(mean.interval) + by
    with_card(models / "rnn", verdicts, mean.model_copy(update={"interval": (low, high)}))
    done = run("rnn")
    assert done.exit_code == 1
    assert done.stderr.endswith("gatescope: rnn: outside the interval of its card: mean verdict\n")
    assert "mean verdict" in rows(done)


def test_an_interval_without_width_has_room_for_rounding(models: Path) -> None:
    _, mean = measured(models / "rnn")
    near = mean.value * (1 + 1e-9)
    with_card(models / "rnn", mean.model_copy(update={"interval": (near, near)}))
    assert run("rnn").exit_code == 0


@pytest.mark.parametrize(("by", "code"), [(1e-9, 0), (1e-3, 1)])
def test_a_figure_of_one_example_is_what_the_card_says(models: Path, by: float, code: int) -> None:
    _, mean = measured(models / "rnn")
    with_card(models / "rnn", mean.model_copy(update={"interval": None, "value": mean.value * (1 + by)}))
    assert run("rnn").exit_code == code


def test_baselines_and_intervals_are_saved_with_remarks_and_nothing_else_changes(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verdicts, _ = measured(models / "lstm")
    stale = {"baselines": {"an older one": 0.25}, "interval": (0.0, 1.0), "standard_error": 0.5}
    old = verdicts.model_copy(update=stale | {"seeds": [0.1, verdicts.value]})
    gone = Metric(name="films", value=0.5, standard_error=0.1, interval=(0.25, 0.75), examples=20)
    with_card(models / "lstm", old, gone)
    with_card(models / "gru", *measured(models / "gru"))
    card = models / "lstm" / "README.md"
    card.write_text("# LSTM\n\n| measured on | …\n|---|\n\nOld remarks.\n\n## Units that can be named\n\nNone.\n")
    before = load_model(models / "lstm").config

    # A class of its own: Python remembers of a class that it has the methods of a protocol, even once they are gone.
    class Remarked(word_task.WordTask):
        def remarks(self, own: list[Metric], others: dict[str, list[Metric]]) -> list[str]:
            return [f"{own[0].name} of {len(own[0].seeds)} seeds, next to {', '.join(others)}."]

    monkeypatch.setattr(word_task, "WordTask", Remarked)
    assert run("lstm").exit_code == 0
    assert load_model(models / "lstm").config == before
    assert run("lstm", "--save").exit_code == 0
    wanted = [verdicts.model_copy(update={"seeds": old.seeds}), gone]
    config = load_model(models / "lstm").config
    assert config == before.model_copy(update={"metrics": wanted})
    text = card.read_text()
    assert text.startswith("# LSTM\n\n| measured on | unit | examples |")
    assert "| majority 50.0 % |\n| films |" in text
    titles = [load_model(models / name).config.title for name in ("both-ways", "gru", "rnn")]
    assert f"\n\nverdicts of 2 seeds, next to {', '.join(titles)}.\n\n## Units that can be named\n\nNone.\n" in text


def test_baselines_of_other_examples_are_not_saved(models: Path) -> None:
    verdicts, mean = measured(models / "lstm")
    near = mean.model_copy(update={"value": mean.value + 1e-3})
    with_card(models / "lstm", verdicts.model_copy(update={"examples": 8}), near)
    before = (models / "lstm" / "config.json").read_bytes()
    done = run("lstm", "--save")
    assert done.exit_code == 1
    assert done.stderr.endswith(
        "gatescope: lstm: not saved: the card is of other examples, or of another machine: verdicts, mean verdict\n"
    )
    assert (models / "lstm" / "config.json").read_bytes() == before


def test_notes_of_the_data_go_to_the_other_stream(models: Path, tmp_path: Path) -> None:
    done = run("lstm", "--data", tmp_path / "kept")
    assert done.stderr == "note: the cache is kept\n"


def test_the_folder_of_a_model_is_taken(models: Path) -> None:
    assert run(f"{models / 'lstm'}").exit_code == 0


@pytest.mark.parametrize(("command", "method"), [("evaluate", "measure"), ("units", "features")])
def test_data_that_hold_nothing_to_measure_are_an_error_in_one_line(
    models: Path, monkeypatch: pytest.MonkeyPatch, command: str, method: str
) -> None:
    empty = {
        "measure": lambda *_: [word_task.Figure("films", np.array([]))],
        "features": lambda *_: [word_task.Feature("depth", np.zeros(0))],
    }
    monkeypatch.setattr(word_task.WordTask, method, empty[method])
    done = CliRunner().invoke(app, [command, "lstm"])
    assert done.exit_code == 1
    reason = {
        "measure": "films: there is nothing to measure: no example was held out",
        "features": "depth: 0 values for the 4 tokens of 'the movie was good'",
    }
    assert done.stderr.splitlines()[-1] == f"gatescope: lstm: {reason[method]}"
