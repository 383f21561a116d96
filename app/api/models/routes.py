"""The models of this server."""

import math
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from ...recurrent.cells.cell import Cell
from ...recurrent.reading import MANY
from ...store.fields import Statistics
from ...store.model import Model
from ...store.store import Store
from ..wire import problems
from ..wire.model import AModel
from ..wire.openapi import problem_responses
from .schemas import ActivationInfo, BrokenModel, ModelCard, ModelList, ModelSummary, OutputNames

MOST_NAMES = 10_000  # in one answer

router = APIRouter(prefix="/models", tags=["models"])


def activation_info(cell: Cell) -> list[ActivationInfo]:
    """Return what a trace of ``cell`` holds, in order."""
    return [
        ActivationInfo(
            letter=each.letter,
            name=each.name,
            kind=each.kind,
            minimum=each.low if math.isfinite(each.low) else None,
            maximum=each.high if math.isfinite(each.high) else None,
        )
        for each in cell.letters
    ]


def summary(model: Model) -> ModelSummary:
    """Return the entry of ``model`` in the list of models."""
    network = model.config.network
    return ModelSummary(
        id=model.id,
        title=model.config.title,
        task=model.config.task,
        cell=network.cell,
        hidden_size=network.hidden_size,
        layers=network.layers,
        bidirectional=network.bidirectional,
        input=model.config.input,
    )


def card(model: Model) -> ModelCard:
    """Return all that is known about ``model``."""
    config = model.config
    return ModelCard(
        **summary(model).model_dump(),
        **config.model_dump(
            include={
                *(
                    "description",
                    "language",
                    "opposite",
                    "examples",
                    "metrics",
                    "units",
                    "shares",
                ),
                "licence",
            }
        ),
        outputs=config.outputs[:MANY],
        columns=config.columns,
        tokenizer=config.tokenizer,
        variant=config.network.cell_definition.variant,
        network=config.network,
        weights_sha256=config.weights_sha256,
        parameters=sum(each.numel() for each in model.network.parameters()),
        recurrent_parameters=sum(each.numel() for each in model.network.recurrent.parameters()),
        activations=activation_info(config.network.cell_definition),
        predicts_next=bool(config.predicts_next),
        next_outputs=list(model.next_outputs[:MANY]),
    )


@router.get("", summary="All models", responses=problem_responses(s503="The server is busy, or stops."))
def list_models(request: Request) -> ModelList:
    """List the models that serve, and those that are installed but broken, with the reason."""
    store: Store = request.app.state.store
    return ModelList(
        models=[summary(model) for model in store],
        broken=[BrokenModel(id=model, reason=reason) for model, reason in store.broken.items()],
    )


@router.get(
    "/{model}",
    summary="One model's card",
    responses=problem_responses(404, 503),
)
def get_model(model: AModel) -> ModelCard:
    """Return cell, sizes, task, vocabulary kind, figures, named units, licence and checksum of one model."""
    return card(model)


@router.get("/{model}/outputs", summary="Names of one model's outputs", responses=problem_responses(404, 422, 503))
def get_outputs(
    model: AModel,
    offset: Annotated[int, Query(ge=0, description="Place of the first output wanted, from 0.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_NAMES, description="How many are wanted.")] = MANY,
) -> OutputNames:
    """Return the names of some outputs, and the tokens that they are about: of many outputs, the card has the first."""
    stop = offset + limit
    about = {output: token for token, output in enumerate(model.next_outputs)}
    names = model.config.outputs[offset:stop]
    return OutputNames(
        model=model.id,
        count=len(model.config.outputs),
        offset=offset,
        names=names,
        tokens=[about.get(offset + place) for place in range(len(names))] if about else [],
    )


@router.get(
    "/{model}/statistics",
    summary="What one model's activations do over held-out text",
    responses=problem_responses(503, s404="No such model, or one without statistics."),
)
def get_statistics(model: AModel) -> Statistics:
    """Return mean and spread of every activation, and how often each gate is nearly shut or wide open, by unit."""
    if model.statistics is None:
        raise problems.no_statistics(model.id)
    return model.statistics
