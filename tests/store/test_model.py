"""A model that is loaded: its traces, and what its outputs are about."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope import EditError, ablate, decompose, hold, memory, patch, rank, swap
from gatescope.analysis.statistics import statistics
from gatescope.store.fields import Statistics
from gatescope.store.loading import load_model
from model_folders import VOCABULARY, contents, network, saved, saved_numbers
from networks import numeric_network


def test_a_model_traces_text(tmp_path: Path) -> None:
    model = saved(tmp_path / "small")
    trace = model.trace("The movie wasn't good")
    assert [(token.text, token.known) for token in trace.tokens] == [
        ("The", True),
        ("movie", True),
        ("was", True),
        ("n't", False),
        ("good", True),
    ]
    assert trace.layer()["f"].shape == (5, 7)
    with pytest.raises(ValueError, match="there is nothing to trace: the sequence is empty"):
        model.trace(" \n")


def test_a_model_gives_edits_its_means_its_texts_and_its_tokens(tmp_path: Path) -> None:
    model = saved(tmp_path / "small")
    other = model.trace("not good")
    edited = model.trace("the movie", [patch("h", "not good", 1, steps=[0]), swap("good", steps=[1])])
    np.testing.assert_array_equal(edited.layer()["h"][0], other.layer()["h"][1])
    assert [str(each) for each in edited.edits] == ['h@0:patch={"text":"not good","step":1}', '@1:swap="good"']
    with pytest.raises(EditError, match=r"^edits\[0\].ablate: the mean is that of a model's statistics, and there are"):
        replace(model, statistics=None).trace("the movie", [ablate("h", "mean")])
    measured = replace(model, statistics=statistics([other]))
    means = measured.trace("the movie", [ablate("h", "mean", units=[2, 0])]).layer()["h"]
    np.testing.assert_allclose(means[:, [2, 0]], np.tile(other.layer()["h"].mean(axis=0)[[2, 0]], (2, 1)), atol=1e-7)
    some = Statistics(steps=1, activations=[each for each in measured.statistics.activations if each.activation != "h"])  # type: ignore[union-attr]
    with pytest.raises(EditError, match=r"^edits\[0\].ablate: statistics.json has no mean of h in layer 0 forward$"):
        replace(model, statistics=some).trace("the movie", [ablate("h", "mean")])


def test_a_trace_knows_the_names_of_its_outputs(tmp_path: Path) -> None:
    model = saved(tmp_path / "small", verdict="negative")
    assert load_model(tmp_path / "small").config.verdict == "negative"
    head = model.trace("good").head
    assert head is not None
    assert (head.names, head.verdict) == (tuple(model.config.outputs), "negative")
    assert head.weight.tensor is model.network.head.weight
    bare = replace(model.trace("good"), head=None)
    assert model.named(bare) is bare


@pytest.mark.parametrize("predicts_next", [True, False])
def test_what_outputs_are_about_is_saved_with_the_model(tmp_path: Path, predicts_next: bool) -> None:
    outputs = [*VOCABULARY[:0:-1], "end"]
    saved(tmp_path / "small", network(outputs=8), outputs=outputs, predicts_next=predicts_next)
    assert json.loads(contents(tmp_path / "small")["config.json"])["predicts_next"] is predicts_next
    model = load_model(tmp_path / "small")
    assert model.next_outputs == ((None, 6, 5, 4, 3, 2, 1, 0) if predicts_next else ())


def test_a_model_takes_a_text_or_values(tmp_path: Path) -> None:
    words, numbers = saved(tmp_path / "words"), saved_numbers(tmp_path / "numbers")
    values = [[1.0, 2.0, 3.0]]
    for model, what in ((words, "both"), (numbers, "both")):
        with pytest.raises(ValueError, match=f"^a trace is of a text or of values, and {what} was given: give one"):
            model.trace("good", values=values)
    with pytest.raises(
        ValueError, match=r"^a trace is of a text or of values, and neither was given: give one of them$"
    ):
        numbers.trace()
    message = "^numbers reads numbers, not text: give values with its columns, 3: temperature, rain, wind$"
    with pytest.raises(TypeError, match=message):
        numbers.trace("good")
    with pytest.raises(TypeError, match=r"^words reads text, not numbers: give a str, not a Series$"):
        words.trace(values=values)


def test_edits_of_numbers(tmp_path: Path) -> None:
    model = saved_numbers(tmp_path / "numbers")
    values = [[9.0, 0.5, -1.0], [12.0, 0.0, -2.0], [8.0, 3.0, -2.5]]
    held = model.trace(values=values, edits=[hold("f", 0.25, steps=[1])])
    assert (held.layer()["f"][1] == 0.25).all()
    with pytest.raises(EditError, match=r"^edits\[0\].swap: the input is numbers, which no token can replace: change"):
        model.trace(values=values, edits=[swap("good", steps=[1])])
    other = model.trace(values=values[:2])
    patched = model.trace(values=values, edits=[patch("h", other, 1, steps=[2])])
    np.testing.assert_array_equal(patched.layer()["h"][2], other.layer()["h"][1])


def test_a_text_model_without_a_head(tmp_path: Path) -> None:
    bare = saved(tmp_path / "bare", network(outputs=0), outputs=[])
    assert bare.trace("not good").outputs.shape == (2, 0)
    assert not bare.config.predicts_next


def test_numbers_may_have_a_head(tmp_path: Path) -> None:
    traced = saved_numbers(tmp_path / "numbers", numeric_network(cell="gru", outputs=2)).trace(values=[[1, 2, 3]])
    assert traced.outputs.shape == (1, 2)
    assert traced.head is not None
    assert traced.head.names == ("event", "none")


def test_memory_and_rankings_of_numbers(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(6, 3))
    with_head = saved_numbers(tmp_path / "head", numeric_network(cell="gru", outputs=1))
    without = saved_numbers(tmp_path / "bare", numeric_network(cell="gru"))
    assert memory(with_head, values).words is not None
    measured = memory(without, values)
    assert (measured.words, measured.learning) == (None, None)
    assert [token.text for token in measured.tokens] == [str(step) for step in range(6)]
    choice = "choose from states, inputs, spectral, time_scales, saturation, spectra"
    with pytest.raises(
        ValueError, match=f"^parts: 'words' needs outputs, which a network without a head does not have: {choice}$"
    ):
        memory(without, values, ["words"])
    assert rank(with_head, values, "words").parts


def test_what_the_memory_is_made_of_is_that_of_a_loop_over_the_numbers(tmp_path: Path) -> None:
    """In float64: the LSTM's equations on (x − mean) / scale, each step's i ⊙ g times the forget gates after it."""
    random_net = numeric_network(cell="lstm", dtype=torch.float64)
    model = saved_numbers(tmp_path / "numbers", random_net)
    values = np.random.default_rng(2).normal([10, 3, -2], [4, 1, 0.5], (9, 3))
    w_ih, w_hh, b_ih, b_hh = (each.detach().numpy() for each in random_net.recurrent.parameters())
    h, c, written = np.zeros(7), np.zeros(7), np.zeros((9, 7))
    amounts = np.zeros((9, 10))  # the last column: the initial state
    for t, x in enumerate((values - np.array([10, 0, -2])) / np.array([4, 1, 0.5])):
        a_i, a_f, a_g, a_o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
        i, f, o = (1 / (1 + np.exp(-a)) for a in (a_i, a_f, a_o))
        c, written = f * c + i * np.tanh(a_g), f * written
        written[t] = i * np.tanh(a_g)
        h = o * np.tanh(c)
        amounts[t, :9] = np.abs(written).sum(axis=1)
    traced = model.trace(values=values, labels=[f"day {t}" for t in range(9)])
    made = decompose(traced)
    np.testing.assert_allclose(traced.layer()["h"][-1], h, rtol=0, atol=1e-13)
    np.testing.assert_allclose(made.amounts, amounts, rtol=0, atol=1e-12)
    assert made.columns[:2] == ("day 0", "day 1")
    assert made.shares is None


def test_gradients_by_the_numbers_are_those_of_autograd(tmp_path: Path) -> None:
    net = numeric_network(cell="gru", dtype=torch.float64)
    model = saved_numbers(tmp_path / "numbers", net)
    values = np.random.default_rng(3).normal([10, 3, -2], [4, 1, 0.5], (6, 3))
    inputs = memory(model, values, ["inputs"]).layer().inputs
    assert inputs is not None
    x = torch.tensor((values - np.array([10, 0, -2])) / np.array([4, 1, 0.5]))
    jacobian = torch.autograd.functional.jacobian(lambda x: net.recurrent(x[None])[0][0], x)  # (T, H, T, E)
    norms = torch.linalg.vector_norm(jacobian, dim=(1, 3)).log10().numpy()
    lower = np.tril_indices(6)
    np.testing.assert_allclose(inputs.log10_norms[lower], norms[lower], rtol=0, atol=1e-9)
