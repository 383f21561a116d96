"""The trained models, whose large weights and states are a harder test of rounding than fresh ones."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
from _pytest.mark import ParameterSet
from gatescope.settings import data_folder
from gatescope.store.model import Model
from gatescope.store.store import Store

from .engines import fused_states

STORE = Store(data_folder("models"))
SENTENCES = {
    "negation": "The movie was not good",
    "contrast": "The acting was terrible, but the story is wonderful and I don't regret a minute of it :)",
    "unknown words": "Zxqv wasn’t İnteresting 👩‍💻",
    "long": "I have never seen a worse film, though not a bad word of it is mine! " * 30,
}


def test_every_shipped_model_loads() -> None:
    assert STORE.broken == {}
    assert STORE.models


def texts() -> Iterator[ParameterSet]:
    """Each model with texts of the kind that it has learned: far from it, a state that counts grows with every step."""
    for name, model in STORE.models.items():
        examples = dict(enumerate(model.config.examples))
        for what, text in (SENTENCES if model.config.task == "sentiment" else examples).items():
            yield pytest.param(model, text, id=f"{name}-{what}")


@pytest.mark.parametrize(("model", "text"), list(texts()))
def test_rounding_errors_stay_near_those_of_torch(model: Model, text: str) -> None:
    """Against a float64 run of the same weights, at most three times the error of torch.nn in float32, or 10⁻⁶.

    A cell state has no bound, and one that counts feeds its own rounding back for as long as it counts: there two
    millionths of its greatest number pass.
    """
    ours = model.trace(**model.input_of(text))
    tokens = list(ours.tokens)
    theirs, exact = (fused_states(each, tokens) for each in (model.network, copy.deepcopy(model.network).double()))
    for layer in ours.layers:
        place = (layer.layer, layer.direction)
        for letter, reference in exact[place].items():
            our_error, their_error = (np.abs(a - reference).max() for a in (layer[letter], theirs[place][letter]))
            allowed = max(3 * their_error, 2e-6 * np.abs(reference).max() if letter == "c" else 1e-6)
            assert our_error <= allowed, (*place, letter)
