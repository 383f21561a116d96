"""Accuracies on held-out text."""

import numpy as np
import pytest
import torch
from gatescope.analysis.evaluation import Negated, Rated, accuracy, negation, verdicts
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.recurrent.trace import trace
from networks import random_network

TOKENIZER = WordTokenizer([UNKNOWN, "good", "bad", "not", "the"])


@pytest.fixture
def negator() -> Network:
    """A network made by hand: the sign of its one unit is that of the last word, turned by a not before it."""
    network = Network(NetworkConfig("rnn", len(TOKENIZER.vocabulary), 1, 1, 1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[:, 0] = torch.tensor([0.0, 1.0, -1.0, 0.0, 0.0])
        network.recurrent.weight_ih_l0.fill_(5)
        network.head.weight.fill_(4)
    return network


def test_a_verdict_is_what_the_trace_says_last() -> None:
    network = random_network(vocabulary_size=5, cell="lstm", outputs=2)
    texts = ["good", "the bad not good", "bad bad"] * 100  # more than one batch
    outputs = verdicts(network, TOKENIZER, texts)
    assert outputs.shape == (300, 2)
    for text, row in zip(texts[:3], outputs, strict=False):
        np.testing.assert_allclose(row, trace(network, TOKENIZER(text)).outputs[-1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(outputs[297:], outputs[:3], rtol=0, atol=1e-6)


def test_no_texts_give_no_verdicts(negator: Network) -> None:
    assert verdicts(negator, TOKENIZER, []).shape == (0, 1)


def test_a_text_without_a_token_is_named(negator: Network) -> None:
    with pytest.raises(ValueError, match=r"^the text ' ' has no token$"):
        verdicts(negator, TOKENIZER, ["good", " "])


def test_accuracy_counts_clear_ratings_alone(negator: Network) -> None:
    rated = Rated("films", ["good", "bad", "good", "the good", "bad", "bad"], [3.0, -0.5, -1.0, 0.4, 0.49, 0.5])
    (name, right), *_ = accuracy(negator, TOKENIZER, rated).items()
    assert name == "films"
    assert right.tolist() == [True, True, False, False]


def test_a_network_that_does_not_negate_flips_nothing(negator: Network) -> None:
    phrases = Negated(["good", "bad", "the"], ["not good", "not bad", "good"], [2, -2, -2])
    outcomes = {name: right.tolist() for name, right in negation(negator, TOKENIZER, phrases).items()}
    assert outcomes == {
        "held-out words, plain": [True, True, True],
        "held-out words, flipped by not": [False, False, True],
        "held-out words, not good < 0.5": [False],
        "held-out words, not bad > 0.5": [False, True],
    }


def test_a_pair_flips_only_if_both_are_right(negator: Network) -> None:
    phrases = Negated(["bad", "good", "good"], ["bad", "bad", "good"], [2, 2, 2])
    assert negation(negator, TOKENIZER, phrases)["held-out words, flipped by not"].tolist() == [False, True, False]
