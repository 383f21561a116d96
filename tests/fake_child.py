"""A process that imports as the real one does, within the same limits, but does what the file tells it to."""

import importlib.util
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_spec = importlib.util.spec_from_file_location("child", sys.argv[1])  # without PyTorch, which takes seconds
assert _spec
assert _spec.loader
child: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(child)


def copy(job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    shutil.copytree(what["model"], Path(job["into"]) / job["name"])


def note(job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    token = os.environ.get("GATESCOPE_TOKEN", "")
    Path(what["into"]).write_text(json.dumps({**job, "pid": os.getpid(), "token": token}))


def wait(job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    (Path(job["into"]) / job["name"]).mkdir(parents=True)
    note(job, what)
    time.sleep(60)


def spin(job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    note(job, what)
    while True:
        pass


def ask(job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    if job["answers"].get("nonlinearity") != "tanh":
        raise child.RefusedError("the file does not say", "nonlinearity", ["tanh", "relu"])
    copy(job, what)


def refuse(_job: Mapping[str, Any], what: Mapping[str, Any]) -> None:
    raise child.RefusedError(what["why"])


def allocate(_job: Mapping[str, Any], _what: Mapping[str, Any]) -> None:
    bytearray(2_000_000_000)


def die(_job: Mapping[str, Any], _what: Mapping[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(_job: Mapping[str, Any], _what: Mapping[str, Any]) -> None:
    raise KeyError("a name in the file")


def fill(_job: Mapping[str, Any], _what: Mapping[str, Any]) -> None:
    raise OSError(28, "No space left on device")


DEEDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], None]] = {
    each.__name__: each for each in (copy, note, wait, spin, ask, refuse, allocate, die, fail, fill)
}


def do(job: Mapping[str, Any], tell: Callable[[float], None]) -> None:
    path = Path(job["path"])
    what = json.loads((path / "what" if path.is_dir() else path).read_text())
    tell(0.25)
    print("what a library prints")  # noqa: T201  it must not disturb the answers
    DEEDS[what["do"]](job, what)


if __name__ == "__main__":
    child.main(do)
