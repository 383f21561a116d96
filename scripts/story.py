"""Measure what the figures of the story show, into app/web/story/measured.json: `python scripts/story.py`.

A test measures it again, so run this after models have changed.
"""

from pathlib import Path
from typing import Any

import orjson
from gatescope.recurrent.memory import distance, timescales
from gatescope.recurrent.memory.altered import with_recurrence
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.trace import Engine, trace
from gatescope.store.loading import load_model
from gatescope.web.story.chapters import NOVEL
from gatescope.web.story.figures import MEASURED

MODELS = Path(__file__).parents[1] / "models"
CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN": "rnn"}
FURTHEST = 40  # characters
FLAG = "+" + ("qjxhvmzkwp" * 5) + "?"


def gradients(cell: str, factor: float, engine: Engine = "compiled") -> list[float]:
    """Return the medians of the norms of ∂h/∂x by distance, as powers of ten, with recurrent weights × ``factor``."""
    model = load_model(MODELS / f"prose-{cell}")
    network = with_recurrence(model.network, factor)
    [(_, jacobians)] = layer_jacobians(network, trace(network, model.tokenizer(NOVEL), engine=engine))
    medians = timescales.by_distance(distance.norms(jacobians, "input"))
    return [round(float(each), 3) for each in medians[: FURTHEST + 1]]


def flag(cell: str) -> list[float]:
    """Return what a model says of a flag after each letter: the probability of "+"."""
    return [round(float(each), 3) for each in load_model(MODELS / f"flag-{cell}").trace(FLAG).outputs[:, 0]]


def measured() -> dict[str, Any]:
    """Return what the figures show."""
    return {
        "gradients": {
            name: {label: gradients(cell, factor) for label, cell in CELLS.items()}
            for name, factor in (("as trained", 1.0), ("doubled", 2.0))
        },
        "flag": {label: flag(cell) for label, cell in CELLS.items()},
    }


if __name__ == "__main__":
    MEASURED.write_bytes(orjson.dumps(measured(), option=orjson.OPT_INDENT_2))
