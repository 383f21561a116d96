"""``gatescope.memory`` of a module, against automatic differentiation through torch.nn itself; and of a network."""

import math
from collections.abc import Callable
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope.recurrent.memory.attribution import word_norms
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.memory.measure import memory_steps
from gatescope.recurrent.memory.plan import OF_HEAD, PARTS, MemoryOptions, MemoryPlan
from gatescope.recurrent.memory.subject import subject_of
from gatescope.recurrent.memory.timescales import by_distance, half_life, time_scales
from gatescope.recurrent.trace import trace
from networks import VARIANTS, random_network, random_tokens
from torch import Tensor, nn
from torch.autograd.functional import jacobian

T, E, H = 5, 3, 4
KINDS: dict[str, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "relu rnn": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def module_and_x(kind: str, dtype: torch.dtype = torch.float64, **options: Any) -> tuple[nn.RNNBase, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        module = KINDS[kind](E, H, **options).to(dtype)
        return module, torch.randn(T, E, dtype=dtype)


def single_layers(kind: str, module: nn.RNNBase, x: Tensor) -> list[tuple[int, str, nn.RNNBase, Tensor]]:
    """Every layer and direction as a module of its own over its own input, in the order of its steps."""
    singles = []
    for layer in range(module.num_layers):
        outputs = []
        for direction, suffix in (("forward", ""), ("backward", "_reverse"))[: 1 + module.bidirectional]:
            single = KINDS[kind](x.shape[1], H, bias=module.bias).to(x.dtype)
            for name in list(single.state_dict()):
                getattr(single, name).data.copy_(getattr(module, name.replace("_l0", f"_l{layer}{suffix}")))
            own = x.flip(0) if direction == "backward" else x
            singles.append((layer, direction, single, own))
            h = single(own)[0].detach()
            outputs.append(h.flip(0) if direction == "backward" else h)
        x = torch.cat(outputs, dim=-1)
    return singles


def joined(h: Tensor, state: Any) -> Tensor:
    return torch.cat(list(state), dim=-1)[0] if isinstance(state, tuple) else h[-1]


def states_after(single: nn.RNNBase, x: Tensor, start: Tensor | None = None) -> Tensor:
    """The states, h or h and c joined, that ``single`` ends in; those it starts from are joined too."""
    hx = None
    if start is not None:
        parts = start[None].split(H, dim=-1)
        hx = tuple(parts) if len(parts) > 1 else parts[0]
    return joined(*single(x, hx)) if len(x) or start is None else start


def log10_norm(matrix: Tensor, order: Any = "fro") -> float:
    norm = torch.linalg.matrix_norm(matrix, ord=order).item()
    return math.log10(norm) if norm else -math.inf


@each_kind
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}], ids=str)
def test_memory_of_a_module_agrees_with_autograd_through_it(kind: str, options: dict[str, Any]) -> None:
    module, x = module_and_x(kind, **options)
    memory = gatescope.memory(module, x, step=2)
    singles = single_layers(kind, module, x)
    assert [(each.layer, each.direction) for each in memory.layers] == [single[:2] for single in singles]
    for each, (_, direction, single, own) in zip(memory.layers, singles, strict=True):
        order = slice(None, None, -1 if direction == "backward" else 1)
        assert each.states is not None
        assert each.inputs is not None
        assert each.log10_spectral is not None
        by_state, by_input = (norms.log10_norms[order, order] for norms in (each.states, each.inputs))
        spectral, looked_from = each.log10_spectral[order], T - 1 - 2 if direction == "backward" else 2
        for t in range(T):
            for k in range(t + 1):
                from_state = jacobian(
                    lambda state, k=k, t=t, single=single, own=own: states_after(single, own[k + 1 : t + 1], state),
                    states_after(single, own[: k + 1]).detach(),
                )
                from_input = jacobian(lambda own, t=t, single=single: single(own)[0][t], own)[:, k]
                assert by_state[t, k] == pytest.approx(log10_norm(from_state), abs=1e-9)
                assert by_input[t, k] == pytest.approx(log10_norm(from_input), abs=1e-9)
                if t == looked_from:
                    assert spectral[k] == pytest.approx(log10_norm(from_state, 2), abs=1e-9)
            assert np.isnan(by_state[t, t + 1 :]).all()
            assert np.isnan(by_input[t, t + 1 :]).all()
        medians = by_distance(by_input)
        np.testing.assert_allclose(each.inputs.log10_medians, medians)
        assert each.inputs.half_life == half_life(medians)


@each_kind
def test_gates_and_spectra_of_a_module(kind: str) -> None:
    module, x = module_and_x(kind)
    gates, layer = gatescope.trace_module(module, x).layer(), gatescope.memory(module, x).layer()
    keeping = {"lstm": "f", "gru": "z"}.get(kind)
    if keeping is None:
        assert layer.time_scales is None
    else:
        assert layer.time_scales is not None
        tau = time_scales(gates[keeping])
        assert layer.time_scales.letter == keeping
        np.testing.assert_allclose(layer.time_scales.along, np.where(tau <= T, tau, np.nan))
        np.testing.assert_allclose(layer.time_scales.tau, layer.time_scales.along[-1])
        assert (np.diff(tau[-1][layer.time_scales.ranking]) <= 0).all()
    letters = {"lstm": "ifo", "gru": "rz"}.get(kind, "")
    assert layer.saturation is not None
    assert "".join(each.letter for each in layer.saturation) == letters
    for each in layer.saturation:
        np.testing.assert_array_equal(each.left, (gates[each.letter] < 0.1).mean(axis=0))
        np.testing.assert_array_equal(each.right, (gates[each.letter] > 0.9).mean(axis=0))
    assert layer.spectra is not None
    blocks = np.split(module.weight_hh_l0.detach().numpy(), len(layer.spectra))  # type: ignore[union-attr]
    for spectrum, block in zip(layer.spectra, blocks, strict=True):
        assert spectrum.largest_singular_value == pytest.approx(np.linalg.svd(block)[1][0])
        assert spectrum.spectral_radius == pytest.approx(np.abs(np.linalg.eigvals(block)).max())


def assert_equal(ours: Any, theirs: Any) -> None:
    """Two memories, or parts of them, hold the same numbers."""
    if isinstance(ours, np.ndarray):
        np.testing.assert_array_equal(ours, theirs)
    elif hasattr(ours, "__dataclass_fields__"):
        for name in ours.__dataclass_fields__:
            assert_equal(getattr(ours, name), getattr(theirs, name))
    elif isinstance(ours, tuple):
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_equal(one, other)
    else:
        assert ours == theirs


@each_kind
def test_alpha_scales_the_recurrent_weights_of_a_module_and_leaves_it_alone(kind: str) -> None:
    module, x = module_and_x(kind)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    scaled = gatescope.memory(module, x, alpha=2)
    assert all(torch.equal(weight, before[name]) for name, weight in module.state_dict().items())
    assert all(weight.requires_grad for weight in module.parameters())
    module.weight_hh_l0.data *= 2
    louder = gatescope.memory(module, x, PARTS_OF_MODULES - {"spectra"})
    assert_equal(scaled.layer().states, louder.layer().states)
    assert_equal(scaled.layer().time_scales, louder.layer().time_scales)


PARTS_OF_MODULES = frozenset(PARTS) - OF_HEAD


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_that_of_the_same_weights_in_float32(dtype: torch.dtype) -> None:
    module, x = module_and_x("gru", dtype)
    half = gatescope.memory(module, x)
    assert_equal(half, gatescope.memory(module.float(), x.float()))


def test_weights_that_a_parametrization_computes() -> None:
    module, x = module_and_x("lstm")
    nn.utils.parametrizations.weight_norm(module, "weight_hh_l0")
    with torch.no_grad():
        module.parametrizations.weight_hh_l0.original0 *= 3
    plain = nn.LSTM(E, H).double()
    plain.load_state_dict({name: getattr(module, name).detach().clone() for name in plain.state_dict()})
    assert_equal(gatescope.memory(module, x), gatescope.memory(plain, x))


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_part_of_a_network(variant: dict[str, Any]) -> None:
    network, tokens = random_network(**variant, dtype=torch.float64), random_tokens(6)
    memory = gatescope.memory(network, tokens, quantity="logit")
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    assert memory.tokens == tuple(tokens)
    assert memory.words is not None
    assert memory.words.output is None
    np.testing.assert_array_equal(memory.words.log10_norms, list(word_norms(network, whole, layers, range(6), "logit")))
    assert memory.attribution is not None
    assert memory.attribution.output == whole.outputs[-1].argmax()
    assert memory.learning is not None
    assert memory.learning.target == whole.outputs[-1].argmax()
    assert memory.learning.log10_clipped == min(memory.learning.log10_norm, 0)
    assert memory.layer().log10_loss is not None


def test_parts_that_are_not_asked_for_are_none() -> None:
    memory = gatescope.memory(random_network(cell="lstm", layers=2), random_tokens(4), ["saturation"], layers=[1])
    [layer] = memory.layers
    assert layer.layer == 1
    assert layer.saturation is not None
    assert memory.words is memory.attribution is memory.learning is None
    assert layer.states is layer.inputs is layer.log10_spectral is layer.log10_loss is None
    assert layer.time_scales is layer.spectra is None
    with pytest.raises(KeyError, match="layer 0 forward"):
        memory.layer()


def test_a_window_is_that_part_of_the_whole() -> None:
    module, x = module_and_x("gru")
    whole, part = gatescope.memory(module, x), gatescope.memory(module, x, start=1, stop=4)
    assert (part.steps, part.start, part.stop) == (T, 1, 4)
    ours, theirs = part.layer().states, whole.layer().states
    assert ours is not None
    assert theirs is not None
    np.testing.assert_allclose(ours.log10_norms, theirs.log10_norms[1:4, 1:4], atol=1e-12)


def test_the_share_that_is_done_rises_to_the_end() -> None:
    plan = MemoryPlan.of(subject_of(random_network(cell="gru"), random_tokens(40)), MemoryOptions())
    shares = list(memory_steps(plan))
    assert len(shares) > 20
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1


def test_states_that_overflow_are_named() -> None:
    relu = nn.RNN(1, 1, nonlinearity="relu", bias=False)
    with torch.no_grad():
        relu.weight_ih_l0.fill_(1)  # type: ignore[operator]
        relu.weight_hh_l0.fill_(4)  # type: ignore[operator]
    x = torch.ones(50, 1)
    assert gatescope.memory(relu, x, ["states"]).steps == 50
    with pytest.raises(OverflowError, match=r"^h of layer 0 forward leaves the range of float32 at step 43$"):
        gatescope.memory(relu, x, ["states"], alpha=2)
