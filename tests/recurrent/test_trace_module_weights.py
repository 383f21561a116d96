"""``trace_module`` and what may be done to a module: the weights that it has are read, and nothing else matters."""

import contextlib
import copy
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from gatescope import trace_module
from gatescope.recurrent.trace import Engine
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from .torch_modules import (
    bytes_of,
    each_engine,
    each_kind,
    error_against_torch,
    error_between,
    packed,
    random_module,
    random_sequences,
    random_states,
)

WRITES: dict[str, Callable[[nn.RNNBase], object]] = {
    "in place": lambda module: module.weight_hh_l0.data.mul_(2),
    "by rows": lambda module: module.weight_hh_l0.data[:].copy_(module.weight_hh_l0.data.flip(0)),
    "new memory": lambda module: setattr(module.weight_ih_l0, "data", module.weight_ih_l0.data * 2),
    "a new parameter": lambda module: setattr(module, "bias_hh_l0", nn.Parameter(module.bias_hh_l0.detach() + 1)),
    "other states": lambda module: module.load_state_dict({k: v + 0.5 for k, v in module.state_dict().items()}),
    "another dtype": lambda module: module.double(),
    "transposed": lambda module: setattr(module.weight_hh_l0, "data", module.weight_hh_l0.data.t()),
    "transposed in place": lambda module: module.weight_hh_l0.detach_().t_().requires_grad_(),
    "strided in place": lambda module: module.weight_hh_l0.detach_().as_strided_((12, 4), (1, 3)).requires_grad_(),
    "shared with other processes": lambda module: module.share_memory() and module.weight_hh_l0.data.mul_(2),
    "expanded": lambda module: setattr(module.bias_ih_l0, "data", module.bias_ih_l0.data[:1].expand(12)),
    "one row on": lambda module: setattr(module.bias_ih_l0, "data", torch.arange(13.0)[1:]),
    "not contiguous": lambda module: setattr(module.weight_hh_l0, "data", torch.randn(4, 12).t()),
}


@pytest.mark.parametrize(("case", "write"), WRITES.items(), ids=WRITES.keys())
def test_weights_that_change_between_two_traces_are_seen(case: str, write: Callable[[nn.RNNBase], object]) -> None:
    module, x = (nn.RNN(4, 12), torch.randn(9, 4)) if "transposed" in case else (nn.GRU(3, 4), torch.randn(9, 3))
    before = trace_module(module, x)
    write(module)
    x = x.to(module.weight_ih_l0.dtype)
    after, fresh = trace_module(module, x), trace_module(copy.deepcopy(module), x)
    assert bytes_of(after) == bytes_of(fresh)
    assert bytes_of(after) != bytes_of(before)
    assert error_against_torch(module, [after], packed([x])) <= 1e-6


def test_a_weight_that_is_cut_after_a_trace_is_refused_with_the_shape_that_it_must_have() -> None:
    module, x = nn.RNN(4, 4), torch.randn(9, 4)
    trace_module(module, x)
    module.weight_hh_l0.data = module.weight_hh_l0.data[:2, :2]
    with pytest.raises(ValueError, match=r"^weight_hh_l0 is \(2, 2\): it must be \(4, 4\)$"):
        trace_module(module, x)


def test_a_number_that_stops_being_finite_after_a_trace_is_named() -> None:
    module, x = nn.LSTM(3, 4), torch.randn(9, 3)
    trace_module(module, x)
    module.bias_ih_l0.data[7] = torch.inf
    with pytest.raises(ValueError, match=r"^bias_ih_l0\[7\] is inf: a trace needs finite numbers$"):
        trace_module(module, x)


def test_a_traced_module_can_be_forgotten() -> None:
    module = nn.RNN(3, 4)
    trace_module(module, torch.randn(9, 3))
    weight, module = weakref.ref(module.weight_hh_l0), None  # type: ignore[assignment]
    gc.collect()
    assert weight() is None


@each_engine
def test_autocast_changes_nothing(engine: Engine) -> None:
    module, x = nn.GRU(3, 4, num_layers=2), torch.randn(9, 3)
    plain = trace_module(module, x, engine=engine)
    with torch.autocast("cpu"):
        assert bytes_of(trace_module(module, x, engine=engine)) == bytes_of(plain)


@each_kind
@each_engine
def test_the_layout_of_memory_changes_nothing(kind: str, engine: Engine) -> None:
    module, (x,) = random_module(kind, num_layers=2), random_sequences([9])
    hx = random_states(module)
    plain = trace_module(module, x, hx, engine)

    def scattered(tensor: Tensor) -> Tensor:
        """The same numbers, at every third place."""
        return torch.zeros(*tensor.shape, 3).copy_(tensor[..., None].expand(*tensor.shape, 3))[..., 1]

    spread = copy.deepcopy(module)
    for name, weight in module.named_parameters():
        setattr(spread, name, nn.Parameter(scattered(weight.detach())))
        assert not getattr(spread, name).is_contiguous()
    scattered_hx = tuple(map(scattered, hx)) if isinstance(hx, tuple) else scattered(hx)
    assert error_between([trace_module(spread, scattered(x), scattered_hx, engine)], [plain]) <= 1e-6

    transposed = copy.deepcopy(module)
    for name, weight in module.named_parameters():
        setattr(transposed, name, nn.Parameter(weight.detach().t().contiguous().t()))
    assert error_between([trace_module(transposed, x.t().contiguous().t(), hx, engine)], [plain]) <= 1e-6


@each_kind
@each_engine
def test_weights_may_be_views_of_one_vector(kind: str, engine: Engine) -> None:
    module, (x,) = random_module(kind, num_layers=2), random_sequences([9])
    views = copy.deepcopy(module)
    flat = torch.cat([torch.zeros(1), *(weight.detach().flatten() for weight in module.parameters())])
    start = 1  # not aligned
    for name, weight in module.named_parameters():
        setattr(views, name, nn.Parameter(flat[start : start + weight.numel()].view_as(weight)))
        start += weight.numel()
    before = flat.clone()
    assert error_between([trace_module(views, x, engine=engine)], [trace_module(module, x, engine=engine)]) <= 1e-6
    assert torch.equal(flat, before)


@each_kind
@each_engine
def test_gradients_neither_matter_nor_suffer(kind: str, engine: Engine) -> None:
    module, (x,) = random_module(kind, num_layers=2), random_sequences([9])
    with torch.inference_mode():
        plain = bytes_of(trace_module(module, x, engine=engine))
    x.requires_grad_()
    for mode in (contextlib.nullcontext, torch.no_grad, torch.enable_grad):
        with mode():
            assert bytes_of(trace_module(module, x, engine=engine)) == plain
    assert all(tensor.requires_grad and tensor.grad is None for tensor in (x, *module.parameters()))
    module(packed([x]))[0].data.sum().backward()
    assert all(tensor.grad is not None for tensor in (x, *module.parameters()))


@each_kind
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize(
    "mode", [lambda: torch.autocast("cpu"), lambda: torch.device("meta")], ids=["autocast", "default device"]
)
def test_the_modes_of_torch_change_nothing(kind: str, bias: bool, mode: Callable[[], Any]) -> None:
    module, (x,) = random_module(kind, bias=bias), random_sequences([9])
    with mode():
        ours = trace_module(module, x)
    assert bytes_of(ours) == bytes_of(trace_module(module, x))


@each_kind
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@each_engine
def test_the_default_dtype_changes_nothing(
    kind: str, bias: bool, engine: Engine, request: pytest.FixtureRequest
) -> None:
    module, (x,) = random_module(kind, bias=bias), random_sequences([9])
    plain = bytes_of(trace_module(module, x, engine=engine))
    request.addfinalizer(lambda: torch.set_default_dtype(torch.float32))
    torch.set_default_dtype(torch.float64)
    assert bytes_of(trace_module(module, x, engine=engine)) == plain


@pytest.mark.parametrize(("training", "layers", "dropout"), [(True, 2, 0.0), (True, 1, 0.5), (False, 2, 0.5)], ids=str)
@each_kind
def test_dropout_that_does_nothing_is_no_hindrance(kind: str, training: bool, layers: int, dropout: float) -> None:
    module, (x,) = random_module(kind, num_layers=layers).train(training), random_sequences([9])
    module.dropout = dropout
    assert error_against_torch(module, [trace_module(module, x)], packed([x])) <= 1e-6


def normalised(module: nn.RNNBase) -> None:
    """By a parametrization, whose norm then changes."""
    parametrizations.weight_norm(module, "weight_hh_l0")
    with torch.no_grad():
        module.parametrizations.weight_hh_l0.original0 *= 1.7


def pruned(module: nn.RNNBase) -> None:
    """By a hook, which leaves a plain tensor in the place of the parameter."""
    prune.l1_unstructured(module, "weight_hh_l1", amount=0.5)


@pytest.mark.parametrize("change", [normalised, pruned])
@each_kind
@each_engine
def test_weights_are_those_that_the_module_computes(
    kind: str, change: Callable[[nn.RNNBase], None], engine: Engine
) -> None:
    module, (x,) = random_module(kind, num_layers=2), random_sequences([9])
    before = trace_module(module, x)
    change(module)
    ours = trace_module(module, x, engine=engine)
    assert error_against_torch(module, [ours], packed([x])) <= 1e-6
    assert error_between([ours], [before]) > 0.001


@pytest.mark.parametrize("mode", ["RNN_TANH", "RNN_RELU"])
def test_the_nonlinearity_is_that_which_pytorch_reads(mode: str) -> None:
    """Modules that old versions of PyTorch saved whole have a mode and no nonlinearity."""
    module, (x,) = nn.RNN(5, 7), random_sequences([9])
    module.mode = mode
    for nonlinearity in ("tanh", "relu", None):
        module.__dict__.pop("nonlinearity", None)
        if nonlinearity is not None:
            module.nonlinearity = nonlinearity
        assert error_against_torch(module, [trace_module(module, x)], packed([x])) <= 1e-6


def test_a_subclass_is_traced_as_what_it_derives_from() -> None:
    class Named(nn.LSTM):
        pass

    named, (x,) = Named(5, 7), random_sequences([9])
    plain = random_module()
    plain.load_state_dict(named.state_dict())
    assert bytes_of(trace_module(named, x)) == bytes_of(trace_module(plain, x))
