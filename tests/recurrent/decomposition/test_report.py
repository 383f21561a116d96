"""The parts add up to the state and the logit, and each is that of a plain loop, for every cell that keeps a state."""

import copy
import pickle
import re
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope import Decomposition, decompose, trace_module
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.network import Network
from gatescope.recurrent.option_error import OptionError
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import Trace, trace
from hypothesis import given
from hypothesis import strategies as st
from networks import VARIANTS, any_network, any_tokens, random_network, random_tokens
from torch import nn

from ..torch_modules import random_module, random_sequences, random_states
from .plain import Array, plain

WITH_MEMORY = {cell.variant: VARIANTS[cell.variant] for cell in TABLE if cell.memory is not None}
each_cell = pytest.mark.parametrize("cell", WITH_MEMORY)


def relative_error(ours: Array, theirs: Array) -> float:
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max(initial=0))


def weights_of(network: Network, direction: str) -> Array:
    """The rows of the head that read one direction, (outputs, H)."""
    weight = network.head.weight.detach().double().numpy()
    size = network.config.hidden_size
    return weight[:, size:] if direction == "backward" else weight[:, :size]


def check_against_a_loop(
    parts: Decomposition, traced: Trace, weights: Array | None, initial: Array | None = None
) -> None:
    """Compare everything with a plain loop; ``weights`` (H,) read the state's h, unprojected."""
    expected = plain(traced.layer(parts.layer, parts.direction), initial)
    amounts = np.abs(expected.parts).sum(axis=2)
    assert relative_error(parts.state, expected.state) < 1e-12
    assert relative_error(parts.amounts, amounts) < 1e-12
    for t in range(len(parts)):
        of_step = parts.per_unit(time=t)
        assert relative_error(of_step.parts, expected.parts[t]) < 1e-12
        assert relative_error(of_step.parts.sum(axis=0), parts.state[t]) < 1e-12
    for k in range(len(parts.columns)):
        assert relative_error(parts.per_unit(source=k).parts, expected.parts[:, k]) < 1e-12
    if weights is None:
        assert parts.shares is parts.logit is parts.bias is parts.cancellation is parts.change is None
        return
    shares = (expected.parts * expected.gamma[:, None]) @ weights
    scale = max(1, np.abs(shares).max())
    assert parts.shares is not None
    assert np.abs(parts.shares - shares).max() < 1e-12 * scale
    for t in range(len(parts)):
        per_unit = parts.per_unit(time=t).shares
        assert per_unit is not None
        assert np.abs(per_unit.sum(axis=1) - shares[t]).max() < 1e-12 * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        cancellation = np.abs(parts.shares).sum(axis=1) / np.abs(parts.shares.sum(axis=1))
    assert parts.cancellation == pytest.approx(cancellation, nan_ok=True)


@pytest.mark.slow("three loops for every network that hypothesis thinks of", seconds=20)
@given(any_network(WITH_MEMORY, dtype=torch.float64), any_tokens(), st.data())
def test_parts_of_any_network(network: Network, tokens: list[Token], data: st.DataObject) -> None:
    traced = trace(network, tokens, engine="reference")
    output, top = data.draw(st.integers(0, 1)), network.config.layers - 1
    in_all = np.zeros(len(tokens))
    for layer, direction in network.layers():
        is_last = layer == top
        parts = decompose(traced, output=output if is_last else None, layer=layer, direction=direction)
        check_against_a_loop(parts, traced, weights_of(network, direction)[output] if is_last else None)
        if is_last:
            assert parts.shares is not None
            in_all += parts.shares.sum(axis=1)
    h = torch.from_numpy(np.concatenate([each["h"] for each in traced.layers if each.layer == top], axis=1))
    logits = network.read_in_double(h).detach().numpy()[:, output]
    assert in_all + network.head.bias[output].item() == pytest.approx(logits, abs=1e-9)


@each_cell
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parts_of_a_network(cell: str, dtype: torch.dtype) -> None:
    network = random_network(**WITH_MEMORY[cell], layers=2, bidirectional=True, dtype=dtype, outputs=1)
    traced = trace(network, random_tokens(9))
    for layer, direction in network.layers():
        parts = decompose(traced, layer=layer, direction=direction)
        check_against_a_loop(parts, traced, weights_of(network, direction)[0] if layer == 1 else None)
        letter = network.config.cell_definition.memory.state  # type: ignore[union-attr]
        assert parts.letter == letter
        digits = 1e-12 if dtype == torch.float64 else 1e-5
        assert relative_error(parts.state, traced.layer(layer, direction)[letter]) < digits


@pytest.mark.slow("a loop for every module that hypothesis thinks of", seconds=10)
@given(
    st.sampled_from(["lstm", "projected lstm", "gru"]),
    st.booleans(),
    st.integers(1, 3),
    st.integers(1, 9),
    st.booleans(),
)
def test_parts_of_any_module(kind: str, bidirectional: bool, layers: int, steps: int, has_states: bool) -> None:
    module = random_module(kind, num_layers=layers, bidirectional=bidirectional, dtype=torch.float64)
    hx = random_states(module) if has_states else None
    [x] = random_sequences([steps], dtype=torch.float64)
    traced = trace_module(module, x, hx)
    width = module.proj_size or module.hidden_size
    head = nn.Linear(width * (1 + bidirectional), 3, dtype=torch.float64)
    logits = head(module(x, hx)[0]).detach().numpy()[:, 1]
    in_all = np.zeros(steps)
    for at, layer in enumerate(traced.layers):
        is_last = layer.layer == layers - 1
        given_head = (head.weight, head.bias) if is_last else None
        output = 1 if is_last else None
        parts = decompose(traced, given_head, output, layer=layer.layer, direction=layer.direction)
        states = hx if isinstance(hx, tuple) else (hx, hx)
        initial = None if hx is None else states[1][at].numpy()
        weights = None
        if is_last:
            weights = head.weight.detach().numpy()[
                1, slice(-width, None) if layer.direction == "backward" else slice(width)
            ]
            if module.proj_size:
                suffix = "_reverse" if layer.direction == "backward" else ""
                weights = weights @ getattr(module, f"weight_hr_l{layers - 1}{suffix}").detach().numpy()
            in_all += parts.shares.sum(axis=1)  # type: ignore[union-attr]
        check_against_a_loop(parts, traced, weights, initial)
    assert in_all + head.bias[1].item() == pytest.approx(logits, abs=1e-9)


# Figures of the parts.


@each_cell
def test_remaining_new_and_change_are_their_definitions(cell: str) -> None:
    network = random_network(**WITH_MEMORY[cell], outputs=1, dtype=torch.float64)
    first, traced = trace(network, random_tokens(3, seed=1)), random_tokens(8)
    after = trace(network, traced, first)
    parts = decompose(after)
    letter = parts.letter
    initial = first.layer()[letter][-1]
    expected = plain(after.layer(), initial)
    amounts = np.abs(expected.parts).sum(axis=2)
    before = np.concatenate([[np.abs(initial).sum()], amounts.sum(axis=1)[:-1]])
    assert parts.remaining == pytest.approx(
        [(amounts[t].sum() - amounts[t, t]) / before[t] for t in range(8)], rel=1e-12
    )
    assert parts.new == pytest.approx([amounts[t, t] / amounts[t].sum() for t in range(8)], rel=1e-12)
    change, w = parts.change, weights_of(network, "forward")[0]
    assert change is not None
    assert parts.shares is not None
    for t in range(8):
        for k in range(9):
            if t == 0 or (k >= t and k < 8):
                assert np.isnan([change.forgetting[t, k], change.letting_out[t, k]]).all()
                continue
            (p0, p1), (g0, g1) = expected.parts[t - 1 : t + 1, k], expected.gamma[t - 1 : t + 1]
            assert change.forgetting[t, k] == pytest.approx(((p1 - p0) * (g0 + g1) / 2) @ w, abs=1e-13)
            assert change.letting_out[t, k] == pytest.approx(((p1 + p0) * (g1 - g0) / 2) @ w, abs=1e-13)
            both = change.forgetting[t, k] + change.letting_out[t, k]
            assert both == pytest.approx(parts.shares[t, k] - parts.shares[t - 1, k], abs=1e-13)


@each_cell
@pytest.mark.parametrize("bidirectional", [False, True])
def test_memory_weights_add_up_to_1_and_make_the_state(cell: str, bidirectional: bool) -> None:
    network = random_network(**WITH_MEMORY[cell], bidirectional=bidirectional, dtype=torch.float64)
    direction = network.config.directions[-1]
    traced = trace(network, random_tokens(7))
    parts, layer = decompose(traced, output=0, direction=direction), traced.layer(0, direction)
    definition = network.config.cell_definition
    keep, candidate = definition.memory.keep(layer), layer[definition.candidate]  # type: ignore[union-attr]
    is_mean = np.allclose(definition.memory.write(layer), (1 - keep) * candidate)  # type: ignore[union-attr]
    if not is_mean:
        assert parts.memory_weights is parts.per_unit(time=0).memory_weights is None
        return
    assert parts.memory_weights is not None
    assert parts.memory_weights.sum(axis=1) == pytest.approx(np.ones(7), abs=1e-14)
    for t in range(7):
        weights = parts.per_unit(time=t).memory_weights
        assert weights is not None
        assert weights.sum(axis=0) == pytest.approx(np.ones(7), abs=1e-14)
        assert weights.mean(axis=1) == pytest.approx(parts.memory_weights[t], abs=1e-14)
        assert (weights[:7] * candidate).sum(axis=0) == pytest.approx(parts.state[t], abs=1e-14)  # initial states are 0
    for k in range(8):
        of_column = parts.per_unit(source=k).memory_weights
        assert of_column is not None
        assert of_column.mean(axis=1) == pytest.approx(parts.memory_weights[:, k], abs=1e-14)


def test_the_weights_of_a_cell_without_recurrent_weights_are_its_implicit_attention_matrix() -> None:
    """minGRU unrolled: h_t = Σ_k (Π_{s=k+1..t} (1 − z_s)) z_k ⊙ n_k, one attention matrix for each unit."""
    network = random_network(cell="mingru", dtype=torch.float64)
    traced = trace(network, random_tokens(12))
    z, n, h = (traced.layer()[letter] for letter in "znh")
    attention = np.zeros((7, 12, 12))
    for j in range(7):
        for t in range(12):
            for k in range(t + 1):
                attention[j, t, k] = np.prod(1 - z[k + 1 : t + 1, j]) * z[k, j]
    assert np.einsum("jtk,kj->tj", attention, n) == pytest.approx(h, abs=1e-14)
    parts = decompose(traced, output=0)
    for k in range(12):
        assert parts.per_unit(source=k).memory_weights == pytest.approx(attention[:, :, k].T, abs=1e-14)
    assert parts.memory_weights[:, :12] == pytest.approx(attention.mean(axis=0), abs=1e-14)  # type: ignore[index]


@each_cell
def test_states_of_exactly_0_are_read(cell: str) -> None:
    network = random_network(**WITH_MEMORY[cell], outputs=1)
    with torch.no_grad():
        for weight in network.recurrent.parameters():
            weight.zero_()
    parts = decompose(trace(network, random_tokens(3)))
    assert (parts.amounts == 0).all()
    assert (parts.shares == 0).all()
    assert np.isnan(parts.new).all()
    assert np.isnan(parts.remaining).all()
    assert np.isnan(parts.cancellation).all()


@each_cell
def test_a_part_of_a_trace_starts_from_the_state_before_it(cell: str) -> None:
    network = random_network(**WITH_MEMORY[cell], outputs=1, bidirectional=True, dtype=torch.float64)
    whole = trace(network, random_tokens(10))
    for direction in network.config.directions:
        full, part = decompose(whole, direction=direction), decompose(whole.span(4, 8), direction=direction)
        assert part.amounts[:, :4] == pytest.approx(full.amounts[4:8, 4:8], abs=1e-14)
        assert part.state == pytest.approx(full.state[4:8], abs=1e-14)
        assert full.shares is not None
        assert part.shares is not None
        before = full.shares[4:8].sum(axis=1) - full.shares[4:8, 4:8].sum(axis=1)
        assert part.shares[:, 4] == pytest.approx(before, abs=1e-14)


def test_columns_are_named() -> None:
    network = random_network(cell="gru", outputs=1)
    tokens = random_tokens(3)
    assert decompose(trace(network, tokens)).columns == (*(token.text for token in tokens), "initial state")
    module = decompose(trace_module(random_module("gru"), random_sequences([2])[0]))
    assert module.columns == ("0", "1", "initial state")
    assert len(module) == 2


def test_a_trace_of_a_batch_has_its_own_initial_states() -> None:
    module = random_module("lstm", dtype=torch.float64)
    x = torch.stack(random_sequences([4, 4], dtype=torch.float64), dim=1)
    hx = random_states(module, 2)
    for b, each in enumerate(trace_module(module, x, hx)):
        check_against_a_loop(decompose(each), each, None, hx[1][0, b].numpy())


def test_autocast_does_not_make_it_less_exact() -> None:
    network = random_network(cell="lstm", outputs=1, dtype=torch.float64)
    traced = trace(network, random_tokens(200))
    expected = decompose(traced).amounts
    with torch.autocast("cpu"):
        assert (decompose(traced).amounts == expected).all()


@pytest.mark.slow("matrices of all pairs of 2,000 steps", seconds=5)
def test_long_sequences() -> None:
    network = random_network(cell="lstm", outputs=1, hidden_size=512, embedding_size=8)
    traced = trace(network, random_tokens(2000))
    parts = decompose(traced)
    layer = traced.layer()
    f, i, g, o = (layer[letter].astype(np.float64) for letter in "figo")
    c = np.zeros(512)
    for t in range(2000):
        c = f[t] * c + i[t] * g[t]
    shares = parts.shares
    assert shares is not None
    w = weights_of(network, "forward")[0]
    assert shares[-1].sum() == pytest.approx((o[-1] * np.tanh(c)) @ w, abs=1e-9)
    k = 1990
    assert parts.amounts[-1, k] == pytest.approx(np.abs(i[k] * g[k] * np.prod(f[k + 1 :], axis=0)).sum(), rel=1e-12)


# What cannot be.


def refused(message: str) -> Any:
    return pytest.raises(OptionError, match=f"^{re.escape(message)}$")


TRACED = trace(random_network(cell="gru", layers=2, head="softmax", outputs=3), random_tokens(4))


def test_a_plain_rnn_has_no_path() -> None:
    traced = trace(random_network(cell="rnn"), random_tokens(4))
    message = (
        "a plain RNN keeps nothing apart, as it rewrites its whole state at every step: there is no path of memory to "
        "decompose"
    )
    with pytest.raises(ValueError, match=f"^{message}$"):
        decompose(traced)


@pytest.mark.parametrize("options", [{"output": (0, 1)}, {"head": (np.zeros((1, 7)), None)}])
def test_shares_of_a_lower_layer_are_refused(options: Any) -> None:
    with refused(f"{next(iter(options))}: the head reads only the last layer, 1: layer 0 has no shares"):
        decompose(TRACED, layer=0, **options)


def test_a_trace_without_steps_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^there is nothing to decompose: the trace has no steps$"):
        decompose(TRACED.span(2, 2))


def test_a_place_that_does_not_exist_is_refused() -> None:
    with refused("layer: there is no layer 2: choose from 0 to 1"):
        decompose(TRACED, layer=2)
    with refused("direction: there is no 'backward': choose forward"):
        decompose(TRACED, direction="backward")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": 5}, "source: there is no column 5: choose from 0 to 4"),
        ({"time": -1}, "time: there is no step -1: choose from 0 to 3"),
    ],
)
def test_a_column_or_step_that_does_not_exist_is_refused(options: Any, message: str) -> None:
    with refused(message):
        decompose(TRACED).per_unit(**options)


@pytest.mark.parametrize("options", [{}, {"source": 0, "time": 0}])
def test_per_unit_is_of_a_column_or_a_step(options: Any) -> None:
    with pytest.raises(ValueError, match=r"^per_unit takes either source=, a column, or time=, a step$"):
        decompose(TRACED).per_unit(**options)


def test_weights_that_changed_since_the_trace_are_refused() -> None:
    network = random_network(cell="lstm", outputs=1)
    traced = trace(network, random_tokens(3))
    with torch.no_grad():
        network.head.weight.add_(1)
    with pytest.raises(ValueError, match=r"^the head's weight has changed since the trace was made: trace again"):
        decompose(traced)
    module = random_module("projected lstm")
    of_module = trace_module(module, random_sequences([3])[0])
    with torch.no_grad():
        module.weight_hr_l0.mul_(2)
    with pytest.raises(ValueError, match=r"^the projection of the module has changed since the trace was made"):
        decompose(of_module, head=(np.zeros((1, 3)), None))


def test_a_change_that_is_not_counted_is_refused_too() -> None:
    network = random_network(cell="gru", outputs=3, head="softmax")
    traced = trace(network, random_tokens(3))
    network.head.weight.data.mul_(1.5)  # PyTorch's count of writes stays as it is
    with pytest.raises(ValueError, match=r"^the head has changed since the trace was made: trace again"):
        decompose(traced)
    for direction in ("forward", "backward"):
        module = random_module("projected lstm", bidirectional=True)
        of_module = trace_module(module, random_sequences([3])[0])
        decompose(of_module, head=(np.zeros((1, 6)), None), direction=direction)  # type: ignore[arg-type]
        weight = module.weight_hr_l0 if direction == "forward" else module.weight_hr_l0_reverse
        weight.data.mul_(1.5)
        with pytest.raises(ValueError, match=r"^the projection of the module has changed since the trace was made"):
            decompose(of_module, head=(np.zeros((1, 6)), None), direction=direction)  # type: ignore[arg-type]


def test_a_trace_can_be_pickled_and_copied() -> None:
    network = random_network(cell="lstm", outputs=1)
    with torch.no_grad():
        network.head.weight.add_(1)  # so that writes were counted before
    traced = trace(network, random_tokens(3))
    for again in (pickle.loads(pickle.dumps(traced)), copy.deepcopy(traced)):
        assert decompose(again).shares == pytest.approx(decompose(traced).shares, abs=0)


def test_what_is_not_one_trace_is_refused() -> None:
    batch = trace_module(random_module("lstm"), torch.stack(random_sequences([3, 3]), dim=1))
    with pytest.raises(TypeError, match=r"^a decomposition is of one trace, not of a Traces: pick one of a batch$"):
        decompose(batch)  # type: ignore[arg-type]


def test_the_projection_that_a_hook_makes_is_that_of_the_call() -> None:
    module = random_module("projected lstm", dtype=torch.float64)

    def hook(hooked: nn.RNNBase, _: object) -> None:
        hooked.weight_hr_l0.data.fill_(1)

    handle = module.register_forward_pre_hook(hook)
    [x] = random_sequences([3], dtype=torch.float64)
    traced, weight = trace_module(module, x), np.ones((1, 3))
    handle.remove()
    shares = decompose(traced, head=(weight, None)).shares
    assert shares is not None
    assert shares.sum(axis=1) == pytest.approx(traced.layer()["h"].sum(axis=1), abs=1e-12)


def test_it_is_public() -> None:
    assert {"decompose", "Decomposition"} <= set(gatescope.__all__)
