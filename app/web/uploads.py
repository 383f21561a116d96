"""What the page says of the visitor's own model: whether a file is taken, and which models were imported."""

from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request

from ..api.imports.permission import why_no_uploads
from ..importers import TABLE
from ..settings import Settings
from ..store.files import printable
from ..store.store import Store


class Imported(NamedTuple):
    """An imported model, or what is broken of it."""

    name: str
    reason: str  # why it cannot be used; empty if it can
    is_shown: bool  # on this page


class Uploads(NamedTuple):
    """What the sheet on the visitor's own model is made of."""

    why_not: str  # why no file is taken from this visitor; empty if one is
    needs_token: bool  # of this visitor
    limit: int  # bytes
    formats: str  # for people
    imported: Sequence[Imported]


def uploads(request: Request, store: Store) -> Uploads:
    """Return what the page that is asked for shows."""
    shown = store.models
    imported = [
        Imported(printable(path.name), entry if isinstance(entry, str) else "", path.name in shown)
        for path, entry in sorted(store.entries.items())
        if store.is_imported(path)
    ]
    *others, last = (importer.format for importer in TABLE)
    formats = f"{', '.join(others)} or {last}" if others else last
    settings: Settings = request.app.state.settings
    why_not = why_no_uploads(request)
    needs_token = bool(why_not) and settings.imported is not None and settings.token is not None
    return Uploads("" if needs_token else why_not, needs_token, settings.max_upload, formats, imported)
