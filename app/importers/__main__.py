"""The process that reads files: it does the jobs that the server and the commands give it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .child import RefusedError, Tell, is_out_of_memory, main


def do(job: Mapping[str, Any], tell: Tell) -> None:
    """Do what ``job`` says: import a file, or prove once more what was imported."""
    from ..store.files import BrokenModelError
    from .found import ImportRefusedError, UndecidedError

    try:
        (_verify if job.get("model") else _import)(job, tell)
    except UndecidedError as error:
        raise RefusedError(error.why, error.question, error.choices) from None
    except (ImportRefusedError, BrokenModelError) as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        raise RefusedError(str(error)) from None


def _import(job: Mapping[str, Any], tell: Tell) -> None:
    """Import the file at ``path`` into the folder ``into``, as a model called ``name``."""
    from .. import __version__
    from . import Request
    from .saving import Wishes, import_model

    request = Request(Path(job["path"]), job["module"], job["answers"])
    wishes = Wishes(job["name"], job["title"], _file(job, "vocabulary"), job.get("text", ""), _file(job, "columns"))
    import_model(request, Path(job["into"]), __version__, wishes, tell)


def _verify(job: Mapping[str, Any], _: Tell) -> None:
    """Compare the model in the folder ``model`` with the file at ``path``, and write a new report into ``into``."""
    from .. import __version__
    from ..store.files import IMPORT
    from ..store.loading import load_model
    from . import Request
    from .verifying import verify

    request = Request(Path(job["path"]), answers=job["answers"])
    report = verify(load_model(job["model"]), request, __version__, _file(job, "vocabulary"))
    (Path(job["into"]) / IMPORT).write_text(report.model_dump_json(), encoding="utf-8")


def _file(job: Mapping[str, Any], name: str) -> Path | None:
    return Path(job[name]) if job.get(name) else None


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    main(do)
