"""The process that imports an upload: what ``gatescope import`` does, for a job that the server gives it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .child import RefusedError, Tell, is_out_of_memory, main


def do(job: Mapping[str, Any], tell: Tell) -> None:
    """Import the file at ``path`` into the folder ``into``, as a model called ``name``."""
    from .. import __version__
    from ..store.files import BrokenModelError
    from . import Request
    from .found import ImportRefusedError, UndecidedError
    from .saving import Wishes, import_model

    vocabulary = Path(job["vocabulary"]) if job["vocabulary"] else None
    request = Request(Path(job["path"]), job["module"], job["answers"])
    try:
        import_model(request, Path(job["into"]), __version__, Wishes(job["name"], job["title"], vocabulary), tell)
    except UndecidedError as error:
        raise RefusedError(error.why, error.question, error.choices) from None
    except (ImportRefusedError, BrokenModelError) as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        raise RefusedError(str(error)) from None


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    main(do)
