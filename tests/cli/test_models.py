"""gatescope models: which models it lists."""

from pathlib import Path

import pytest
from gatescope.cli import app
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from model_folders import edited, saved
from torch_files import module_of
from torch_files import saved as write_file
from typer.testing import CliRunner

ROWS = [
    ["both-ways", "test", "gru", "7", "2"],
    ["gru", "test", "gru", "7", "1"],
    ["letters", "other", "rnn", "7", "1"],
    ["lstm", "test", "lstm", "7", "1"],
    ["rnn", "test", "rnn", "7", "1"],
    ["broken", "broken: config.json: the file is missing", "", "", ""],
]


def test_each_model_is_listed_and_a_broken_one_with_the_reason(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GATESCOPE_MODELS", str(models))
    for arguments in ([], ["--folder", str(models)]):
        done = CliRunner().invoke(app, ["models", *arguments])
        assert done.exit_code == 0
        rows = [row.split("│")[1:-1] for row in done.stdout.splitlines() if "│" in row]
        assert [[cell.strip() for cell in row] for row in rows] == ROWS
        assert str(models) in done.stdout


def test_another_folder_can_be_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "│" not in done.stdout


def test_nothing_in_a_folder_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    saved(tmp_path / "good", task="[red]\x1b[31m")
    (tmp_path / "[b]\x1b[2J").mkdir()
    saved(tmp_path / "bad")
    edited("config.json", lambda old: {**old, "[/b]\x1b]0;title\x07": 1})(tmp_path / "bad")
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    rows = [[cell.strip() for cell in row.split("│")[1:3]] for row in done.stdout.splitlines() if "│" in row]
    assert rows == [
        ["good", r"[red]\x1b[31m"],
        [r"[b]\x1b[2J", "broken: the name of its folder holds a control character: rename the folder"],
        ["bad", r"broken: config.json: [/b]\x1b]0;title\x07: Extra inputs are not permitted"],
    ]


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)])
    message = f"gatescope: the folder of models {tmp_path} cannot be read: Permission denied\n"
    assert (done.exit_code, done.stderr) == (1, message)


@pytest.fixture
def imported(tmp_path: Path, _reading_here: None) -> dict[str, str]:
    """The settings of an installation into which one model was imported, from the file ``model.pt`` next to it."""
    weights = write_file(module_of("LSTM")[0].state_dict(), tmp_path)
    assert weights == tmp_path / "model.pt"
    settings = {"GATESCOPE_IMPORTED": str(tmp_path / "imported"), "COLUMNS": "200"}
    done = CliRunner().invoke(app, ["import", str(weights), "--name", "mine"], env=settings)
    assert done.exit_code == 0, done.stderr
    return settings


def run(settings: dict[str, str], *arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["models", *map(str, arguments)], env=settings)
    return done.exit_code, done.stdout, done.stderr


def test_an_imported_model_is_listed_shown_and_removed(imported: dict[str, str], models: Path) -> None:
    settings = imported | {"GATESCOPE_MODELS": str(models)}
    for arguments in ([], ["list"]):
        code, out, _ = run(settings, *arguments)
        assert code == 0
        assert sum(line.startswith("│ mine ") for line in out.splitlines()) == 1
    assert "mine" not in run(settings, "list", "--folder", models)[1]
    code, _, error = run(settings, "--folder", models, "list")
    assert (code, error) == (2, "gatescope: the option --folder belongs behind 'list'\n")

    code, out, _ = run(settings, "show", "mine")
    assert (code, out.splitlines()[0]) == (0, "mine: mine")
    assert "PyTorch: " in out
    assert "rounding explains" in " ".join(out.split())
    assert run(settings, "show", "lstm")[1].endswith("not imported\n")

    where = settings["GATESCOPE_IMPORTED"]
    assert run(settings, "remove", "mine") == (0, f"removed mine from {where}\n", "")
    assert run(settings, "remove", "mine")[2] == (
        f"gatescope: 'mine' is not an imported model: there is none of that name in {where}\n"
    )
    assert (models / "lstm").exists()
    assert run(settings, "remove", "lstm")[0] == 1
    assert run(settings | {"GATESCOPE_IMPORTED": ""}, "remove", "lstm")[2].endswith(": importing is switched off\n")


def test_the_proof_is_run_again_and_fails_for_weights_that_are_others(
    imported: dict[str, str], models: Path, tmp_path: Path
) -> None:
    code, out, _ = run(imported, "verify", "mine", tmp_path / "model.pt")
    assert code == 0
    assert "rounding explains" in " ".join(out.split())

    code, _, error = run(imported, "verify", "mine", tmp_path / "nothing.pt")
    assert (code, error) == (1, f"gatescope: {tmp_path / 'nothing.pt'}: there is no such file or folder\n")
    (tmp_path / "other").mkdir()
    other = write_file(module_of("GRU")[0].state_dict(), tmp_path / "other")
    code, _, error = run(imported, "verify", "mine", other)
    assert code == 1
    assert error.startswith("gatescope: mine: it was imported from another file, 'model.pt' with the SHA-256 ")
    code, _, error = run(imported | {"GATESCOPE_MODELS": str(models)}, "verify", "lstm", other)
    assert error == "gatescope: lstm: the model was not imported, so there is no file to compare it with\n"

    model = load_model(tmp_path / "imported" / "mine")
    weights = model.network.state_dict()
    first = next(iter(weights))
    weights[first] = weights[first] + 0.001
    model.network.load_state_dict(weights)
    about = model.config.model_dump(exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256", "input"})
    save_model(model.folder, model.network, None, about, report=model.imported)
    code, _, error = run(imported, "verify", "mine", tmp_path / "model.pt")
    assert code == 1
    assert "more than the" in error
