"""A module is called to learn which weights it uses, and is afterwards as it was before."""

import copy
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import trace_module
from torch import Tensor, nn
from torch.nn.functional import dropout
from torch.nn.utils import parametrizations, parametrize

from .torch_modules import bytes_of, error_against_torch, packed, random_module, random_sequences

STEPS = 9
OTHER = 1.3


@pytest.fixture(autouse=True)
def _old_forms_of_weights() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def weight_norm(module: nn.RNNBase) -> nn.RNNBase:
    return nn.utils.weight_norm(module, "weight_hh_l0")  # type: ignore[no-any-return]


def spectral_norm(module: nn.RNNBase) -> nn.RNNBase:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        nn.utils.spectral_norm(module, "weight_hh_l0", n_power_iterations=30)
        module.train()(random_sequences([1])[0])  # the norm of random vectors may be near 0, and the weights then huge
    return module


class WeightDrop:
    """Drops recurrent weights before each call, as the AWD-LSTM does (Merity et al. 2018)."""

    def __init__(self, module: nn.RNNBase, share: float = 0.5) -> None:
        raw = module.weight_hh_l0
        del module._parameters["weight_hh_l0"]
        module.register_parameter("weight_hh_l0_raw", nn.Parameter(raw.detach()))
        module.register_forward_pre_hook(self)
        self.share = share

    def __call__(self, module: nn.Module, args: Any) -> None:
        module.weight_hh_l0 = dropout(module.weight_hh_l0_raw, self.share, module.training)  # type: ignore[arg-type]


def weight_drop(module: nn.RNNBase) -> nn.RNNBase:
    WeightDrop(module)
    return module


class Dropped(nn.Module):
    """A parametrization that drops weights."""

    def forward(self, weight: Tensor) -> Tensor:
        return dropout(weight, 0.5, self.training)


def parametrized(module: nn.RNNBase) -> nn.RNNBase:
    parametrizations.spectral_norm(module, "weight_hh_l0")
    return module


RENEWED = {"weight_norm": weight_norm, "spectral_norm": spectral_norm, "weight_drop": weight_drop}


def in_eval(change: Callable[[nn.RNNBase], nn.RNNBase], kind: str = "gru") -> nn.RNNBase:
    return change(random_module(kind)).eval()


def agrees(module: nn.RNNBase, dtype: torch.dtype = torch.float32) -> bool:
    (x,) = random_sequences([STEPS], dtype=dtype)
    ours = trace_module(module, x)
    return error_against_torch(module, [ours], packed([x])) <= 1e-6


@pytest.mark.parametrize("change", RENEWED.values(), ids=RENEWED.keys())
@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_weights_that_only_a_call_renews_are_those_of_a_call(change: Any, kind: str) -> None:
    fresh = in_eval(change, kind)
    assert agrees(fresh)
    other = in_eval(change, kind)
    other(random_sequences([STEPS])[0])
    other.load_state_dict({name: OTHER * value for name, value in other.state_dict().items()})
    assert agrees(other)
    assert agrees(in_eval(change, kind).double(), torch.float64)


def test_a_trace_before_the_first_call_needs_no_weight_that_a_call_makes() -> None:
    module = in_eval(weight_drop)
    assert not hasattr(module, "weight_hh_l0")
    assert agrees(module)
    assert not hasattr(in_eval(weight_drop), "weight_hh_l0")


def test_a_weight_that_was_deleted_is_the_one_that_a_call_still_uses() -> None:
    module = random_module("gru")
    del module.weight_hh_l0
    assert agrees(module)
    with pytest.raises(TypeError, match=r"^weight_hh_l0 is a NoneType: it must be a torch\.Tensor$"):
        trace_module(module, random_sequences([STEPS])[0], check=False)


# Looking does not change the run.


def snapshot(module: nn.Module) -> dict[str, Any]:
    """Everything that a call could change."""
    tensors = {name: value.clone() for name, value in module.state_dict().items()}
    attributes = {
        f"{at}.{name}": copy.copy(value) if isinstance(value, dict | list | set) else value
        for at, part in enumerate(module.modules())
        for name, value in vars(part).items()
    }
    loose = {f"{at}.{k}": v for at, part in enumerate(module.modules()) for k, v in vars(part).items()}
    tensors |= {name: value.detach().clone() for name, value in loose.items() if isinstance(value, Tensor)}
    return {"tensors": tensors, "attributes": attributes, "flags": [part.training for part in module.modules()]}


def is_as_before(before: dict[str, Any], module: nn.Module) -> bool:
    after = snapshot(module)
    same = all(torch.equal(value, after["tensors"][name]) for name, value in before["tensors"].items())
    identical = before["attributes"].keys() == after["attributes"].keys() and all(
        list(map(id, _items(value))) == list(map(id, _items(after["attributes"][name])))
        for name, value in before["attributes"].items()
    )
    return same and identical and before["flags"] == after["flags"]


def _items(value: Any) -> list[Any]:
    return (
        list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, list | set) else [value]
    )


def careless(module: nn.Module, args: Any) -> None:
    """Change what there is to change."""
    module.weight_ih_l0.data.clamp_(-0.1, 0.1)  # type: ignore[operator, union-attr]
    module.calls = getattr(module, "calls", 0) + 1  # type: ignore[assignment, operator, arg-type]
    module.train(not module.training)
    module.dropout = 0.25
    module.seen.add(len(module.seen))  # type: ignore[union-attr, operator, arg-type]
    module.count += 1  # type: ignore[assignment, operator]
    random.random(), np.random.random()


def with_careless_hook(module: nn.RNNBase) -> nn.RNNBase:
    module.seen, module.count = set(), torch.zeros(())
    module.register_forward_pre_hook(careless)
    return module


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("change", [weight_norm, spectral_norm, weight_drop, parametrized, with_careless_hook])
@pytest.mark.parametrize("check", [True, False])
def test_a_trace_leaves_everything_as_it_was(change: Any, training: bool, check: bool) -> None:
    module = change(random_module("gru")).train(training)
    before = snapshot(module)
    chance = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    try:
        trace_module(module, random_sequences([STEPS])[0], check=check)
    except (TypeError, ValueError):
        assert change in (weight_drop, with_careless_hook)
    assert is_as_before(before, module)
    assert torch.equal(torch.get_rng_state(), chance[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == chance[1:]


@pytest.mark.parametrize("change", [spectral_norm, parametrized])
def test_a_trace_in_training_mode_shows_what_the_next_call_does(change: Any) -> None:
    module, (x,) = change(random_module("gru")).train(), random_sequences([STEPS])
    first, second = trace_module(module, x), trace_module(module, x)
    assert bytes_of(first) == bytes_of(second)
    with torch.no_grad():
        assert np.abs(module(x)[0].numpy() - first.layer()["h"]).max() <= 1e-6


def test_gradients_of_a_call_before_the_trace_still_flow() -> None:
    module, (x,) = parametrized(random_module("gru")).train(), random_sequences([STEPS])
    loss = module(x)[0].sum()
    trace_module(module, x)
    loss.backward()
    assert all(weight.grad is not None for weight in module.parameters())


# What draws random numbers.


def parametrized_dropout(module: nn.RNNBase) -> nn.RNNBase:
    parametrize.register_parametrization(module, "weight_hh_l0", Dropped())
    return module


def noise(module: nn.Module, args: Any) -> Any:
    return args[0] + 0.1 * torch.randn_like(args[0]), *args[1:]


def numpy_noise(module: nn.Module, args: Any) -> Any:
    return args[0] + float(np.random.random()), *args[1:]


@pytest.mark.parametrize("change", [weight_drop, parametrized_dropout])
def test_what_is_random_in_training_mode_is_refused_and_traced_in_eval(change: Any) -> None:
    module, (x,) = change(random_module("lstm")).train(), random_sequences([STEPS])
    with pytest.raises(ValueError, match=r"^two calls of this .*LSTM differ, .*: call module\.eval\(\) first$"):
        trace_module(module, x)
    assert agrees(module.eval())


OWN = torch.Generator()


def own_noise(module: nn.Module, args: Any) -> Any:
    return args[0] + torch.rand((), generator=OWN), *args[1:]


CALLS: list[int] = []


def count_calls(module: nn.Module, args: Any) -> Any:
    CALLS.append(1)
    return args[0] + len(CALLS), *args[1:]


@pytest.mark.parametrize("hook", [noise, numpy_noise, own_noise, count_calls])
def test_what_is_random_in_eval_mode_is_refused_with_its_name(hook: Any) -> None:
    module = random_module("lstm").eval()
    module.register_forward_pre_hook(hook)
    with pytest.raises(ValueError, match=rf"remove what makes them differ \(forward hooks: {hook.__name__}\)$"):
        trace_module(module, random_sequences([STEPS])[0])


def test_numbers_that_are_drawn_and_not_used_are_no_hindrance() -> None:
    module, (x,) = random_module("lstm").eval(), random_sequences([STEPS])
    module.register_forward_pre_hook(lambda *_: None if torch.rand(()) < 2 else ())
    assert error_against_torch(module, [trace_module(module, x)], packed([x])) <= 1e-6


@pytest.mark.parametrize("check", [True, False])
def test_a_weight_whose_memory_was_freed_is_refused_in_a_module_with_hooks_too(check: bool) -> None:
    module = random_module("lstm")
    module.register_forward_hook(lambda *_: None)
    module.weight_hh_l0.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="storage"):
        trace_module(module, random_sequences([STEPS])[0], check=check)


def test_tensors_that_cannot_be_copied_are_no_hindrance() -> None:
    module, (x,) = random_module("lstm"), random_sequences([STEPS])
    module.register_forward_hook(lambda *_: None)
    module.register_buffer("sparse", torch.eye(3).to_sparse())
    module.lazy = nn.LazyLinear(3)
    assert error_against_torch(module, [trace_module(module, x)], packed([x])) <= 1e-6
