"""What memory can be measured of, and what is refused with the reason."""

from typing import Any

import pytest
import torch
from gatescope import edit, hold
from gatescope.recurrent.memory.subject import subject_of
from gatescope.settings import data_folder
from gatescope.store.loading import load_model
from networks import random_network, random_tokens
from torch import nn

LSTM, X = nn.LSTM(3, 4), torch.randn(5, 3)


def test_a_model_reads_its_text() -> None:
    model = load_model(data_folder("models") / "flag-lstm")
    subject = subject_of(model, "a b")
    assert subject.network is model.network
    assert subject.tokens == tuple(model.tokens("a b"))
    assert subject.next_outputs == model.next_outputs
    assert subject.has_tokens


def test_a_module_becomes_a_network_that_reads_the_rows_of_x_and_shares_its_weights() -> None:
    subject = subject_of(LSTM, X)
    assert not subject.has_tokens
    assert torch.equal(subject.network.embedded(subject.tokens), X)
    assert subject.network.head is None
    assert subject.network.weights(0, "forward").w_hh.data_ptr() == LSTM.weight_hh_l0.data_ptr()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("source", "x", "error", "message"),
    [
        (LSTM, "a text", TypeError, r"^a module reads a torch.Tensor \(T, E\), not a str$"),
        (LSTM, X[:, None], ValueError, r"^x is \(5, 1, 3\): memory is measured of one sequence \(T, E\); pick one of"),
        (LSTM, X[:, :2], ValueError, r"^x is \(5, 2\): it must be \(T, E\)"),
        (LSTM, X[:0], ValueError, "^there is nothing to trace: x has no steps$"),
        (LSTM, X.double(), TypeError, r"^x is torch.float64, the weights are torch.float32"),
        (nn.LSTM(3, 4, proj_size=2), X, ValueError, r"^the module has a projection \(proj_size=2\), whose memory is"),
        (nn.GRU(3, 4, 2, dropout=0.5), X, ValueError, r"call module.eval\(\) first$"),
        (random_network(cell="gru"), "a text", TypeError, "^a Network has no tokenizer: give its tokens, or a text to"),
        (random_network(cell="gru"), [], ValueError, "^there is nothing to measure: the sequence has no token$"),
        (
            load_model(data_folder("models") / "flag-gru"),
            X,
            TypeError,
            "^flag-gru reads text, not numbers: give a str, not a Tensor$",
        ),
        ("models/flag-gru", "a", TypeError, "^memory is measured of a model from load_model, a Network, or a .* a str"),
        (nn.Linear(3, 4), X, TypeError, "not of a Linear$"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_does_not_belong_together(source: Any, x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        subject_of(source, x)


def test_tokens_of_a_network() -> None:
    network, tokens = random_network(cell="rnn"), random_tokens(3)
    assert subject_of(network, tokens).tokens == tuple(tokens)


def test_memory_of_a_module_under_edits_is_refused() -> None:
    network = random_network(cell="gru")
    with edit(network, hold("z", 0)), pytest.raises(ValueError, match=r"^edits of the module are in force, and memory"):
        subject_of(network, random_tokens(3))
    with edit(LSTM, hold("i", 0)), pytest.raises(ValueError, match=r"^edits of the module are in force, and memory is"):
        subject_of(LSTM, X)
    assert subject_of(LSTM, X)
