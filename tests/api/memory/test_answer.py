"""The answer on memory and gradients holds what the science gives, named and encoded as described."""

import json
import math
from pathlib import Path
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope.api.memory.schemas import MemoryAnswer
from gatescope.recurrent.memory import distance, timescales
from gatescope.recurrent.memory.altered import spectra, untrained, with_recurrence
from gatescope.recurrent.memory.attribution import word_norms
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.memory.loss import label, loss_norms, next_tokens, parameter_gradient
from gatescope.recurrent.trace import trace
from gatescope.settings import data_folder
from gatescope.store.fields import Start
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from gatescope.training.trainer import fresh
from networks import random_network
from serving import HIDDEN, MODELS, WORDS, client
from starlette.testclient import TestClient

from ..asking import TEXT
from .asking import LETTERS_TEXT, TEXTS, ask, assert_same, numbers, refused, save_relu


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("alpha", [0.1, 1, 3])
@pytest.mark.parametrize("encoding", ["numbers", "base64"])
def test_answer_is_what_the_science_gives(
    api: TestClient, models: Path, name: str, alpha: float, encoding: str
) -> None:
    answer = ask(api, name, alpha=alpha, encoding=encoding, step=3, output=0, target=0, quantity="logit")
    MemoryAnswer.model_validate_json(json.dumps(answer), strict=True, extra="forbid")
    model = load_model(models / name)
    network = with_recurrence(model.network, alpha)
    tokens = model.tokenizer(TEXTS[name])
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    targets = label(len(tokens), network.config.outputs, 0)
    assert (answer["model"], answer["alpha"], answer["steps"]) == (name, alpha, len(tokens))
    assert [token["text"] for token in answer["tokens"]] == [token.text for token in tokens]
    assert_same(
        answer["words"]["log10_norms"], list(word_norms(network, whole, layers, range(len(tokens)), "logit", 0))
    )
    loss, norm = parameter_gradient(network, tokens, targets)
    assert answer["learning"]["loss"] == pytest.approx(loss)
    assert answer["learning"]["log10_norm"] == pytest.approx(norm)
    assert answer["learning"]["log10_clipped"] == pytest.approx(min(norm, 0))
    for given, (each, jacobians), by_loss in zip(
        answer["layers"], layers, loss_norms(network, whole, layers, targets), strict=True
    ):
        assert (given["layer"], given["direction"], given["cell"]) == (each.layer, each.direction, each.cell)
        backward = each.direction == "backward"
        by_state, by_input = distance.norms(jacobians), distance.norms(jacobians, "input")
        order = slice(None, None, -1 if backward else 1)
        assert_same(given["states"]["log10_norms"], by_state[order, order])
        assert_same(given["inputs"]["log10_norms"], by_input[order, order])
        assert_same(given["inputs"]["log10_medians"], timescales.by_distance(by_input))
        assert given["inputs"]["half_life"] == timescales.half_life(timescales.by_distance(by_input))
        if jacobians.log_kept is None:
            assert given["states"]["log10_kept"] is None
            assert "time_scales" not in given
        else:
            assert_same(given["states"]["log10_kept"], distance.kept_norms(jacobians.log_kept)[order, order])
        spectral = list(distance.spectral_norms(jacobians, len(tokens) - 4 if backward else 3))
        past = [math.nan] * (len(tokens) - len(spectral))
        assert_same(given["log10_spectral"], past[: 3 * backward] + spectral if backward else spectral[::-1] + past)
        assert_same(given["log10_loss"], by_loss)


@pytest.mark.parametrize("name", MODELS)
def test_answer_is_the_memory_that_python_gives(api: TestClient, models: Path, name: str) -> None:
    model = load_model(models / name)
    answer, memory = ask(api, name), gatescope.memory(model, TEXTS[name])
    assert (answer["steps"], answer["start"], answer["stop"]) == (memory.steps, memory.start, memory.stop)
    assert [token["text"] for token in answer["tokens"]] == [token.text for token in memory.tokens]
    for given, layer in zip(answer["layers"], memory.layers, strict=True):
        assert (given["layer"], given["direction"], given["cell"]) == (layer.layer, layer.direction, layer.cell)
        assert layer.states is not None
        assert layer.inputs is not None
        assert layer.saturation is not None
        assert layer.spectra is not None
        exactly(given["states"]["log10_norms"], layer.states.log10_norms.astype(np.float32))
        if layer.states.log10_kept is not None:
            exactly(given["states"]["log10_kept"], layer.states.log10_kept.astype(np.float32))
        exactly(given["inputs"]["log10_norms"], layer.inputs.log10_norms.astype(np.float32))
        exactly(given["inputs"]["log10_medians"], layer.inputs.log10_medians)
        assert given["inputs"]["half_life"] == layer.inputs.half_life
        exactly(given["log10_spectral"], layer.log10_spectral)
        if "log10_loss" in given:
            exactly(given["log10_loss"], layer.log10_loss)
        if layer.time_scales is not None:
            exactly(given["time_scales"]["tau"], layer.time_scales.tau)
            assert given["time_scales"]["ranking"] == layer.time_scales.ranking.tolist()
        for gate, each in zip(given["saturation"], layer.saturation, strict=True):
            exactly(gate["left"], each.left)
            exactly(gate["right"], each.right)
        for block, spectrum in zip(given["spectra"], layer.spectra, strict=True):
            assert block["spectral_radius"] == spectrum.spectral_radius
    assert memory.words is not None
    exactly(answer["words"]["log10_norms"], memory.words.log10_norms.astype(np.float32))
    assert memory.attribution is not None
    assert answer["attribution"]["output"] == model.config.outputs[memory.attribution.output]
    exactly(answer["attribution"]["integrated_gradients"], memory.attribution.integrated_gradients)
    assert memory.learning is not None
    assert answer["learning"]["log10_norm"] == memory.learning.log10_norm


def exactly(given: Any, expected: Any) -> None:
    expected = np.where(np.isfinite(expected), expected, np.nan)
    np.testing.assert_array_equal(numbers(given).astype(expected.dtype), expected)


def test_state_and_time_scale_of_a_backward_layer_stand_in_the_order_of_the_words(api: TestClient) -> None:
    backward = ask(api, "both-ways", parts=["states", "time_scales"])["layers"][1]
    assert backward["direction"] == "backward"
    norms = numbers(backward["states"]["log10_norms"])
    assert (np.isnan(norms) == np.tril(np.ones_like(norms), -1).astype(bool)).all()
    along, tau = numbers(backward["time_scales"]["along"]), numbers(backward["time_scales"]["tau"])
    np.testing.assert_allclose(along[0], tau, rtol=1e-6)  # it ends at the first word


@pytest.mark.parametrize(("name", "letter"), [("lstm", "f"), ("gru", "z")])
def test_time_scales_and_saturation(api: TestClient, models: Path, name: str, letter: str) -> None:
    [layer] = ask(api, name, parts=["time_scales", "saturation"], alpha=2)["layers"]
    model = load_model(models / name)
    gates = trace(with_recurrence(model.network, 2), model.tokenizer(TEXT)).layer()
    tau = timescales.time_scales(gates[letter])
    assert layer["time_scales"]["activation"] == letter
    assert_same(layer["time_scales"]["along"], np.where(tau <= 5, tau, np.nan))
    assert_same(layer["time_scales"]["tau"], np.where(tau <= 5, tau, np.nan)[-1])
    assert sorted(layer["time_scales"]["ranking"]) == list(range(HIDDEN))
    assert (np.diff(tau[-1][layer["time_scales"]["ranking"]]) <= 0).all()
    for given in layer["saturation"]:
        gate = gates[given["activation"]]
        assert given["left"] == pytest.approx((gate < 0.1).mean(axis=0))
        assert given["right"] == pytest.approx((gate > 0.9).mean(axis=0))
        assert given["usual_left"] is given["usual_right"] is None  # these models have no statistics
    assert not {"states", "inputs"} & layer.keys()


def test_saturation_of_a_shipped_model_stands_beside_its_usual_one() -> None:
    api = client(data_folder("models"), default_model="sentiment-gru")
    [layer] = ask(api, "sentiment-gru", parts=["saturation"])["layers"]
    usual = {
        each["activation"]: each for each in api.get("/api/v1/models/sentiment-gru/statistics").json()["activations"]
    }
    assert [each["activation"] for each in layer["saturation"]] == ["r", "z"]
    for each in layer["saturation"]:
        assert each["usual_left"] == usual[each["activation"]]["left_saturated"]
        assert each["usual_right"] == usual[each["activation"]]["right_saturated"]


def test_spectra_grow_with_alpha(api: TestClient, models: Path) -> None:
    network = load_model(models / "lstm").network
    for alpha in (1, 0.5):
        [layer] = ask(api, parts=["spectra"], alpha=alpha)["layers"]
        for given, expected in zip(layer["spectra"], spectra(network), strict=True):
            assert given["block"] == expected.block
            assert given["largest_singular_value"] == pytest.approx(alpha * expected.largest_singular_value)
            assert given["spectral_radius"] == pytest.approx(alpha * expected.spectral_radius)


def test_untrained_weights(api: TestClient, models: Path) -> None:
    config = load_model(models / "lstm").config.network
    for weights, bias in (("untrained", None), ("untrained, forget bias 1", 1.0)):
        [layer] = ask(api, parts=["spectra", "time_scales"], weights=weights, seed=4)["layers"]
        network = untrained(config, 4, bias)
        assert layer["spectra"][0]["spectral_radius"] == pytest.approx(spectra(network)[0].spectral_radius)
        gates = trace(network, load_model(models / "lstm").tokenizer(TEXT)).layer()["f"]
        assert_same(layer["time_scales"]["along"], np.where((tau := timescales.time_scales(gates)) <= 5, tau, np.nan))


@pytest.mark.parametrize("name", ["lstm", "letters", "both-ways"])
def test_occlusion_is_answered_only_if_it_is_asked_for(api: TestClient, models: Path, name: str) -> None:
    assert "occlusion" not in ask(api, name)
    answer = ask(api, name, parts=["occlusion"], step=3, start=1, stop=5, output=0)
    MemoryAnswer.model_validate_json(json.dumps(answer), strict=True, extra="forbid")
    model = load_model(models / name)
    expected = gatescope.memory(model, TEXTS[name], {"occlusion"}, step=3, output=0).occlusion
    assert expected is not None
    assert (answer["occlusion"]["step"], answer["occlusion"]["output"]) == (3, model.config.outputs[0])
    assert_same(answer["occlusion"]["losses"], expected.losses[1:5])
    assert np.abs(expected.losses[1:4]).max() > 1e-3


def test_weights_as_a_model_started(api: TestClient, tmp_path: Path) -> None:
    start, about = Start(forget_bias=3.0), {"title": "L", "task": "t", "description": "d", "licence": "MIT"}
    network = random_network(cell="lstm", vocabulary_size=len(WORDS.vocabulary), outputs=1)
    save_model(tmp_path / "known", network, WORDS, {**about, "outputs": ["yes"], "start": start, "seed": 6})
    save_model(tmp_path / "no-seed", network, WORDS, {**about, "outputs": ["yes"], "start": start})
    known = client(tmp_path, default_model="known")
    for model, options, seed in (("known", {}, 6), ("known", {"seed": 0}, 0), ("no-seed", {"seed": 2}, 2)):
        answer = ask(known, model, parts=["inputs"], weights="untrained, as it started", **options)
        with torch.random.fork_rng():
            expected = gatescope.memory(fresh(network.config, start, seed).eval(), WORDS(TEXT), parts={"inputs"})
        assert answer["weights"] == "untrained, as it started"
        assert_same(answer["layers"][0]["inputs"]["log10_norms"], expected.layer().inputs.log10_norms)
    for folder, model, missing in ((known, "no-seed", "seed"), (api, "lstm", "start")):
        assert refused(folder, model, weights="untrained, as it started") == (
            422,
            "invalid-request",
            f"weights: the config.json of {model} has no {missing}, so how it started is not known; send 'untrained'.",
        )


@pytest.mark.parametrize("name", ["lstm", "both-ways"])
def test_a_part_of_the_steps_is_that_part_of_the_whole(api: TestClient, name: str) -> None:
    wanted = {"parts": ["states", "inputs", "words", "attribution", "loss", "spectral", "time_scales"], "step": 3}
    whole, part = ask(api, name, **wanted), ask(api, name, **wanted, start=1, stop=4)
    window = slice(1, 4)
    assert (part["start"], part["stop"], part["steps"]) == (1, 4, 5)
    assert part["tokens"] == whole["tokens"][window]
    assert_same(part["words"]["log10_norms"], numbers(whole["words"]["log10_norms"])[window, window])
    for field in ("log10_gradient", "gradient_times_input", "integrated_gradients"):
        assert_same(part["attribution"][field], numbers(whole["attribution"][field])[window])
    for ours, theirs in zip(part["layers"], whole["layers"], strict=True):
        for kind in ("states", "inputs"):
            assert_same(ours[kind]["log10_norms"], numbers(theirs[kind]["log10_norms"])[window, window])
        assert_same(ours["states"]["log10_kept"], numbers(theirs["states"]["log10_kept"])[window, window])
        assert_same(ours["log10_loss"], numbers(theirs["log10_loss"])[window])
        assert_same(ours["log10_spectral"], numbers(theirs["log10_spectral"])[window])
        assert_same(ours["time_scales"]["along"], numbers(theirs["time_scales"]["along"])[window])


def test_layers_and_parts_that_are_not_asked_for_are_left_out(api: TestClient) -> None:
    answer = ask(api, "both-ways", layers=[1], parts=["states"])
    assert [(each["layer"], each["direction"]) for each in answer["layers"]] == [(1, "forward"), (1, "backward")]
    assert not {"words", "attribution", "learning"} & answer.keys()
    own = {"layer", "direction", "cell", "hidden_size"}
    assert all(each.keys() == own | {"states"} for each in answer["layers"])


def test_shares_are_complete_and_of_the_most_probable_output(api: TestClient, models: Path) -> None:
    answer = ask(api, "letters", parts=["attribution"], step=5)["attribution"]
    model = load_model(models / "letters")
    outputs = model.trace(LETTERS_TEXT).outputs[5]
    assert answer["output"] == model.config.outputs[outputs.argmax()]
    assert answer["difference"] + answer["gap"] == pytest.approx(sum(answer["integrated_gradients"]))
    assert abs(answer["gap"]) <= 1e-2 * abs(answer["difference"])  # relu: its gradient jumps
    assert answer["integrated_gradients"][6:] == [0, 0, 0]


def test_a_network_that_predicts_learns_from_the_next_token(api: TestClient, models: Path) -> None:
    model = load_model(models / "letters")
    tokens = model.tokenizer(LETTERS_TEXT)
    for loss, every_step in ((None, True), ("last", False)):
        answer = ask(api, "letters", parts=["loss"], loss=loss)["learning"]
        expected, norm = parameter_gradient(model.network, tokens, next_tokens(tokens, 4, every_step=every_step))
        assert answer["target"] is None
        assert (answer["loss"], answer["log10_norm"]) == (pytest.approx(expected), pytest.approx(norm))


@pytest.mark.parametrize(("target", "name"), [(1, "positive"), (0, "negative")])
def test_the_class_that_is_right_is_named(api: TestClient, target: int, name: str) -> None:
    learning = ask(api, parts=["loss"], target=target, clip=1e-3)["learning"]
    assert (learning["target"], learning["log10_clipped"], learning["clip"]) == (name, pytest.approx(-3), 1e-3)
    own = ask(api, parts=["loss"])["learning"]
    assert (own["loss"] == learning["loss"]) == (own["target"] == name)


def test_one_word(api: TestClient) -> None:
    for name in MODELS:
        answer = ask(api, name, text="a" if name == "letters" else "good")
        for layer in answer["layers"]:
            size = HIDDEN * (2 if layer["cell"] == "lstm" else 1)
            assert_same(layer["states"]["log10_norms"], [[math.log10(size) / 2]])
            assert layer["inputs"]["half_life"] is None
            assert layer["log10_spectral"] == [pytest.approx(0, abs=1e-6)]
        assert ("learning" in answer) == (name != "letters")  # nothing comes next


def test_an_explosion_past_float32_is_shown_as_such(tmp_path: Path) -> None:
    answer = ask(save_relu(tmp_path, 1.01), "relu", text="ab" * 40, alpha=2.9)
    norms = numbers(answer["layers"][0]["states"]["log10_norms"])
    assert norms[-1, 0] == pytest.approx(79 * math.log10(1.01 * 2.9) + math.log10(3) / 2, rel=1e-5)
    assert norms[-1, 0] > 36
    assert answer["words"]["log10_norms"][0][1] is None


def test_states_whose_squares_leave_float64_are_measured() -> None:
    """The recorded relu RNN in float64 reaches 2e217 over this text; its spectra depend on the weights only."""
    folder = Path(__file__).parents[2] / "replay/models"
    network = load_model(folder / "words-rnn").network
    w_hh = 3 * network.weights(0, "forward").w_hh.detach().numpy()
    text = "good " * 400
    answer = ask(
        client(folder, default_model="words-rnn"), "words-rnn", text=text, alpha=3, parts=["spectra", "saturation"]
    )
    [layer] = answer["layers"]
    [spectrum] = layer["spectra"]
    assert spectrum["largest_singular_value"] == pytest.approx(np.linalg.svd(w_hh)[1][0])
    assert spectrum["spectral_radius"] == pytest.approx(np.abs(np.linalg.eigvals(w_hh)).max())
    assert layer["saturation"] == []  # it has no gates


def test_a_time_scale_outlives_a_step_at_which_float32_keeps_nothing(tmp_path: Path) -> None:
    """The sum of f is 20, but −150 at one word: e^−150 is 0 in float32, and the geometric mean is not."""
    network = random_network(
        cell="lstm", vocabulary_size=len(WORDS.vocabulary), hidden_size=1, embedding_size=1, outputs=1
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[WORDS("bad")[0].id] = 1
        weights = network.weights(0, "forward")
        weights.w_ih[1], weights.b_ih[1] = -170, 20  # type: ignore[index]
    about = {"title": "L", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "sharp", network, WORDS, about)
    text = "bad " + "good " * 199
    [layer] = ask(client(tmp_path, default_model="sharp"), "sharp", text=text, parts=["time_scales"])["layers"]
    mean = np.exp((-150 - 199 * np.log1p(np.exp(-20.0))) / 200)
    assert layer["time_scales"]["tau"] == pytest.approx([1 / (1 - mean)], rel=1e-4)
