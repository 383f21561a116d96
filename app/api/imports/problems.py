"""What can be wrong with an import, as problems."""

from collections.abc import Sequence
from typing import Any

from fastapi_problem.error import Problem

_ELSEWHERE = "Import the file with 'gatescope import' on the machine itself, whose limits are options"


def importing_off() -> Problem:
    """Return the problem of a server that imports nothing."""
    return Problem(
        "Importing is off",
        "importing-off",
        "This server imports nothing: the setting GATESCOPE_IMPORTED names no folder. Name one, and "
        "start the server again.",
        403,
    )


def not_permitted(reason: str) -> Problem:
    """Return the problem of a request that may not upload, and has no token."""
    detail = (
        "Models are uploaded and removed only by the page of this server in a browser on its own machine, or with "
        "'Authorization: Bearer' and the token that the setting GATESCOPE_TOKEN names. This request has no token, and "
        f"{reason}."
    )
    return Problem("Not permitted", "not-permitted", detail, 403)


def wrong_token(*, has_one: bool) -> Problem:
    """Return the problem of a token that is not that of the server, or of a server that has none."""
    detail = (
        "The token is wrong: 'Authorization: Bearer' takes that of this server's setting GATESCOPE_TOKEN."
        if has_one
        else "A token is of no use, as this server has none: the setting GATESCOPE_TOKEN would name it."
    )
    return Problem("Wrong token", "wrong-token", detail, 401, {"WWW-Authenticate": "Bearer"})


def name_taken(name: str) -> Problem:
    """Return the problem of a name that a model has already."""
    detail = f"There is a model {name!r} already. Choose another name, or remove that one first."
    return Problem("Name taken", "name-taken", detail, 409)


def name_under_way(name: str) -> Problem:
    """Return the problem of a name that another import, which is under way, will give its model."""
    detail = f"An import of a model {name!r} is under way. Choose another name, or wait until that one has ended."
    return Problem("Name taken", "name-taken", detail, 409)


def import_under_way() -> Problem:
    """Return the problem of an import that comes while another one is under way."""
    detail = "Another import is under way, and there is one at a time. Try again in some seconds."
    return Problem("Import under way", "import-under-way", detail, 503, {"Retry-After": "5"})


def quota_exceeded(taken: int, limit: int) -> Problem:
    """Return the problem of models that would take more than the setting ``max_imported``."""
    detail = (
        f"The imported models would take {taken:,} bytes; this server keeps up to {limit:,}. Remove one, or raise "
        "GATESCOPE_MAX_IMPORTED."
    )
    return Problem("Too many imported models", "quota-exceeded", detail, 507, limit=limit)


def not_written(reason: str) -> Problem:
    """Return the problem of a folder that cannot be written to."""
    detail = f"The folder of imported models cannot be written to: {reason}. Nothing was kept."
    return Problem("Not written", "not-written", detail, 507)


def malformed_upload(what: str) -> Problem:
    """Return the problem of a body that is not the form that it should be."""
    return Problem("Malformed upload", "malformed-upload", f"The upload {what}.", 400)


def upload_gone() -> Problem:
    """Return the problem of an upload that is not kept, or not any more."""
    detail = "The server does not keep this upload any longer. Send the file again, with the answer."
    return Problem("Upload gone", "upload-gone", detail, 410)


def not_a_form(content_type: str) -> Problem:
    """Return the problem of a body that is not declared as a form."""
    declared = f"{content_type!r}" if content_type else "missing"
    detail = f"The Content-Type is {declared}; send the file as a part 'file' of multipart/form-data."
    return Problem("Unsupported media type", "unsupported-media-type", detail, 415)


def import_refused(reason: str, question: str = "", choices: Sequence[str] = ()) -> Problem:
    """Return the problem of a file that cannot be imported, with the question if an answer would help."""
    asks: dict[str, Any] = {"question": question, "choices": list(choices)} if question else {}
    which = f" Say which {question} it is: {' or '.join(choices)}." if question else ""
    return Problem("Import refused", "import-refused", f"{sentence(reason)}{which}", 422, **asks)


def import_too_large(limit: str) -> Problem:
    """Return the problem of an import that takes more than a ``limit`` of time or memory."""
    detail = f"The import takes more than the {limit} that a file of this size may take here. {_ELSEWHERE}."
    return Problem("Import too large", "import-too-large", detail, 422)


def import_failed(what: str) -> Problem:
    """Return the problem of an import whose process came to an end by itself."""
    detail = f"The import ended unexpectedly ({what}), and nothing was kept. The same file may fail again."
    return Problem("Import failed", "import-failed", detail, 422)


def not_imported(name: str) -> Problem:
    """Return the problem of a model that cannot be removed here."""
    detail = f"No imported model has the name {name!r}; others are not removed by this server."
    return Problem("Not imported", "not-imported", detail, 404)


def sentence(reason: str) -> str:
    """Return a reason with a full stop, and a capital unless it begins with a name of a file, such as "model.pt"."""
    first = reason.split(maxsplit=1)[0]
    start = reason[:1].upper() if first.rstrip(",:;").isalpha() else reason[:1]
    return f"{start}{reason[1:].removesuffix('.')}."
