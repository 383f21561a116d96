"""What the page's scripts are told with the page: its models, and the facts that are defined on the server."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel

from ..api.memory.schemas import WeightsChoice
from ..api.models.routes import card
from ..api.series.routes import KINDS
from ..api.traces.outputs import shown_top
from ..api.traces.routes import FORMS
from ..api.wire.values import MOST_CHARACTERS
from ..figures.invisible import Invisible, for_page
from ..recurrent.cells import TABLE
from ..recurrent.memory.altered import LEAST, MOST
from ..recurrent.memory.saturation import OPEN, SHUT
from ..settings import Settings
from ..store.model import Model
from .cells import CellInfo, cell_info
from .first_view import MAX_NUMBERS, MAX_ROWS, Comparison, FirstView
from .look import LONGEST_QUERY
from .story.chapter import Chapter
from .story.chapters import TOUR

# What the page reads of a model's card.
MODEL_FIELDS = {
    "id",
    "title",
    "task",
    "cell",
    "variant",
    "description",
    "hidden_size",
    "layers",
    "bidirectional",
    "input",
    "columns",
    "tokenizer",
    "language",
    "activations",
    "outputs",
    "opposite",
    "predicts_next",
    "examples",
    "units",
}

# Hexadecimal digits of the SHA-256 of weights by which the page's address tells them from others.
WEIGHTS_ID = 8

Weights = Literal["trained", "untrained", "forget1", "start"]


class WeightsInfo(BaseModel):
    """Weights whose memory the page shows."""

    name: WeightsChoice  # in the API
    label: str  # on the page


# By their name in the page's address.
WEIGHTS: dict[Weights, WeightsInfo] = {
    "trained": WeightsInfo(name="trained", label="trained"),
    "untrained": WeightsInfo(name="untrained", label="as PyTorch initialises a network"),
    "forget1": WeightsInfo(name="untrained, forget bias 1", label="as PyTorch initialises a network, forget bias 1"),
    "start": WeightsInfo(name="untrained, as it started", label="as this model started"),
}


class Facts(BaseModel):
    """What is the same for every address of one server."""

    cells: dict[str, CellInfo]  # by variant
    comparisons: list[Comparison]
    files: dict[str, str]  # the media type of each kind of file of numbers, by its ending
    series: dict[str, str]  # the media type of each kind of file of a sequence of numbers, by its ending
    invisible: Invisible
    max_text: int  # code points
    longest_query: int  # characters: of a longer address, the text goes after the #, which stays in the browser
    max_csv: int  # code points of CSV in an address
    page_entries: int  # numbers of all heatmaps in sight together
    page_rows: int  # units in one picture, at most
    alpha: tuple[float, float]  # least and greatest factor on the recurrent weights
    weights: dict[Weights, WeightsInfo]
    saturated: tuple[float, float]  # below the first a gate is nearly shut, above the second nearly open


def facts(settings: Settings) -> Facts:
    """Return what the page's scripts would otherwise define a second time."""
    return Facts(
        cells={cell.variant: cell_info(cell) for cell in TABLE},
        comparisons=list(get_args(Comparison)),
        files={form.ending: media_type for media_type, form in FORMS.items() if form.ending},
        series={ending: media_type for media_type, ending in KINDS.items()},
        invisible=for_page(),
        max_text=settings.max_text,
        longest_query=LONGEST_QUERY,
        max_csv=MOST_CHARACTERS,
        page_entries=MAX_NUMBERS,
        page_rows=MAX_ROWS,
        alpha=(LEAST, MOST),
        weights=WEIGHTS,
        saturated=(SHUT, OPEN),
    )


def boot(view: FirstView, models: list[Model], chapters: Sequence[Chapter], settings: Settings) -> dict[str, Any]:
    """Return what stands in the page for its scripts: what it opens with, the facts, and all models in order."""
    return {
        "model": view.model.id,
        "text": view.text,
        "compare": view.compare,
        "other": view.other,
        **facts(settings).model_dump(),
        "chapters": [each.look.address() for each in chapters],
        "tour": {str(old): new for old, new in TOUR.items()} if chapters else {},
        "models": [
            page_fields(each)
            | {"weights_id": each.config.weights_sha256[:WEIGHTS_ID], "is_imported": each.imported is not None}
            | {"leaves_head_out": each.leaves_head_out}
            for each in models
        ],
    }


def page_fields(model: Model) -> dict[str, Any]:
    """Return what the page reads of a model; of many outputs, how many it asks for in place of their names."""
    top = shown_top(model.config.network.outputs)
    fields = MODEL_FIELDS if top is None else MODEL_FIELDS - {"outputs"}
    return {"outputs": []} | card(model).model_dump(mode="json", include=fields) | {"top": top}
