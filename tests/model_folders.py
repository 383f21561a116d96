"""Folders of small models: how the tests save one, look into it, and damage it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Tokenizer, WordTokenizer
from gatescope.store.fields import ActivationStatistics, NamedUnit, ShareAgreement, Statistics
from gatescope.store.model import Model
from gatescope.store.saving import save_model
from networks import numeric_network, random_network

VOCABULARY = ["<unk>", "the", "movie", "was", "not", "good", "naïve", "👍"]
ABOUT = {
    "title": "A small LSTM",
    "task": "sentiment",
    "description": "How likely the sentence is praise.",
    "outputs": ["positive", "negative"],
    "licence": "CC0-1.0",
    "seed": 3,
    "metrics": [{"name": "accuracy", "value": 0.8, "standard_error": 0.01, "seeds": [0.8, 0.79], "examples": 1600}],
}
STATISTICS = Statistics(
    steps=10,
    activations=[
        ActivationStatistics(
            layer=0,
            direction="forward",
            activation="f",
            mean=[0.5] * 7,
            standard_deviation=[0.1] * 7,
            left_saturated=[0.2] * 7,
            right_saturated=[0.3] * 7,
        )
    ],
)
UNIT = NamedUnit(
    feature="bracket depth",
    layer=0,
    direction="forward",
    activation="c",
    unit=6,
    sign=-1,
    measure="r",
    score=0.8,
    interval=(0.7, 0.9),
    untrained=[0.1, 0.3],
    texts=10,
    steps=200,
)
SHARES = ShareAgreement(
    texts=40,
    words=1_200,
    large=90,
    same_sign=0.9,
    same_sign_interval=(0.875, 0.925),
    correlation=0.5,
    correlation_interval=(-0.25, 0.75),
)


def network(**config: Any) -> Network:
    return random_network(**{"cell": "lstm", "vocabulary_size": len(VOCABULARY), **config})


def saved(folder: Path, net: Network | None = None, tokenizer: type[Tokenizer] = WordTokenizer, **about: Any) -> Model:
    return save_model(
        folder, net or network(), tokenizer(VOCABULARY), {**ABOUT, **about}, STATISTICS, "# A small LSTM\n"
    )


COLUMNS = [
    {"name": "temperature", "unit": "°C", "mean": 10.0, "scale": 4.0},
    {"name": "rain", "unit": "mm"},
    {"name": "wind", "unit": "m/s", "mean": -2.0, "scale": 0.5},
]


def saved_numbers(folder: Path, net: Network | None = None, **about: Any) -> Model:
    """A model that reads three numbers at each step, of an LSTM unless another is given; it has no head."""
    names = ["event", "none"][: net.config.outputs if net else 0]
    facts = {"title": "Weather", "task": "weather", "description": "No outputs.", "licence": "CC0-1.0"}
    net = net or numeric_network(cell="lstm")
    return save_model(folder, net, None, {**facts, "outputs": names, "columns": COLUMNS, **about}, card="# Weather\n")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def edited(name: str, edit: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Breaks a JSON file: what it holds is replaced by what ``edit`` makes of it."""

    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(edit(json.loads(path.read_text()))))

    return apply


def missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()
