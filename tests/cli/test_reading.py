"""The process that reads a file for a command: its crash, its limits, and Ctrl-C."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gatescope.cli import app
from gatescope.importers import child, process
from gatescope.store.importing import HIDDEN, BusyError, sweep, workspace
from gatescope.store.loading import load_model
from serving import FAKE_CHILD, is_running, killed_at_last, wait_until
from torch_files import module_of, saved
from typer.testing import CliRunner

ASKS = "say which by --answer nonlinearity=tanh or --answer nonlinearity=relu"
KEPT = "and nothing was kept"
TAKES = "reading it takes more than"
ALLOW = f"{KEPT}: where you know what it is, allow more by"
AGAIN = f"{KEPT}: save the file once more where it comes from, and report this if that does not help\n"


@pytest.fixture
def _fake_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", FAKE_CHILD)


def read(folder: Path, what: dict[str, Any], *options: str) -> tuple[int, str]:
    """Import a file that tells the child what to do."""
    (folder / "what.pt").write_text(json.dumps(what))
    done = CliRunner().invoke(app, ["import", str(folder / "what.pt"), "--into", str(folder / "models"), *options])
    return done.exit_code, done.stderr.removeprefix(f"gatescope: {folder / 'what.pt'}: ")


@pytest.mark.usefixtures("_fake_child")
@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ({"do": "die"}, (), f"the process that read it ended by itself (signal 9), {AGAIN}"),
        ({"do": "spin"}, (), f"{TAKES} 0 seconds, {ALLOW} --seconds\n"),
        ({"do": "wait"}, ("--seconds", "1"), f"{TAKES} 1 seconds, {ALLOW} --seconds\n"),
        ({"do": "allocate"}, (), f"{TAKES} 1.0 GB of memory, {ALLOW} --memory\n"),
        ({"do": "allocate"}, ("--memory", "1500"), f"{TAKES} 1.5 GB of memory, {ALLOW} --memory\n"),
        ({"do": "refuse", "why": "this is an image"}, (), "this is an image\n"),
        ({"do": "ask"}, (), f"the file does not say: {ASKS}\n"),
    ],
)  # fmt: skip
def test_however_reading_ends_the_command_says_so_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: dict[str, Any], options: tuple[str, ...], said: str
) -> None:
    if what["do"] == "spin":
        monkeypatch.setattr(child, "SECONDS", 0.4)
    assert read(tmp_path, {**what, "into": str(tmp_path / "noted")}, *options) == (1, said)
    assert {each.name for each in tmp_path.iterdir()} <= {"what.pt", "noted"}


@pytest.mark.usefixtures("_fake_child")
def test_the_owner_of_the_machine_may_allow_more(tmp_path: Path) -> None:
    code, error = read(tmp_path, {"do": "allocate"}, "--memory", "3000", "--seconds", "60")
    assert (code, error) == (1, f"gatescope: {tmp_path / 'models/what'}: No such file or directory\n"), "it was done"


@pytest.mark.usefixtures("_fake_child")
def test_a_model_that_enters_meanwhile_stays(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "what").symlink_to(tmp_path / "nowhere")
    taken = f"there is a model what in {tmp_path / 'models'} already: choose another name, or remove that one first\n"
    what = {"do": "copy", "model": str(models / "lstm")}
    assert read(tmp_path, what) == (1, taken)
    monkeypatch.setattr(sys.modules["gatescope.cli.import_model"], "require_free", lambda *_: None)
    assert read(tmp_path, what) == (1, taken)
    assert [each.name for each in (tmp_path / "models").iterdir()] == ["what"]


@pytest.mark.slow("starts the command, and PyTorch, in a process of its own", seconds=4)
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_the_process_ends_with_the_command_and_what_it_leaves_goes_with_the_next_import(
    tmp_path: Path, sent: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, path, imported = tmp_path / "noted", tmp_path / "what.pt", tmp_path / "models"
    monkeypatch.setenv("GATESCOPE_IMPORTED", str(imported))
    path.write_text(json.dumps({"do": "wait", "into": str(noted)}))
    code = (
        "import sys; from gatescope.cli import app; from gatescope.importers import process; "
        f"process.COMMAND = {FAKE_CHILD!r}; app(['import', sys.argv[1]])"
    )
    with killed_at_last(subprocess.Popen([sys.executable, "-c", code, path], stderr=subprocess.PIPE)) as command:
        wait_until(lambda: noted.exists() and noted.read_text() != "")
        pid = json.loads(noted.read_text())["pid"]
        with pytest.raises(BusyError) as busy, workspace(imported):
            pass
        command.send_signal(sent)
        _, error = command.communicate()
    wait_until(lambda: not is_running(pid))
    assert not is_running(pid)
    assert busy.value.name == "what"
    if sent == signal.SIGINT:
        assert (command.returncode, error) == (130, b"")
    else:
        assert len(list((imported / HIDDEN).iterdir())) == 2, "its lock, and where it was at work"
        sweep(imported)
    assert [each.name for each in imported.rglob("*")] == [HIDDEN, "lock"]


@pytest.mark.slow("starts PyTorch three times", seconds=9)
def test_a_file_is_imported_and_verified_by_the_real_process(tmp_path: Path) -> None:
    path, runner = saved(module_of("relu")[0].state_dict(), tmp_path), CliRunner()
    settings = {"GATESCOPE_IMPORTED": str(tmp_path / "imported"), "COLUMNS": "200"}
    asked = runner.invoke(app, ["import", str(path)], env=settings)
    assert (asked.exit_code, "say which by --answer nonlinearity=tanh" in asked.stderr) == (1, True)
    answer = ["--answer", "nonlinearity=relu"]
    done = runner.invoke(app, ["import", str(path), *answer], env=settings)
    assert (done.exit_code, done.stderr) == (0, ""), "nothing is drawn where there is no terminal"
    model = load_model(tmp_path / "imported" / "model")
    assert model.imported is not None
    assert {each.name for each in (tmp_path / "imported").rglob("*") if each.parent.name != "model"} == {
        *("model", HIDDEN, "lock")
    }
    done = runner.invoke(app, ["models", "verify", "model", str(path), *answer], env=settings)
    assert (done.exit_code, model.imported.verdict in " ".join(done.stdout.split())) == (0, True)
