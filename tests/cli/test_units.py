"""gatescope units: which units it prints, and which it writes down as named."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import word_task
from gatescope.analysis import units
from gatescope.cli import app
from gatescope.store.fields import NamedUnit, Start
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from gatescope.training import named_units
from typer.testing import CliRunner, Result


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return word_task.install(tmp_path / "models", monkeypatch)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["units", *arguments])


def rows(done: Result) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]


def tracking_in(model: str, models: Path) -> Sequence[NamedUnit]:
    return named_units.tracking_units(load_model(models / model).network, word_task.WordTask())


@pytest.mark.parametrize("model", ["lstm", "gru", "rnn", "both-ways"])
def test_the_best_unit_for_each_feature_is_printed(models: Path, model: str) -> None:
    done = run(model)
    assert done.exit_code == 0, done.output
    wanted = tracking_in(model, models)
    assert [row[0] for row in rows(done)] == [each.feature for each in wanted] == ["after a not", "words"]
    for row, each in zip(rows(done), wanted, strict=True):
        _, activation, layer, unit, measure, score, between, bar, close, probe, named = row
        assert (activation[-1], layer, unit) == (each.activation, f"{each.layer} {each.direction}", str(each.unit))
        assert (measure, score) == ("−" * (each.sign < 0) + each.measure, f"{each.score:.3f}")
        assert between == f"{each.interval[0]:.3f} to {each.interval[1]:.3f}"
        assert bar == f"{units.threshold(each):.3f}"
        assert (close, probe) == (f"{each.close} from {each.close_from:.3f}", f"{each.probe:.3f}")
        assert named == ("yes" if units.stands_out(each) else "no")
        assert len(each.untrained) == named_units.UNTRAINED


def test_nothing_is_written_unless_it_is_asked_for(models: Path) -> None:
    before = (models / "lstm" / "config.json").read_bytes()
    assert run("lstm").exit_code == 0
    assert (models / "lstm" / "config.json").read_bytes() == before


def test_those_that_stand_out_are_saved_and_no_others(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "stands_out", lambda unit: unit.feature == "words")
    assert run("lstm", "--save").exit_code == 0
    after_a_not, words = tracking_in("lstm", models)
    config = load_model(models / "lstm").config
    assert (config.units, config.unnamed) == ([words], [after_a_not])
    monkeypatch.setattr(units, "stands_out", lambda _: False)
    assert run("lstm", "--save").exit_code == 0
    assert load_model(models / "lstm").config.units == []


def test_a_card_names_the_same_units_and_nothing_else_of_it_changes(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = models / "lstm" / "README.md"
    around = (b"# LSTM\n\nA caf\xe9.\n\n", b"## Activations\n\nMany.\n")
    card.write_bytes(b"## Units that can be named\n\nOld ones.\n\n".join(around))
    monkeypatch.setattr(units, "stands_out", lambda unit: unit.feature == "words")
    assert run("lstm", "--save").exit_code == 0
    (_, words) = tracking_in("lstm", models)
    before, _, rest = card.read_bytes().partition(b"## Units that can be named\n")
    section, _, after = rest.partition(b"\n\n## Activations")
    assert (before, b"## Activations" + after) == around
    [row] = [line for line in section.decode().splitlines() if line.startswith("| words |")]
    assert f"| {words.score:.3f} ({words.interval[0]:.3f} to {words.interval[1]:.3f}) |" in row
    monkeypatch.setattr(units, "stands_out", lambda _: False)
    assert run("lstm", "--save").exit_code == 0
    assert b"Not offered on the page: after a not, words." in card.read_bytes()


def test_a_model_without_a_card_gets_none(models: Path) -> None:
    (models / "lstm" / "README.md").unlink()
    assert run("lstm", "--save").exit_code == 0
    assert not (models / "lstm" / "README.md").exists()


def test_untrained_networks_start_as_the_model_did(models: Path) -> None:
    model = load_model(models / "lstm")
    start = Start(chrono=50, embedding_spread=3.0)
    about = model.config.model_dump(exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"})
    save_model(model.folder, model.network, model.tokenizer, {**about, "start": start})
    own = named_units.tracking_units(model.network, word_task.WordTask(), start)
    assert [each.untrained for each in own] != [each.untrained for each in tracking_in("lstm", models)]
    shown = [f"{units.threshold(each):.3f}" for each in own]
    assert [row[7] for row in rows(run("lstm"))] == shown


def test_a_folder_that_cannot_be_written_to_is_an_error(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    done = run("lstm", "--save")
    assert done.exit_code == 1
    assert done.stderr.endswith(f"gatescope: {models / 'lstm'} cannot be written to: No space left on device\n")
    assert [path.name for path in (models / "lstm").iterdir() if path.name.startswith(".")] == []
