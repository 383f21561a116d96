"""The model that an address names."""

from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from ...store.model import Model
from ...store.store import Store
from . import problems


async def the_model(
    request: Request, model: Annotated[str, Path(description="Name of the model, from the list of models.")]
) -> Model:
    """Return the model that the address names. Raises a problem if it is unknown or broken."""
    store: Store = request.app.state.store
    if model not in store.models:
        if model in store.broken:
            raise problems.broken_model(model, store.broken[model])
        raise problems.unknown_model(model, list(store.models))
    return store.models[model]


AModel = Annotated[Model, Depends(the_model)]
