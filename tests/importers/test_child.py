"""The process that imports an upload: the real one, with PyTorch, within its limits."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gatescope.importers.child import MEMORY, MEMORY_PER_BYTE, SECONDS, SECONDS_PER_BYTE, Limits, RefusedError, outcome
from gatescope.store.loading import load_model
from torch_files import module_of, saved

JOB = {"vocabulary": "", "name": "mine", "title": "", "module": "", "answers": {}, "limits": [20, 1_000_000_000]}


def imported(path: Path, into: Path, **job: Any) -> list[dict[str, Any]]:
    """What the process says of a file."""
    given = json.dumps({**JOB, "path": str(path), "into": str(into), **job})
    command = [sys.executable, "-m", "gatescope.importers"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{given}\n")
        process.stdin.flush()  # and stays open, as the server's does
        said = process.stdout.read()
    assert process.returncode == 0
    return [json.loads(line) for line in said.splitlines()]


@pytest.mark.slow("starts PyTorch three times", seconds=8)
def test_a_file_is_imported_refused_or_asked_about_as_by_the_command(tmp_path: Path) -> None:
    path = saved(module_of("relu")[0].state_dict(), tmp_path)
    why = "the weights of an RNN do not say which nonlinearity it computes with"
    asked = {"refused": why, "question": "nonlinearity", "choices": ["tanh", "relu"]}
    assert imported(path, tmp_path / "models") == [{}, asked]
    assert not (tmp_path / "models").exists()
    lines = imported(path, tmp_path / "models", answers={"nonlinearity": "relu"})
    assert lines == [{}, {"done": 0.2}, {"done": 0.3}, {"done": 0.8}, {"saved": True}]
    assert load_model(tmp_path / "models" / "mine").imported is not None
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    [begun, refused] = imported(tmp_path / "image.png", tmp_path / "models", name="image")
    assert (begun, refused["refused"].startswith("this is not a file that can be imported")) == ({}, True)


def test_a_large_file_may_take_more(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(100_000_000)
    assert Limits.of(tmp_path / "a") == (40, 1_500_000_000)
    assert Limits.of(tmp_path) == (60, 2_000_000_000)


@pytest.mark.parametrize("page", ["importing.md", "deployment.md"])
def test_the_limits_are_documented(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text("utf-8")
    assert f"{SECONDS} seconds and {MEMORY / 1e9:.0f} GB" in text
    assert f" {SECONDS_PER_BYTE * 1e6:.1f} seconds and {MEMORY_PER_BYTE} MB more for each " in text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RefusedError("no"), {"refused": "no", "question": "", "choices": ()}),
        (OSError(28, "No space left on device"), {"unwritten": "No space left on device", "file": ""}),
        (MemoryError(), {"memory": True}),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), {"memory": True}),
        (ValueError("quotes a file"), {"failed": "ValueError at test_child.py:"}),
    ],
)
def test_every_outcome_is_said_without_what_the_file_holds(error: Exception, said: dict[str, Any]) -> None:
    def do(_job: Any, _tell: Any) -> None:
        raise error

    told = dict(outcome(do, {}, lambda _: None))
    if "failed" in said:
        told["failed"] = told["failed"].rstrip("0123456789")
    assert told == said
