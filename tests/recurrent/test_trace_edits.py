"""Edited traces: of networks and modules with layers, directions and batches, against loops with the edit by hand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import EditError, ablate, edit, freeze, hold, patch, scale, swap, trace_module
from gatescope.recurrent.edits.edit import Edit, Resources
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network
from gatescope.recurrent.overflow import RangeError
from gatescope.recurrent.trace import Trace, trace, trace_in_chunks
from networks import VARIANTS, random_network, random_tokens, tokens_of
from torch import Tensor

from .edits import loops
from .engines import error
from .torch_modules import bytes_of, each_engine, packed, random_module, random_sequences, random_states

each_variant = pytest.mark.parametrize("variant", VARIANTS)


def by_hand(network: Network, ids: list[int], edit: Any) -> dict[tuple[int, str], dict[str, Tensor]]:
    """All layers in float64; ``edit(layer, direction, letter, t, x, before)``."""
    cell = network.config.cell_definition
    x, found = network.embedding.weight[ids].double()[:, None], {}
    for layer in range(network.config.layers):
        outputs = []
        for direction in network.config.directions:
            weights = network.weights(layer, direction).double()
            zeros = {letter: torch.zeros(1, network.config.hidden_size).double() for letter in cell.states}

            def of(*given: Any, layer: int = layer, direction: str = direction) -> Tensor:
                return edit(layer, direction, *given)

            found[layer, direction] = loops.run(cell.variant, weights, x, zeros, of, reverse=direction == "backward")
            outputs.append(found[layer, direction]["h"])
        x = torch.cat(outputs, dim=-1)
    return found


@each_engine
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@each_variant
def test_an_edit_acts_in_its_layer_and_direction(variant: str, dtype: torch.dtype, engine: Any) -> None:
    network = random_network(**VARIANTS[variant], layers=2, bidirectional=True, dtype=dtype)
    tokens, letter = random_tokens(8), network.config.cell_definition.activations[0]
    edits = [
        {"letter": letter, "layer": 0, "direction": "backward", "units": [2], "steps": "3-4", "hold": 0.25},
        {"letter": "h", "layer": 1, "steps": [5], "scale": 0.5},
    ]

    def edit(layer: int, direction: str, of: str, t: int, x: Tensor, before: Mapping[str, Tensor]) -> Tensor:
        x = x.clone()
        if (layer, direction, of) == (0, "backward", letter) and t in (3, 4):
            x[:, 2] = 0.25
        if (layer, of, t) == (1, "h", 5):
            x *= 0.5
        return x

    with torch.no_grad():
        expected = by_hand(network, [token.id for token in tokens], edit)
    ours = trace(network, tokens, engine=engine, edits=edits)
    for each in ours.layers:
        for of, array in each.activations.items():
            bound = 1e-12 if dtype == torch.float64 else 2e-6
            assert error(array, expected[each.layer, each.direction][of][:, 0].numpy()) <= bound
    top = torch.cat([expected[1, direction]["h"][:, 0] for direction in network.config.directions], dim=-1)
    outputs = network.probabilities(network.read_in_double(top)).detach().numpy()
    assert error(ours.outputs, outputs) <= (1e-12 if dtype == torch.float64 else 2e-6)
    assert ours.edits == tuple(map(Edit.from_dict, edits))


@each_engine
@each_variant
def test_without_edits_every_bit_is_that_of_the_plain_trace(variant: str, engine: Any) -> None:
    network, tokens = random_network(**VARIANTS[variant], layers=2), random_tokens(9)
    plain, none = trace(network, tokens, engine=engine), trace(network, tokens, engine=engine, edits=[])
    assert bytes_of(plain) == bytes_of(none)
    assert plain.outputs.tobytes() == none.outputs.tobytes()
    assert (none.edits, none.notes) == ((), ())


@each_variant
def test_an_edited_trace_goes_on_and_comes_in_parts(variant: str) -> None:
    network, tokens = random_network(**VARIANTS[variant]), random_tokens(9)
    letter = network.config.cell_definition.activations[0]
    edits = [hold(letter, 0.5, steps=[1, 5]), freeze(steps=[4])]
    whole = trace(network, tokens, edits=edits)
    parts = list(trace_in_chunks(network, tokens, 4, edits=edits))
    assert [(part.start, len(part)) for part in parts] == [(0, 4), (4, 4), (8, 1)]
    for name in network.config.cell_definition.activations:
        np.testing.assert_allclose(
            np.concatenate([each.layer()[name] for each in parts]), whole.layer()[name], atol=1e-6
        )
    first = trace(network, tokens[:4], edits=[hold(letter, 0.5, steps=[1])])
    rest = trace(network, tokens[4:], first, edits=[hold(letter, 0.5, steps=[5]), freeze(steps=[4])])
    np.testing.assert_allclose(rest.layer()["h"], whole.layer()["h"][4:], atol=1e-6)
    with pytest.raises(EditError, match=r"^edits\[0\].steps: there is no step 3: steps go from 4 to 8$"):
        trace(network, tokens[4:], first, edits=[hold(letter, 0.5, steps=[3])])


@each_variant
def test_pre_activations_of_an_edited_trace_are_those_of_its_own_states(variant: str) -> None:
    """They are of before the edit, and follow from what was edited earlier: h, and the reset gate of the same step."""
    network, tokens = random_network(**VARIANTS[variant], dtype=torch.float64), random_tokens(6)
    cell = network.config.cell_definition
    edits = [{"letter": cell.activations[0], "steps": [2], "hold": 0.9}, {"letter": "h", "steps": [3], "scale": 2}]
    ours = trace(network, tokens, pre_activations=True, edits=edits).layer()
    for letter in cell.blocks:
        high = cell[letter].high
        made = {1: torch.sigmoid} if cell[letter].kind == "gate" else {1: torch.tanh}
        function = made.get(high, torch.relu if variant == "relu rnn" else torch.nn.Identity())  # type: ignore[call-overload]
        again = function(torch.from_numpy(ours[f"a_{letter}"])).numpy()
        kept = [
            t for t in range(6) if not (letter == cell.activations[0] and t == 2) and not (letter == "h" and t == 3)
        ]
        assert error(again[kept], ours[letter][kept]) <= 1e-12


def test_a_swap_is_the_trace_of_the_other_token() -> None:
    network = random_network(cell="lstm")
    resources = Resources(tokens=lambda text: tokens_of([int(text)]))
    edits = [swap("7", steps=[1]), swap("5", steps=[1, 2])]  # the later one counts
    ours = trace(network, tokens_of([3, 1, 4, 1]), edits=edits, resources=resources)
    theirs = trace(network, tokens_of([3, 5, 5, 1]))
    assert bytes_of(ours) == bytes_of(theirs)
    assert [token.id for token in ours.tokens] == [3, 1, 4, 1]
    parts = trace_in_chunks(network, tokens_of([3, 1, 4, 1]), 2, edits=[swap("5", steps=[1, 2])], resources=resources)
    np.testing.assert_allclose(np.concatenate([part.outputs for part in parts]), theirs.outputs, atol=1e-6)


def test_patching_all_states_of_a_step_carries_the_other_text_over() -> None:
    network = random_network(cell="lstm")
    one, other = random_tokens(6), random_tokens(6, seed=1)
    source = trace(network, other)
    ours = trace(network, one, edits=[patch(letter, source, 3, steps=[3]) for letter in "ch"])
    mixed = trace(network, [*other[:4], *one[4:]])
    np.testing.assert_allclose(ours.layer()["h"][3:], mixed.layer()["h"][3:], atol=1e-6)
    aligned = trace(network, one, edits=[patch(letter, source) for letter in "ch"])
    np.testing.assert_array_equal(aligned.layer()["h"], source.layer()["h"])


def test_a_patch_of_a_trace_that_goes_on_takes_the_same_steps_of_its_own_part() -> None:
    network = random_network(cell="lstm")
    one, other = random_tokens(7), random_tokens(7, seed=1)
    source = trace(network, other[4:], trace(network, other[:4]))
    ours = trace(network, one[4:], trace(network, one[:4]), edits=[patch(k, source, steps=[5]) for k in "ch"])
    plain = trace(network, one[4:], trace(network, one[:4]))
    for letter in "ch":
        np.testing.assert_array_equal(ours.layer()[letter][0], plain.layer()[letter][0])
        np.testing.assert_array_equal(ours.layer()[letter][1], source.layer()[letter][1])


def test_an_overflow_of_an_edited_run_is_refused_where_it_comes_up() -> None:
    network = random_network(cell="lstm")
    edits = [scale("i", 1e38), scale("i", 1e38), hold("c", 0)]  # the cell state hides it
    with pytest.raises(RangeError, match=r"^i of layer 0 forward leaves the range of float32 at step 0$"):
        trace(network, random_tokens(4), overflow="refuse", edits=edits)
    with pytest.raises(RangeError):
        list(trace_in_chunks(network, random_tokens(4), 2, overflow="refuse", edits=edits))


def test_an_overflow_in_a_later_chunk_is_refused_before_the_first_is_sent() -> None:
    network = random_network(cell="lstm")
    edits = [scale("i", 1e38, steps=[3]), scale("i", 1e38, steps=[3])]
    with pytest.raises(RangeError):
        next(trace_in_chunks(network, random_tokens(4), 2, overflow="refuse", edits=edits))


@each_engine
def test_a_gate_that_is_held_at_0_is_0_in_both_engines(engine: Any) -> None:
    """A 0 among the gates makes the reference compute in float64, with the edits as well."""
    network, tokens = random_network(cell="lstm"), random_tokens(4)
    ours = trace(network, tokens, engine=engine, edits=[hold("i", 0, steps=[2])]).layer()
    assert not ours["i"][2].any()
    np.testing.assert_allclose(ours["c"][2], ours["f"][2] * ours["c"][1], atol=1e-7)


def test_jacobians_of_an_edited_trace_are_refused() -> None:
    network = random_network(cell="lstm")
    edited = trace(network, random_tokens(4), edits=[hold("i", 0)])
    with pytest.raises(ValueError, match=r"^the trace is edited, and derivatives are those of a plain run"):
        next(iter(layer_jacobians(network, edited)))


# Modules.


def test_a_trace_within_a_block_of_edits_is_the_edited_run() -> None:
    network, tokens = random_network(cell="gru"), random_tokens(5)
    edits = [hold("z", 0.5, steps=[1]), scale("h", 2.0, steps=[3])]
    expected = trace(network, tokens, edits=edits)
    with edit(network, edits[0]):
        inside = trace(network, tokens, edits=edits[1:])
        in_parts = list(trace_in_chunks(network, tokens, 2, edits=edits[1:]))
    assert inside.edits == expected.edits == tuple(edits)
    np.testing.assert_array_equal(inside.outputs, expected.outputs)
    np.testing.assert_allclose(np.concatenate([each.outputs for each in in_parts]), expected.outputs, atol=1e-6)
    assert not trace(network, tokens).edits


@each_engine
@pytest.mark.parametrize("kind", ["lstm", "projected lstm", "gru", "rnn", "relu rnn"])
def test_sequences_of_a_packed_batch_have_their_own_edits(kind: str, engine: Any) -> None:
    """Each sequence of a batch is as if it had been traced by itself with those edits that name it."""
    module = random_module(kind, num_layers=2, bidirectional=True)
    sequences = random_sequences([3, 6, 5])
    edits = [
        {"letter": "h", "layer": 0, "units": [1], "steps": [2], "add": 0.5},
        {"letter": "h", "steps": [4], "sequences": [1], "hold": 0.25},
        {"freeze": True, "layer": 1, "direction": "backward", "steps": [1], "sequences": [0, 2]},
    ]
    traces = trace_module(module, packed(sequences), engine=engine, edits=edits)
    for b, (each, x) in enumerate(zip(traces, sequences, strict=True)):
        own = [{k: v for k, v in e.items() if k != "sequences"} for e in edits if b in e.get("sequences", [b])]
        single = trace_module(module, x, engine=engine, edits=own)
        assert isinstance(single, Trace)
        assert [edit.to_dict() for edit in each.edits] == [Edit.from_dict(each).to_dict() for each in own]
        for ours, theirs in zip(each.layers, single.layers, strict=True):
            for letter, array in ours.activations.items():
                assert error(array, theirs[letter]) <= 2e-6


def test_a_batch_takes_initial_states_and_edits_of_all() -> None:
    module = random_module("gru")
    x, hx = torch.stack(random_sequences([4, 4]), dim=1), random_states(module := random_module("gru"), 2)
    traces = trace_module(module, x, hx, edits=[freeze(steps=[0])])
    for b in range(2):
        np.testing.assert_array_equal(traces[b].layer()["h"][0], hx[0, b].numpy())  # type: ignore[union-attr]


def test_bfloat16_and_float64_take_edits() -> None:
    for dtype in (torch.bfloat16, torch.float64):
        module = random_module().to(dtype)
        [x] = random_sequences([5], dtype=dtype)
        ours = trace_module(module, x, edits=[hold("i", 0.5, steps=[3])])
        assert (ours.layer()["i"][3] == 0.5).all()  # type: ignore[union-attr]


def test_a_module_has_no_texts() -> None:
    [x] = random_sequences([5])
    for each in (swap("good"), ablate("c", "mean"), patch("h", "good")):
        with pytest.raises(EditError):
            trace_module(random_module(), x, edits=[each])
