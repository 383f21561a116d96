"""gatescope doctor, on a sound installation and on broken ones."""

import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from gatescope.cli import app, doctor
from gatescope.recurrent import trace as tracing
from gatescope.web.templates import templates
from serving import free_port, random_models
from typer.testing import CliRunner


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings of an installation without a problem."""
    folder = random_models(tmp_path / "models") if (tmp_path / "models").mkdir() is None else tmp_path
    (folder / "broken").rmdir()
    with free_port() as port:
        yield {
            "GATESCOPE_MODELS": str(folder),
            "GATESCOPE_DEFAULT_MODEL": "lstm",
            "GATESCOPE_PORT": str(port),
        }


def examined(settings: dict[str, str]) -> Result:
    return CliRunner().invoke(app, ["doctor"], env=settings)


def problem(settings: dict[str, str]) -> str:
    """The one problem of an installation."""
    done = examined(settings)
    assert done.exit_code == 1
    [line] = [line for line in done.stdout.splitlines() if not line.startswith(("ok ", "skipped "))]
    assert line.startswith("problem  ")
    return line.removeprefix("problem  ")


def test_a_sound_installation(sound: dict[str, str]) -> None:
    done = examined(sound)
    assert done.exit_code == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", f"{name}:"] for name in ("versions", "settings", "files", "kernels", "models", "imports", "port")
    ]
    assert lines[4] == f"ok       models: 5 in {sound['GATESCOPE_MODELS']}, with the default model lstm"
    assert lines[5] == "ok       imports: switched off"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"GATESCOPE_THREAD": "1"},
            "settings: there is no setting GATESCOPE_THREAD: did you mean GATESCOPE_THREADS?",
        ),
        (
            {"GATESCOPE_PORT": "x"},
            "settings: the setting port (GATESCOPE_PORT): Input should be a valid integer, unable to parse string as",
        ),
        (
            {"GATESCOPE_MODELS": "nowhere"},
            "models: nowhere is not a folder: set GATESCOPE_MODELS to a folder of models, or train one with "
            "'gatescope train'",
        ),
        ({"GATESCOPE_HOST": "203.0.113.7"}, "port: cannot listen on port"),
    ],
)
def test_a_setting_that_does_not_work(sound: dict[str, str], settings: dict[str, str], line: str) -> None:
    assert problem(sound | settings).startswith(line)


def test_a_taken_port(sound: dict[str, str]) -> None:
    port = int(sound["GATESCOPE_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        assert problem(sound) == (
            f"port: port {port} of 127.0.0.1 is taken: stop what listens there, or set GATESCOPE_PORT"
        )


def test_a_broken_model(sound: dict[str, str]) -> None:
    folder = Path(sound["GATESCOPE_MODELS"])
    (folder / "gru" / "model.safetensors").write_bytes(b"")
    assert problem(sound).startswith(f"models: {folder} holds broken ones: gru: model.safetensors: ")


def test_imported_models_are_counted_and_their_folder_must_take_more(sound: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(Path(sound["GATESCOPE_MODELS"]) / "gru", tmp_path / "imported" / "mine")
    with_them = sound | {"GATESCOPE_IMPORTED": str(tmp_path / "imported")}
    lines = examined(with_them).stdout.splitlines()
    assert lines[4].endswith(f"the default model lstm, and 1 that were imported into {tmp_path / 'imported'}")
    assert lines[5] == f"ok       imports: into {tmp_path / 'imported'}"
    (tmp_path / "file").touch()
    line = problem(sound | {"GATESCOPE_IMPORTED": str(tmp_path / "file" / "below")})
    assert line.startswith(f"imports: {tmp_path / 'file' / 'below'} cannot be written to: set GATESCOPE_IMPORTED to a")


def test_no_default_model(sound: dict[str, str]) -> None:
    line = problem(sound | {"GATESCOPE_DEFAULT_MODEL": "nope"})
    assert line.startswith("models: the default model 'nope' is not in ")
    assert line.endswith(": set GATESCOPE_DEFAULT_MODEL to one of both-ways, gru, letters, lstm, rnn")


def test_an_empty_folder(sound: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert problem(sound | {"GATESCOPE_MODELS": str(tmp_path / "empty")}).startswith(
        f"models: {tmp_path / 'empty'} holds none: set GATESCOPE_MODELS"
    )


def test_a_package_in_a_wrong_version_and_one_that_is_missing(
    sound: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed(name: str) -> str:
        if name == "orjson":
            raise doctor.PackageNotFoundError(name)
        return "1.0" if name == "numpy" else real(name)

    real = doctor.version
    monkeypatch.setattr(doctor, "version", installed)
    line = problem(sound)
    assert line.startswith("versions: numpy is 1.0, and must be ")
    assert line.endswith("; orjson is missing: pip install . -c constraints.txt")


def test_versions_that_were_not_tested_are_told_and_are_not_a_problem(
    sound: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = doctor.version
    monkeypatch.setattr(doctor, "version", lambda name: "15.99" if name == "rich" else real(name))
    done = examined(sound)
    assert done.exit_code == 0
    assert "rich 15.99 (tested: " in done.stdout.splitlines()[0]


def test_a_missing_folder_of_static_files(
    sound: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("gatescope.settings.__file__", str(tmp_path / "gatescope" / "settings.py"))
    templates()  # read before
    assert problem(sound).startswith("files: the folder 'static' is neither ")


def test_a_template_that_cannot_be_read(sound: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("{% if %}")
    environment = templates().env
    monkeypatch.setattr(environment, "loader", type(environment.loader)(tmp_path))  # type: ignore[call-arg]
    line = problem(sound)
    assert line.startswith("files: TemplateSyntaxError: ")
    assert line.endswith(": install Gatescope again")


def test_kernels_that_compute_something_else(sound: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = tracing.trace

    def wrong(network: Any, tokens: Any, after: Any, engine: str) -> Any:
        traced = real(network, tokens, after, "reference")
        if engine == "compiled" and network.config.cell == "gru":
            return replace(
                traced,
                layers=[
                    replace(each, activations={**each.activations, "z": each["z"] + 0.1}) for each in traced.layers
                ],
            )
        return traced

    monkeypatch.setattr(tracing, "trace", wrong)
    assert "give another z than PyTorch: set GATESCOPE_ENGINE=reference" in problem(sound)
