"""Shares against effects: both by a plain loop over the weights, which shares no code with the package."""

import numpy as np
import pytest
import torch
from gatescope import Edit, hold, load_model
from gatescope.analysis import shares
from gatescope.analysis.shares import Compared, agreement_of, compared, excerpts, share_agreement
from gatescope.recurrent.decomposition.path import NoPathError
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer, Token
from gatescope.recurrent.trace import trace
from gatescope.settings import data_folder
from gatescope.store.model import Model
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(a: Array) -> Array:
    return (1 + np.tanh(a / 2)) / 2


def run(model: Model, text: str, silent: int | None = None) -> tuple[Array, Array]:
    """The logits after the last token, and what each token adds to them through what is left of it: (T, outputs).

    A network of one layer, in float64; the step ``silent`` leaves the memory as it is.
    """
    state = {name: tensor.double().numpy() for name, tensor in model.network.state_dict().items()}
    x = state["embedding.weight"][[token.id for token in model.tokenizer(text)]]
    w_ih, b_ih = state["recurrent.weight_ih_l0"], state["recurrent.bias_ih_l0"]
    w_hh, b_hh = state.get("recurrent.weight_hh_l0"), state.get("recurrent.bias_hh_l0")
    head = state["head.weight"]
    size = head.shape[1]
    memory, h, parts = np.zeros(size), np.zeros(size), np.zeros((len(x), size))
    for t in range(len(x)):
        a = w_ih @ x[t] + b_ih
        out = None
        match model.config.network.cell:
            case "lstm":
                i, f, g, out = np.split(a + w_hh @ h + b_hh, 4)
                keep, write = sigmoid(f), sigmoid(i) * np.tanh(g)
                if t == silent:
                    write = np.zeros(size)
            case "gru":
                (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(a, 3), np.split(w_hh @ h + b_hh, 3)
                keep = np.ones(size) if t == silent else sigmoid(x_z + h_z)
                write = (1 - keep) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n)
            case "coupled_lstm":
                f, g, out = np.split(a + w_hh @ h + b_hh, 3)
                keep = np.ones(size) if t == silent else sigmoid(f)
                write = (1 - keep) * np.tanh(g)
            case "mingru":
                z, n = np.split(a, 2)
                keep = np.ones(size) if t == silent else 1 - sigmoid(z)
                write = (1 - keep) * n
        memory, parts = keep * memory + write, keep * parts
        parts[t] = write
        h = memory if out is None else sigmoid(out) * np.tanh(memory)
    let_out = np.divide(h, memory, out=np.ones(size), where=memory != 0)
    return head @ h + state["head.bias"], (let_out * parts) @ head.T


@pytest.mark.parametrize(
    ("name", "text", "outputs"),
    [
        ("sentiment-lstm", "the movie was not good", (0,)),
        ("sentiment-gru", "the acting was terrible but the story was wonderful", (0,)),
        ("anbncn-lstm", "aaaaabbbbbc", (3,)),
        ("anbncn-gru", "aaab", (3,)),
        ("flag-coupled_lstm", "+abcabc?", (0,)),
        ("flag-mingru", "-abcabc?", (0,)),
        ("prose-lstm", "It was not to be supposed that any other wom", None),
        ("agreement-gru", "the keys near the cabinet", None),
    ],
)
def test_shares_and_effects_are_those_of_a_plain_loop(name: str, text: str, outputs: tuple[int, ...] | None) -> None:
    model = load_model(data_folder("models") / name)
    ours = compared(model.network, model.tokenizer(text), None if outputs is None else outputs[0])
    logits, parts = run(model, text)
    if outputs is None:  # the most probable output against the second, in the run that nothing was done to
        outputs = tuple(np.argsort(-logits)[:2].tolist())
    w = np.array([1.0, -1.0])[: len(outputs)]
    effects = [(logits - run(model, text, silent)[0])[list(outputs)] @ w for silent in range(len(parts))]
    np.testing.assert_allclose(ours.shares, parts[:, list(outputs)] @ w, atol=1e-4)
    np.testing.assert_allclose(ours.effects, effects, atol=1e-4)


@pytest.mark.parametrize("layers", [1, 2])
def test_both_directions_are_read_and_the_forward_one_is_changed(layers: int) -> None:
    torch.manual_seed(0)
    network = Network(NetworkConfig("gru", 5, 3, 4, 2, layers, bidirectional=True, head="softmax")).double().eval()
    tokens = CharacterTokenizer([UNKNOWN, *"abcd"])("abcda")
    ours = compared(network, tokens)

    def logit(*edits: Edit) -> float:
        h = [each["h"][-1] for each in trace(network, tokens, edits=edits).layers[-2:]]
        logits = network.head.weight.detach().numpy() @ np.concatenate(h) + network.head.bias.detach().numpy()
        return float(logits[first] - logits[1 - first])

    first = int(trace(network, tokens).outputs[-1].argmax())
    effects = [logit() - logit(hold("z", 1, layer=layers - 1, direction="forward", steps=[step])) for step in range(5)]
    np.testing.assert_allclose(ours.effects, effects, atol=1e-12)


def test_a_plain_rnn_has_nothing_to_compare() -> None:
    model = load_model(data_folder("models") / "sentiment-rnn")
    with pytest.raises(NoPathError, match=r"^a plain RNN keeps nothing apart"):
        share_agreement(model.network, model.tokenizer, ["the movie was good"])


def texts(*lengths: int) -> list[tuple[Token, ...]]:
    tokenizer = CharacterTokenizer([UNKNOWN, "a"])
    return [tuple(tokenizer("a" * length)) for length in lengths]


def test_few_texts_are_all_read_to_their_ends() -> None:
    given = texts(3, 1, 500)
    assert list(excerpts(given, ends_anywhere=False)) == [(0, given[0]), (1, given[1]), (2, given[2])]


def test_of_many_texts_some_are_chosen_the_same_ones_each_time() -> None:
    given = texts(*range(1, 502))
    chosen = [excerpt.text for excerpt in excerpts(given, ends_anywhere=False)]
    assert len(set(chosen)) == len(chosen) == shares.EXCERPTS == 200
    assert chosen == [excerpt.text for excerpt in excerpts(given, ends_anywhere=False)] != list(range(200))
    assert max(chosen) > 450


def test_excerpts_end_before_a_token_that_is_known() -> None:
    given = texts(1, 3, 1_000)
    read: dict[int, list[int]] = {}
    for excerpt in excerpts(given, ends_anywhere=True):
        [first, *_], last = excerpt.tokens, excerpt.tokens[-1]
        assert given[excerpt.text][first.start : last.end] == excerpt.tokens
        assert first.start == max(0, last.end - shares.CONTEXT)
        read.setdefault(excerpt.text, []).append(last.end)
    assert read[1] == [1, 2]
    assert len(set(read[2])) == len(read[2]) == 67  # a third of 200
    assert max(read[2]) < 1_000
    assert 0 not in read


def test_figures_are_those_of_numpy() -> None:
    words = Compared(np.array([0.5, -0.4, 0.2, 0.31, -0.3, 2.0]), np.array([0.1, -3.0, -1.0, -0.2, 0.5, 0.0]))
    measured = agreement_of(words, np.array([0, 0, 2, 2, 2, 5]))
    assert (measured.texts, measured.words, measured.large) == (3, 6, 4)
    assert measured.same_sign == 0.5  # of 0.5, −0.4, 0.31 and 2.0; no effect is of neither sign
    assert measured.correlation == pytest.approx(np.corrcoef(words.shares, words.effects)[0, 1])


def test_intervals_are_over_texts_and_not_over_words() -> None:
    """Words of a text that all agree are no more certain than one of them."""
    random = np.random.default_rng(1)
    sign = np.where(random.random(400) < 0.7, 1.0, -1.0)
    few = agreement_of(Compared(np.ones(400), sign), np.arange(400))
    many = agreement_of(Compared(np.ones(8_000), sign.repeat(20)), np.arange(400).repeat(20))
    assert few.same_sign_interval == many.same_sign_interval
    assert few.same_sign_interval is not None
    assert few.same_sign is not None
    low, high = few.same_sign_interval
    error = np.sqrt(few.same_sign * (1 - few.same_sign) / 400)
    assert (low, high) == pytest.approx((few.same_sign - 1.96 * error, few.same_sign + 1.96 * error), abs=0.006)


def test_the_interval_of_the_correlation_is_as_wide_as_theory_says() -> None:
    random = np.random.default_rng(2)
    x = random.standard_normal(500)
    measured = agreement_of(Compared(x, 0.5 * x + random.standard_normal(500)), np.arange(500))
    assert measured.correlation_interval is not None
    middle, half = np.arctanh(measured.correlation), 1.96 / np.sqrt(497)  # Fisher's z
    assert measured.correlation_interval == pytest.approx((np.tanh(middle - half), np.tanh(middle + half)), abs=0.02)


def test_what_cannot_be_said_is_none() -> None:
    small = agreement_of(Compared(np.array([0.1, 0.2, -0.1]), np.array([1.0, 2.0, -1.0])), np.array([3, 3, 3]))
    assert (small.texts, small.large, small.same_sign, small.same_sign_interval) == (1, 0, None, None)
    assert small.correlation == pytest.approx(1)
    assert small.correlation_interval is None


def test_without_texts_there_is_no_figure() -> None:
    model = load_model(data_folder("models") / "anbn-lstm")
    assert share_agreement(model.network, model.tokenizer, [], 2) is None
    assert share_agreement(model.network, model.tokenizer, ["a"], 2, ends_anywhere=True) is None
