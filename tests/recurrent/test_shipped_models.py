"""The trained models, whose large weights and states are a harder test of rounding than fresh ones."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
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

    Over many steps a network may amplify what it is given: an error that a rounding of its weights makes passes too.
    A cell state has no bound, and one that counts feeds its own rounding back for as long as it counts: there two
    millionths of its greatest number pass.
    """
    ours = model.trace(**model.input_of(text))
    tokens = list(ours.tokens)
    double = copy.deepcopy(model.network).double()
    theirs, exact = fused_states(model.network, tokens), fused_states(double, tokens)
    generator = torch.Generator().manual_seed(0)
    for weight in double.recurrent.parameters():
        weight.mul_(1 + 2**-24 * (2 * torch.randint(2, weight.shape, generator=generator) - 1))  # half a last bit
    rounded = fused_states(double, tokens)
    for layer in ours.layers:
        place = (layer.layer, layer.direction)
        for letter, reference in exact[place].items():
            runs = (layer[letter], theirs[place][letter], rounded[place][letter])
            our_error, their_error, of_rounding = (np.abs(a - reference).max() for a in runs)
            allowed = max(3 * their_error, of_rounding, 2e-6 * np.abs(reference).max() if letter == "c" else 1e-6)
            assert our_error <= allowed, (*place, letter)
