"""gatescope import: what it prints, saves and refuses."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from gatescope.cli import app
from gatescope.store.loading import load_model
from torch_files import module_of, saved, tagger
from typer.testing import CliRunner

NO_MODULE = "no recurrent module is called 'rnn': say which by --module (the file itself)"
pytestmark = pytest.mark.usefixtures("_reading_here")
ENVIRONMENT = {"COLUMNS": "200"}


def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["import", *map(str, arguments)], env={**ENVIRONMENT, **environment})
    return done.exit_code, done.stdout, done.stderr


def test_the_report_is_printed_and_the_model_saved(tmp_path: Path) -> None:
    network = tagger(vocabulary=9, outputs=9)
    path = saved({"state_dict": network.state_dict(), "step": tagger().rnn.state_dict()["bias_ih_l0"]}, tmp_path)
    (tmp_path / "letters.txt").write_text("\n".join(["<unk>", *"abcdefgh"]))
    (tmp_path / "text.txt").write_text("a cabbage faded")
    options = ["--vocab", tmp_path / "letters.txt", "--text", tmp_path / "text.txt", "--title", "Letters"]
    code, out, _ = run(path, "--into", tmp_path / "models", *options)
    assert code == 0
    model = load_model(tmp_path / "models/model")
    report = model.imported
    assert report is not None
    assert out.splitlines()[0] == "PyTorch: state_dict.rnn"
    assert report.verdict in " ".join(out.split())
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in out.splitlines() if line.startswith("│")]
    assert ["state_dict.rnn.weight_ih_l0", "24 × 5", "layer 0 forward, W_ih", "no"] in rows
    assert ["i f g o", f"{report.orders[0].difference:.1e}", f"{report.orders[0].bits:.2f}"] in rows
    assert sum(len(row) == 3 and len(row[0]) == 7 for row in rows) == 6, "the right order, and five wrong ones"
    assert "• unused: step" in out
    saved_in = str(tmp_path / "models/model")
    assert out.endswith(f"saved in {saved_in}\nto look at it: gatescope show TEXT --model {saved_in}\n")
    assert model.config.title == "Letters"


def test_columns_get_names_units_and_scales(tmp_path: Path) -> None:
    path, into = saved(module_of("LSTM")[0].state_dict(), tmp_path), tmp_path / "models"
    columns = [{"name": name, "unit": "m", "mean": 2.5, "scale": 0.5} for name in "abcde"]
    (tmp_path / "columns.json").write_text(json.dumps(columns))
    code, out, _ = run(path, "--into", into, "--columns", tmp_path / "columns.json")
    assert code == 0
    assert [asdict(each) for each in load_model(into / "model").config.columns] == columns
    assert "5: a, b, c, d, e" in out
    assert out.endswith(f"to look at it: gatescope show --values FILE --model {into / 'model'}\n")
    (tmp_path / "train.csv").write_text("time,a,b,c,d\n1,2,3,4,5\n")
    code, _, error = run(path, "--into", into, "--name", "other", "--columns", tmp_path / "train.csv")
    assert (code, error) == (
        1,
        f"gatescope: {path}: train.csv names 4 columns, without those that name the steps, but the network reads 5 "
        "numbers at each step: name one column for each, in the order of the weights\n",
    )


def test_a_question_is_answered(tmp_path: Path) -> None:
    path = saved(module_of("relu")[0].state_dict(), tmp_path)
    code, _, error = run(path, "--into", tmp_path / "models")
    assert code == 1
    assert error == (
        f"gatescope: {path}: the weights of an RNN do not say which nonlinearity it computes with: say which by "
        "--answer nonlinearity=tanh or --answer nonlinearity=relu\n"
    )
    assert run(path, "--into", tmp_path / "models", "--answer", "nonlinearity=relu")[0] == 0
    assert load_model(tmp_path / "models/model").config.network.nonlinearity == "relu"


def test_models_go_where_the_setting_says(tmp_path: Path) -> None:
    path = saved(module_of("LSTM")[0].state_dict(), tmp_path)
    code, out, _ = run(path, "--name", "mine", GATESCOPE_IMPORTED=str(tmp_path / "imported"))
    assert (code, out.splitlines()[-2]) == (0, f"saved in {tmp_path / 'imported/mine'}")
    assert out.endswith("to look at it: gatescope serve, then ?model=mine after the address that it prints\n")
    code, _, error = run(path, GATESCOPE_IMPORTED="")
    assert (code, error) == (
        1,
        "gatescope: importing is switched off, as GATESCOPE_IMPORTED is empty: name a folder by --into\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.pt"], 1, "missing.pt: there is no such file or folder"),
        (["loop.pt"], 1, "loop.pt: Too many levels of symbolic links"),
        (["model.pt", "--answer", "nonlinearity"], 2, "--answer 'nonlinearity' is not KEY=VALUE"),
        (["model.pt", "--module", "rnn"], 1, f"model.pt: {NO_MODULE}"),
        (["model.pt", "--text", "model.pt"], 1, "model.pt is not UTF-8"),
        (["model.pt", "--vocab", "none.txt"], 1, "none.txt: No such file or directory"),
        (["model.pt", "--columns", "none.csv"], 1, "none.csv: No such file or directory"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], code: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    saved(module_of("LSTM")[0].state_dict(), tmp_path)
    Path("loop.pt").symlink_to("loop.pt")
    assert run(*arguments, "--into", "models") == (code, "", f"gatescope: {message}\n")
    assert not Path("models").exists()


def test_nothing_of_a_file_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    state = {f"[red]\x1b[31m.{name}": weight for name, weight in module_of("LSTM")[0].state_dict().items()}
    code, out, _ = run(saved(state, tmp_path), "--into", tmp_path / "models")
    assert code == 0
    assert "\x1b" not in out
    assert r"PyTorch: [red]\x1b[31m" in out
    assert json.loads((tmp_path / "models/model/import.json").read_text())["module"] == "[red]\x1b[31m"


def test_no_refusal_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    code, out, error = run(saved({"\x1b[31m\nweight": torch.ones(2)}, tmp_path), "--into", tmp_path / "models")
    assert (code, out) == (1, "")
    assert r"none of its 1 tensors (\x1b[31m\nweight) is called weight_ih_l0" in error
    assert (error.count("\n"), error.count("\x1b")) == (1, 0)
