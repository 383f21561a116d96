"""Whether the process is up, and whether a trace would succeed."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from fastapi import APIRouter, FastAPI
from fastapi_problem.error import Problem
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from ..api.traces.outputs import shown_top
from ..api.traces.routes import trace_json
from ..api.traces.schemas import TraceBody
from ..api.wire.sequence import sample
from ..settings import Settings
from ..store.store import Store

logger = logging.getLogger(__name__)

router = APIRouter(tags=["service"])

KEPT_FOR = 1.0  # seconds for which a trial answers all that ask
PATIENCE = 5.0  # seconds that a trial may take


class Health(BaseModel):
    """Whether the process is up."""

    status: str = Field(description="`ok`.")


class Readiness(BaseModel):
    """Whether a trace would succeed."""

    status: str = Field(
        description="`ok`; `no models` where none can be used; `no trace` where a trace of the model that the page "
        "opens with fails, or takes more than some seconds: the log says why."
    )
    models: int = Field(ge=0, description="Models that serve.")
    broken: int = Field(ge=0, description="Models that are installed but cannot be used.")


class Trial:
    """A tiny trace of the model that the page opens with, run to see whether it succeeds.

    It runs in a thread of its own, so that it neither waits for those that answer requests nor takes one from them; one
    that takes too long is not joined by another.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._thread = ThreadPoolExecutor(1, "readiness")
        self._running: asyncio.Future[bool] | None = None
        self._store: Store | None = None  # that the result is of
        self._until = 0.0
        self._result = False

    async def succeeds(self, store: Store) -> bool:
        """Return whether a trace succeeds; the result is kept for a moment, as long as the models are the same."""
        if store is self._store and time.monotonic() < self._until:
            return self._result
        if self._running is None or self._running.done():
            loop = asyncio.get_running_loop()
            self._running = loop.run_in_executor(self._thread, self._run, store)
        done, _ = await asyncio.wait([self._running], timeout=PATIENCE)
        if not done:
            logger.error("a trace of one word has not ended in %g seconds: the server is overloaded or stuck", PATIENCE)
        self._result = bool(done) and self._running.result()
        self._store, self._until = store, time.monotonic() + KEPT_FOR
        return self._result

    def _run(self, store: Store) -> bool:
        model = store.models.get(self._settings.default_model) or next(iter(store))
        letter = next(iter(model.config.network.cell_definition.activations))
        options = TraceBody(
            **sample(model, 1), top=shown_top(model.config.network.outputs), activations=[letter], units=[0], layers=[0]
        )
        try:
            trace_json(model, options, self._settings)
        except Problem as problem:
            logger.error("a trace of the model %s would fail: %s", model.id, problem.detail)
            return False
        except Exception:
            logger.exception("a trace of the model %s would fail", model.id)
            return False
        return True


def install(app: FastAPI) -> None:
    """Add the probes to ``app``."""
    app.state.trial = Trial(app.state.settings)
    app.include_router(router)


@router.get("/healthz", summary="Process up")
async def healthz() -> Health:  # without a thread: all of them may be busy
    """Answer as long as the process runs."""
    return Health(status="ok")


@router.get(
    "/readyz", summary="Ready to trace", responses={503: {"model": Readiness, "description": "A trace would fail."}}
)
async def readyz(request: Request, response: Response) -> Readiness:
    """Tell whether a trace would succeed, by running a tiny one, at most once a second."""
    store: Store = request.app.state.store
    status = "no models"
    if store.models:
        status = "ok" if await request.app.state.trial.succeeds(store) else "no trace"
    if status != "ok":
        response.status_code = 503
    return Readiness(status=status, models=len(store.models), broken=len(store.broken))
