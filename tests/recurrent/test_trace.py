"""What holds of every trace, whatever the network and the sequence."""

import re
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import Trace, Weight, trace, trace_in_chunks
from hypothesis import given
from hypothesis import strategies as st
from networks import FUSED, GATED, VARIANTS, any_network, any_tokens, random_network, random_tokens

from .engines import Array

EPS = float(np.finfo(np.float32).eps)
TINY = float(np.finfo(np.float32).tiny)  # below it, a relative bound on rounding says nothing

LSTM = {"lstm": VARIANTS["lstm"]}
GRUS = {name: variant for name, variant in VARIANTS.items() if variant["cell"] == "gru"}
# Where sums are taken in another order, saturated weights may enlarge a rounding error from step to step.
MODERATE = {"scale": 1.0}


def assert_same(ours: Trace, theirs: Trace) -> None:
    """Both traces are of the same tokens and hold the same numbers, to 1e-6 (relative above 1)."""
    assert (ours.tokens, ours.start) == (theirs.tokens, theirs.start)
    np.testing.assert_allclose(ours.outputs, theirs.outputs, rtol=0, atol=1e-6)
    for a, b in zip(ours.layers, theirs.layers, strict=True):
        assert (a.layer, a.direction, a.cell) == (b.layer, b.direction, b.cell)
        assert a.activations.keys() == b.activations.keys()
        for letter in a.activations:
            assert (np.abs(a[letter] - b[letter]) <= 1e-6 * np.maximum(1, np.abs(b[letter]))).all(), letter


def joined(parts: list[Trace]) -> Trace:
    """Consecutive parts as one trace."""
    first = parts[0]
    assert [part.start for part in parts] == [sum(map(len, parts[:at])) + first.start for at in range(len(parts))]
    layers = [
        type(layer)(
            layer.layer,
            layer.direction,
            layer.cell,
            {letter: np.concatenate([part.layers[at][letter] for part in parts]) for letter in layer.activations},
        )
        for at, layer in enumerate(first.layers)
    ]
    tokens = tuple(token for part in parts for token in part.tokens)
    return Trace(tokens, tuple(layers), np.concatenate([part.outputs for part in parts]), first.start)


def before(states: Array, direction: str) -> Array:
    """The states that each step started from."""
    zero = np.zeros_like(states[:1])
    return np.concatenate([zero, states[:-1]] if direction == "forward" else [states[1:], zero])


@given(any_network(GATED), any_tokens())
def test_gates_candidates_and_states_keep_to_their_ranges(network: Network, tokens: list[Token]) -> None:
    cell = network.config.cell_definition
    for layer in trace(network, tokens).layers:
        for letter in cell.gates:
            assert ((layer[letter] >= 0) & (layer[letter] <= 1)).all(), letter
        for each in cell.letters:
            if np.isfinite(each.high):
                assert ((layer[each.letter] >= each.low) & (layer[each.letter] <= each.high)).all(), each.letter
    assert "".join(layer.activations) == cell.activations


@given(any_network(LSTM), any_tokens())
def test_the_lstm_updates_its_states_as_its_equations_say(network: Network, tokens: list[Token]) -> None:
    for layer in trace(network, tokens).layers:
        i, f, g, o, c, h = (layer[letter].astype(np.float64) for letter in "ifgoch")
        kept, added = f * before(c, layer.direction), i * g
        # Two products and their sum: half an eps each.
        assert (np.abs(c - (kept + added)) <= EPS * (np.abs(kept) + np.abs(added)) * (1 + EPS) + TINY).all()
        # tanh to one eps, and the product.
        assert (np.abs(h - o * np.tanh(c)) <= 2 * EPS * np.abs(o * np.tanh(c)) + TINY).all()


@given(any_network(GRUS), any_tokens())
def test_the_gru_updates_its_state_as_its_equation_says(network: Network, tokens: list[Token]) -> None:
    for layer in trace(network, tokens).layers:
        z, n, h = (layer[letter].astype(np.float64) for letter in "znh")
        new, kept = (1 - z) * n, z * before(h, layer.direction)
        # 1 - z, two products and their sum: half an eps each.
        assert (np.abs(h - (new + kept)) <= 2 * EPS * (np.abs(new) + np.abs(kept)) + TINY).all()


@given(any_network(bidirectional=False, **MODERATE), any_tokens(), st.data())
def test_the_trace_of_a_prefix_is_the_prefix_of_the_trace(network: Network, tokens: list[Token], data: Any) -> None:
    length = data.draw(st.integers(1, len(tokens)))
    assert_same(trace(network, tokens[:length]), trace(network, tokens).span(0, length))


@given(any_network(bidirectional=False, **MODERATE), any_tokens(min_size=2), st.data())
def test_going_on_from_a_trace_gives_the_rest_of_the_whole(network: Network, tokens: list[Token], data: Any) -> None:
    at = data.draw(st.integers(1, len(tokens) - 1))
    rest = trace(network, tokens[at:], after=trace(network, tokens[:at]))
    assert_same(rest, trace(network, tokens).span(at, len(tokens)))


@given(any_network(**MODERATE), any_tokens(), st.integers(1, 20))
def test_the_parts_of_a_trace_in_chunks_join_to_the_trace(network: Network, tokens: list[Token], size: int) -> None:
    parts = list(trace_in_chunks(network, tokens, size))
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1)
    assert_same(joined(parts), trace(network, tokens))


@given(any_network(), any_tokens())
def test_the_same_tokens_give_the_same_bits(network: Network, tokens: list[Token]) -> None:
    once, again = trace(network, tokens), trace(network, tokens)
    assert once.outputs.tobytes() == again.outputs.tobytes()
    for a, b in zip(once.layers, again.layers, strict=True):
        assert all(a[letter].tobytes() == b[letter].tobytes() for letter in a.activations)


def test_chunks_are_computed_only_as_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(cell="rnn")
    embedded: list[int] = []
    monkeypatch.setattr(network.embedding, "forward", lambda ids: embedded.append(len(ids)) or torch.zeros(len(ids), 5))
    next(trace_in_chunks(network, random_tokens(10), 4))
    assert embedded == [4]


def test_layers_are_listed_from_below_and_forward_first() -> None:
    whole = trace(random_network(cell="gru", layers=2, bidirectional=True), random_tokens(3))
    order = [(0, "forward"), (0, "backward"), (1, "forward"), (1, "backward")]
    assert [(layer.layer, layer.direction) for layer in whole.layers] == order
    assert [whole.layer(*place) for place in order] == list(whole.layers)
    assert whole.layer() is whole.layers[0]


@pytest.mark.parametrize(
    ("place", "message"), [((1, "forward"), "layer 1 forward"), ((0, "backward"), "layer 0 backward")]
)
def test_a_layer_that_is_not_there_is_a_key_error(place: Any, message: str) -> None:
    with pytest.raises(KeyError, match=message):
        trace(random_network(cell="rnn"), random_tokens(2)).layer(*place)


@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("variant", FUSED.values(), ids=FUSED.keys())
def test_outputs_are_what_the_head_says_after_each_step(
    variant: dict[str, Any], bidirectional: bool, head: Any
) -> None:
    network = random_network(bidirectional=bidirectional, head=head, outputs=3, **variant)
    tokens = random_tokens(9)
    with torch.inference_mode():
        logits = network(torch.tensor([[token.id for token in tokens]]))[0].double().numpy()
    e = np.exp(logits)
    expected = e / (1 + e) if head == "sigmoid" else e / e.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(trace(network, tokens).outputs, expected, rtol=0, atol=1e-6)


def test_a_span_is_a_view_that_knows_where_it_stands() -> None:
    whole = trace(random_network(cell="lstm"), random_tokens(9))
    part = whole.span(2, 7).span(1, 3)
    assert (len(part), part.start, part.tokens) == (2, 3, whole.tokens[3:5])
    assert np.shares_memory(part.outputs, whole.outputs)
    for letter in "ifgoch":
        assert np.shares_memory(part.layer()[letter], whole.layer()[letter])
        np.testing.assert_array_equal(part.layer()[letter], whole.layer()[letter][3:5])


def test_a_trace_keeps_where_it_started() -> None:
    network = random_network(cell="lstm", bidirectional=True)
    whole = trace(network, random_tokens(9))
    assert [layer.initial for layer in whole.layers] == [None, None]
    forward, backward = whole.span(0, 9).layers
    assert forward.initial is backward.initial is None
    forward, backward = whole.span(2, 7).layers
    assert forward.initial is not None
    assert backward.initial is not None
    for letter in "ch":
        np.testing.assert_array_equal(forward.initial[letter], whole.layer()[letter][1])
        np.testing.assert_array_equal(backward.initial[letter], whole.layer(0, "backward")[letter][7])
    [inner] = trace(random_network(cell="gru"), random_tokens(9)).span(2, 7).span(0, 2).layers
    assert inner.initial is not None


def test_a_trace_that_goes_on_starts_where_the_other_ended() -> None:
    network = random_network(cell="lstm")
    first = trace(network, random_tokens(4))
    [layer] = trace(network, random_tokens(3), first).layers
    assert layer.initial is not None
    for letter in "ch":
        np.testing.assert_array_equal(layer.initial[letter], first.layer()[letter][-1])


def test_a_trace_keeps_its_head_and_knows_whether_it_has_changed() -> None:
    network = random_network(cell="gru", head="softmax")
    made = trace(network, random_tokens(4))
    for head in (made.head, made.span(1, 3).head):
        assert head is not None
        assert (head.function, head.names, head.verdict) == ("softmax", (), None)
        assert head.weight.tensor is network.head.weight
        np.testing.assert_array_equal(head.weight.numbers("it"), network.head.weight.detach().double().numpy())
    with torch.no_grad():
        network.head.bias.zero_()
    assert made.head is not None
    with pytest.raises(ValueError, match=r"^the bias has changed since the trace was made: trace again, and decompose"):
        made.head.bias.numbers("the bias")
    with torch.inference_mode():
        counted = Weight.of(torch.ones(2))  # which PyTorch does not count
    assert counted.version is None
    assert counted.numbers("it").tolist() == [1, 1]


@pytest.mark.parametrize(
    ("start", "stop", "first", "steps"), [(-3, 9, 6, 3), (-20, -7, 0, 2), (4, 100, 4, 5), (20, 30, 9, 0), (5, 2, 5, 0)]
)
def test_a_span_takes_its_ends_as_a_slice_does(start: int, stop: int, first: int, steps: int) -> None:
    whole = trace(random_network(cell="gru"), random_tokens(9))
    part = whole.span(start, stop)
    assert (part.start, len(part), part.tokens) == (first, steps, whole.tokens[start:stop])
    np.testing.assert_array_equal(part.layer()["h"], whole.layer()["h"][start:stop])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_empty_sequence_is_refused(bidirectional: bool) -> None:
    network = random_network(cell="lstm", bidirectional=bidirectional)
    message = "^there is nothing to trace: the sequence is empty$"
    with pytest.raises(ValueError, match=message):
        trace(network, [])
    with pytest.raises(ValueError, match=message):
        list(trace_in_chunks(network, [], 4))


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("layers", [(), (0,), (1,), (2,), (0, 1)], ids=str)
@pytest.mark.parametrize("variant", ["lstm", "rnn"])
def test_some_layers_are_those_of_the_whole_trace(
    variant: str, layers: tuple[int, ...], bidirectional: bool, engine: Any
) -> None:
    network = random_network(**VARIANTS[variant], layers=3, bidirectional=bidirectional)
    tokens, edits = random_tokens(6), [{"letter": "h", "layer": 0, "steps": [2], "hold": 0.5}]
    options: dict[str, Any] = {"engine": engine, "pre_activations": True, "edits": edits}
    whole, part = (trace(network, tokens, layers=each, **options) for each in (None, layers))
    assert np.array_equal(part.outputs, whole.outputs)
    assert part.edits == whole.edits
    expected = [each for each in whole.layers if each.layer in {*layers, 2}]
    for ours, theirs in zip(part.layers, expected, strict=True):
        assert (ours.layer, ours.direction) == (theirs.layer, theirs.direction)
        assert list(ours.activations) == (list(theirs.activations) if ours.layer in layers else ["h"])
        assert all(np.array_equal(array, theirs[letter]) for letter, array in ours.activations.items())
    assert [each.span(1, 3)["h"].tolist() for each in part.layers] == [each["h"][1:3].tolist() for each in expected]
    with pytest.raises(ValueError, match="has only some layers"):
        trace(network, tokens, after=part)


@pytest.mark.parametrize("bidirectional", [False, True], ids=["a part", "bidirectional"])
def test_nothing_goes_on_from_a_trace_without_state(bidirectional: bool) -> None:
    network, tokens = random_network(cell="lstm", bidirectional=bidirectional), random_tokens(4)
    whole = trace(network, tokens)
    message = (
        "this trace holds no state to continue from: it is a span of a trace, has only some layers, or is of a "
        "bidirectional network"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        trace(network, tokens, after=whole if bidirectional else whole.span(0, 1))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("size", [0, -1])
def test_parts_have_at_least_one_step(bidirectional: bool, size: int) -> None:
    network = random_network(cell="lstm", bidirectional=bidirectional)
    with pytest.raises(ValueError, match=f"^the size of a chunk is {size}: it must be at least 1$"):
        list(trace_in_chunks(network, random_tokens(3), size))


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^there is no engine 'fast': choose from compiled, reference$"):
        trace(random_network(cell="gru"), random_tokens(3), engine="fast")  # type: ignore[arg-type]
