"""The trained models, whose large weights and states are a harder test of rounding than fresh ones."""

import copy

import numpy as np
import pytest
from gatescope.settings import data_folder
from gatescope.store import Model, Store

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


@pytest.mark.parametrize("text", SENTENCES.values(), ids=SENTENCES.keys())
@pytest.mark.parametrize("model", STORE.models.values(), ids=STORE.models.keys())
def test_rounding_errors_stay_near_those_of_torch(model: Model, text: str) -> None:
    """Against a float64 run of the same weights, at most three times the error of torch.nn in float32."""
    ours, tokens = model.trace(text), model.tokenizer(text)
    theirs, exact = (fused_states(each, tokens) for each in (model.network, copy.deepcopy(model.network).double()))
    for layer in ours.layers:
        place = (layer.layer, layer.direction)
        for letter, reference in exact[place].items():
            our_error, their_error = (np.abs(a - reference).max() for a in (layer[letter], theirs[place][letter]))
            assert our_error <= 3 * their_error, (*place, letter)
