"""Whether the process is up, and whether it can answer."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """Whether the process is up."""

    status: str = Field(description="`ok`.")


class Readiness(BaseModel):
    """Whether the models are loaded."""

    status: str = Field(description="`ok`, or `no models` where none can be used.")
    models: int = Field(ge=0, description="Models that serve.")
    broken: int = Field(ge=0, description="Models that are installed but cannot be used.")


@router.get("/healthz", summary="Process up")
def healthz() -> Health:
    """Answer as long as the process runs."""
    return Health(status="ok")


@router.get(
    "/readyz", summary="Models loaded", responses={503: {"model": Readiness, "description": "No model serves."}}
)
def readyz(request: Request, response: Response) -> Readiness:
    """Tell whether at least one model can answer."""
    store = request.app.state.store
    if not store.models:
        response.status_code = 503
    return Readiness(status="ok" if store.models else "no models", models=len(store.models), broken=len(store.broken))
