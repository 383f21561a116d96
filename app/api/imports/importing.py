"""One import from its upload to the model that serves."""

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

from anyio.to_thread import run_sync
from fastapi_problem.error import Problem
from starlette.datastructures import State
from starlette.requests import Request

from ...importers.child import Limits
from ...importers.found import ImportRefusedError
from ...importers.saving import name_for
from ...settings import Settings
from ...store.importing import BusyError, FullError, GoneError, TakenError, put, require_room, workspace
from ...store.store import Store
from ...store.watched import WatchedStore
from ..models.routes import summary
from ..wire.problems import invalid_request
from . import problems
from .receiving import receive, received_in
from .running import run
from .schemas import ImportQuery

logger = logging.getLogger(__name__)

Progress = float | dict[str, Any]
"""The share that is done, in [0, 1), and last the model."""


async def carried_out(request: Request, options: ImportQuery, kept: str) -> AsyncGenerator[Progress]:
    """Import the file in the body of ``request``, or the one that is ``kept`` by a secret.

    Yields first 0, once it has come, and last the model. Raises a problem if it cannot, and ClientDisconnect if the
    client goes. Nothing is then left on disk, except the files of an import that asks a question: the problem has the
    secret by which they are kept for a while.
    """
    settings: Settings = request.app.state.settings
    imported = settings.imported
    assert imported is not None  # noqa: S101  or importing would not be permitted
    name = _name(options)
    _require_free(name, request.app.state.store, imported)
    with _told_as_problems(name), workspace(imported, name, kept) as (folder, lock):
        await run_sync(require_room, imported, folder, settings.max_imported)
        if not kept:
            await receive(request.headers.get("content-type", ""), request.stream(), folder)
        received = received_in(folder)
        yield 0.0
        new = folder / "model" / name
        job = {
            "path": str(received.path),
            "vocabulary": str(received.vocabulary or ""),
            "columns": str(received.columns or ""),
            "into": str(new.parent),
            "name": name,
            "title": options.title,
            "module": options.module,
            "answers": options.answers(),
        }
        try:
            async with aclosing(run(request, job, Limits.of(received.path), lock)) as progress:
                async for done in progress:
                    yield done
        except Problem as problem:
            if "question" in problem.extras:
                problem.extras.update(await _kept(folder, imported, request.app.state))
            raise
        await run_sync(require_room, imported, new, settings.max_imported)
        put(new, imported)
    logger.info("the model %s was imported", name)
    yield await _served(request, imported / name)


def _name(options: ImportQuery) -> str:
    try:
        return name_for(Path(), options.name)
    except ImportRefusedError as error:
        raise invalid_request("name", str(error)) from None


def _require_free(name: str, store: Store, imported: Path) -> None:
    """Raise a problem if a model has the name already, or something else in the folder of imported ones."""
    if name in {path.name for path in store.entries} or (imported / name).exists():
        raise problems.name_taken(name)


async def _kept(folder: Path, imported: Path, state: State) -> dict[str, str]:
    """Keep the files in the folder of a workspace, if there is room; return what the problem says of that."""
    try:
        await run_sync(require_room, imported, folder, state.settings.max_imported)
    except FullError:
        return {}
    secret = state.kept_upload.keep(folder)
    return {"kept_upload": secret} if secret else {}


@contextmanager
def _told_as_problems(name: str) -> Iterator[None]:
    """Raise what goes wrong on disk as problems."""
    try:
        yield
    except BusyError as error:
        raise (problems.name_under_way(name) if error.name == name else problems.import_under_way()) from None
    except GoneError:
        raise problems.upload_gone() from None
    except TakenError:
        raise problems.name_taken(name) from None
    except FullError as error:
        raise problems.quota_exceeded(error.taken, error.limit) from None
    except OSError as error:
        raise problems.not_written(error.strerror or str(error)) from None


async def _served(request: Request, folder: Path) -> dict[str, Any]:
    """Return the model in ``folder`` as the API lists it, once it serves."""
    watched: WatchedStore = request.app.state.watched
    request.app.state.store = store = await run_sync(watched.refresh)
    entry = store.entries.get(folder, "it was removed at once")
    if isinstance(entry, str):
        raise problems.import_refused(entry)
    return summary(entry).model_dump(mode="json")
