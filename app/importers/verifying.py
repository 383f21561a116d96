"""Prove once more that an imported model computes what the file does that it came from."""

from pathlib import Path

from ..store.imported import ImportReport
from ..store.model import Model
from . import Request
from .building import Built
from .found import ImportRefusedError
from .proof import Origin, prove
from .saving import found_in_file, sha256_of, weights_in


def verify(model: Model, request: Request, version: str, vocabulary: Path | None = None) -> ImportReport:
    """Return a new report on ``model`` as it is on disk, compared with the file of ``request``.

    The file is read in the process that calls this: see ``import_model``.

    Raises ImportRefusedError, with the numbers, if they compute different things, or if the model was not imported from
    this file; and OSError if it cannot be read.
    """
    old = model.imported
    if old is None:
        raise ImportRefusedError("the model was not imported, so there is no file to compare it with")
    path = weights_in(request.path)
    sha256 = sha256_of(path)
    if sha256 != old.sha256:
        raise ImportRefusedError(
            f"it was imported from another file, {old.source!r} with the SHA-256 {old.sha256 or '(none: a folder)'}"
        )
    found, _ = found_in_file(request._replace(module=request.module or old.module), vocabulary)
    config = model.config
    built = Built(model.network, model.tokenizer, config.outputs, bool(config.predicts_next), ())
    return prove(found, Origin(path.resolve().name, sha256, version), built)
