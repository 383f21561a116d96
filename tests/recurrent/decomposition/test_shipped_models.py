"""Known answers: the shipped models, each by a plain loop over its weights, which shares no code with the package."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope import Decomposition, decompose, load_model
from gatescope.store.model import Model
from numpy.typing import NDArray

Array = NDArray[np.float64]
MODELS = Path(__file__).parents[3] / "models"
NOT_GOOD, TERRIBLE = "the movie was not good", "the acting was terrible but the story was wonderful"


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def loop(model: Model, text: str, output: int, against: int | None = None) -> tuple[Array, Array, Array]:
    """Run a model of one layer from its weights in float64: amounts and shares (T, T), and the logit (T,)."""
    state = {name: tensor.double().numpy() for name, tensor in model.network.state_dict().items()}
    x = state["embedding.weight"][[token.id for token in model.tokenizer(text)]]
    w_ih, b_ih = state["recurrent.weight_ih_l0"], state["recurrent.bias_ih_l0"]
    w_hh, b_hh = state.get("recurrent.weight_hh_l0"), state.get("recurrent.bias_hh_l0")
    w, b = state["head.weight"][output], state["head.bias"][output]
    if against is not None:
        w, b = w - state["head.weight"][against], b - state["head.bias"][against]
    size, steps = len(w), len(x)
    c, h, parts = np.zeros(size), np.zeros(size), np.zeros((steps, size))
    amounts, shares, logits = np.zeros((steps, steps)), np.zeros((steps, steps)), np.zeros(steps)
    for t in range(steps):
        a = w_ih @ x[t] + b_ih
        match model.config.network.cell:
            case "lstm":
                i, f, g, o = np.split(a + w_hh @ h + b_hh, 4)
                i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
                keep, write = f, i * g
                c = keep * c + write
                h = o * np.tanh(c)
                gamma = np.array([o[j] * np.tanh(c[j]) / c[j] if c[j] else o[j] for j in range(size)])
            case "gru":
                (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(a, 3), np.split(w_hh @ h + b_hh, 3)
                r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
                keep, write = z, (1 - z) * np.tanh(x_n + r * h_n)
                h, gamma = keep * h + write, np.ones(size)
            case "coupled_lstm":
                f, g, o = np.split(a + w_hh @ h + b_hh, 3)
                keep, write = sigmoid(f), (1 - sigmoid(f)) * np.tanh(g)
                c = keep * c + write
                h = sigmoid(o) * np.tanh(c)
                gamma = sigmoid(o) * np.tanh(c) / c
            case "mingru":
                z, n = np.split(a, 2)
                keep, write = 1 - sigmoid(z), sigmoid(z) * n
                h, gamma = keep * h + write, np.ones(size)
        parts = parts * keep
        parts[t] = write
        amounts[t], shares[t], logits[t] = np.abs(parts).sum(axis=1), (gamma * parts) @ w, w @ h + b
    return amounts, shares, logits


def decomposed(name: str, text: str, output: int = 0, against: int | None = None) -> Decomposition:
    """Decompose, and compare everything with the loop."""
    model = load_model(MODELS / name)
    parts = decompose(model.trace(text), output=output if against is None else (output, against))
    amounts, shares, logits = loop(model, text, output, against)
    assert parts.amounts[:, :-1] == pytest.approx(amounts, abs=1e-4)
    assert parts.shares is not None
    assert parts.shares[:, :-1] == pytest.approx(shares, abs=1e-4)
    assert parts.shares.sum(axis=1) + parts.bias == pytest.approx(logits, abs=1e-4)
    assert (parts.amounts[:, -1] == 0).all()
    return parts


def shares_at_the_end(parts: Decomposition) -> dict[str, float]:
    assert parts.shares is not None
    return dict(zip(parts.columns, parts.shares[-1].tolist(), strict=True))


def test_not_fills_the_memory() -> None:
    parts = decomposed("sentiment-lstm", NOT_GOOD)
    place = parts.columns.index("not")
    amounts, _, _ = loop(load_model(MODELS / "sentiment-lstm"), NOT_GOOD, 0)
    assert parts.new[place] == pytest.approx(amounts[place, place] / amounts[place].sum(), abs=1e-4)
    assert parts.new[place] == pytest.approx(0.88, abs=0.005)


def test_not_pulls_the_verdict_down_and_good_no_longer_lifts_it() -> None:
    shares = shares_at_the_end(decomposed("sentiment-lstm", NOT_GOOD))
    assert (shares["not"], shares["good"]) == pytest.approx((-3.24, 0.05), abs=0.005)
    assert shares_at_the_end(decomposed("sentiment-lstm", "the movie was good"))["good"] == pytest.approx(
        4.15, abs=0.005
    )


def test_but_lets_the_first_half_fade() -> None:
    parts = decomposed("sentiment-lstm", TERRIBLE)
    assert parts.shares is not None
    terrible, but = parts.columns.index("terrible"), parts.columns.index("but")
    of_terrible = parts.shares[[terrible, but, -1], terrible]
    assert of_terrible == pytest.approx([-4.17, -1.29, -0.61], abs=0.005)
    assert shares_at_the_end(parts)["wonderful"] == pytest.approx(4.65, abs=0.005)


def test_letters_are_counted_and_none_is_lost() -> None:
    parts = decomposed("anbn-lstm", "aaaaabbbbb", output=2)
    assert parts.shares is not None
    first_a, *other_as = parts.shares[-1, :5]
    first_b, *other_bs = parts.shares[-1, 5:10]
    assert other_as == pytest.approx([-8.6] * 4, abs=0.05)
    assert other_bs == pytest.approx([8.6] * 4, abs=0.05)
    # h, which the input gates read, is still 0 at the first letter, and still that of an a at the first b.
    assert (first_a, first_b) == pytest.approx((-2.22, 8.33), abs=0.01)
    kept = parts.amounts[-1, :10] / np.diagonal(parts.amounts)
    assert kept == pytest.approx(np.ones(10), abs=0.006)


def test_the_verdict_of_a_count_is_its_end() -> None:
    for name, at in (("anbn-lstm", 2), ("anbncn-gru", 3)):
        logit = decompose(load_model(MODELS / name).trace("ab")).logit
        assert logit is not None
        assert (logit.outputs, logit.names) == ((at,), ("end",))


def test_a_fact_may_be_rewritten_through_h() -> None:
    """What "+" wrote is gone from the cells when the verdict is still right."""
    model = load_model(MODELS / "flag-lstm")
    for distance, share in ((10, 0.015), (20, 0.003), (50, 0.0001)):
        text = "+" + ("abcdefghij" * 5)[:distance] + "?"
        parts = decomposed("flag-lstm", text)
        assert parts.amounts[-1, 0] / parts.amounts[-1].sum() == pytest.approx(share, rel=0.3)
        assert model.trace(text).outputs[-1, 0] > 0.99


@pytest.mark.parametrize(
    ("name", "text", "outputs"),
    [
        ("sentiment-gru", NOT_GOOD, (0,)),
        ("sentiment-gru", TERRIBLE, (0,)),
        ("flag-coupled_lstm", "+abcabc", (0,)),
        ("flag-mingru", "-abcabc", (0,)),
        ("prose-lstm", "the old man", (5, 9)),
        ("prose-gru", "the old man", (5, 9)),
    ],
)
def test_other_cells_and_heads(name: str, text: str, outputs: tuple[int, ...]) -> None:
    decomposed(name, text, *outputs)


@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru", "flag-coupled_lstm", "flag-mingru"])
def test_in_float64_the_parts_add_up(name: str) -> None:
    model = load_model(MODELS / name)
    text = NOT_GOOD if "sentiment" in name else "+abcabcabc"
    model.network.double()
    traced = model.trace(text)
    parts = decompose(traced)
    letter = parts.letter
    for t in range(len(parts)):
        assert parts.per_unit(time=t).parts.sum(axis=0) == pytest.approx(
            traced.layer()[letter][t], rel=1e-12, abs=1e-12
        )
    logits = model.network.read(torch.from_numpy(traced.layer()["h"])).numpy()[:, 0]
    assert parts.shares is not None
    assert parts.shares.sum(axis=1) + parts.bias == pytest.approx(logits, abs=1e-9)


def test_the_weights_of_mingru_are_its_attention_matrix() -> None:
    model = load_model(MODELS / "flag-mingru")
    traced = model.trace("+abcabcabc")
    z, n, h = (traced.layer()[letter].astype(np.float64) for letter in "znh")
    parts, steps = decompose(traced), len(traced)
    attention = np.array(
        [[np.prod(1 - z[k + 1 : t + 1], axis=0) * z[k] * (k <= t) for k in range(steps)] for t in range(steps)]
    )
    assert np.einsum("tkj,kj->tj", attention, n) == pytest.approx(h, abs=1e-4)
    for t in range(steps):
        weights = parts.per_unit(time=t).memory_weights
        assert weights is not None
        assert weights[:-1] == pytest.approx(attention[t], abs=1e-12)
    assert parts.memory_weights is not None
    assert parts.memory_weights[:, :-1] == pytest.approx(attention.mean(axis=2), abs=1e-12)
