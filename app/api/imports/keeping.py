"""Keep an upload whose import asks a question, so that its answer need not bring the files again."""

from asyncio import TimerHandle, get_running_loop
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from ...store.importing import discard, keep

KEPT = 300  # seconds: to find out what a file cannot say


class KeptUpload:
    """The upload that this process keeps, if it keeps one: for a while, and as long as it runs."""

    def __init__(self, imported: Path) -> None:
        self._imported = imported
        self._secret = ""
        self._timer: TimerHandle | None = None
        self.is_closed = False

    def keep(self, folder: Path) -> str:
        """Keep what is in the folder of a workspace, in the place of an earlier one; return its secret.

        The secret is empty if nothing can be kept.
        """
        self.drop()
        if self.is_closed:
            return ""
        try:
            self._secret = keep(folder)
        except OSError:
            return ""
        self._timer = get_running_loop().call_later(KEPT, self.drop)
        return self._secret

    def drop(self) -> None:
        """Remove it from disk, if it is still there."""
        if self._timer:
            self._timer.cancel()
        if self._secret:
            discard(self._imported, self._secret)
        self._secret, self._timer = "", None


@asynccontextmanager
async def dropped_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    """Remove what ``app`` keeps when it stops."""
    yield
    kept: KeptUpload | None = app.state.kept_upload
    if kept:
        kept.is_closed = True
        kept.drop()
