"""``trace_module`` on modules of torch.nn: it shows what they do, or says why it cannot."""

import contextlib
import copy
import gc
import itertools
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import Trace, trace_module
from gatescope.recurrent.trace import Engine
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence, pad_sequence

from .engines import error, last

KINDS: dict[str, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "relu rnn": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "lstm": nn.LSTM,
    "projected lstm": lambda inputs, hidden, **options: nn.LSTM(inputs, hidden, proj_size=hidden // 2, **options),
    "gru": nn.GRU,
}
SIZES = [1, 3, 7, 16, 33, 64]  # all remainders of four rows, and of the widths of vectors
BATCHES = [[1], [6], [1, 1], [5, 5, 5], [7, 4], [2, 9], [3, 8, 3, 1], [4, 9, 1, 9, 6]]

each_kind = pytest.mark.parametrize("kind", KINDS)
each_engine = pytest.mark.parametrize("engine", ["compiled", "reference"])


def random_module(kind: str = "lstm", inputs: int = 5, hidden: int = 7, seed: int = 0, **options: Any) -> Any:
    """A module of PyTorch's default initialisation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return KINDS[kind](inputs, hidden, **options)


def random_sequences(lengths: list[int], inputs: int = 5, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Sequences (T, E) of these lengths."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(length, inputs, generator=generator).to(dtype) for length in lengths]


def random_states(module: nn.RNNBase, *batch: int) -> Any:
    """States to start from, as ``module`` takes them; ``batch`` is B, or nothing for a single sequence."""
    generator = torch.Generator().manual_seed(1)
    places = module.num_layers * (2 if module.bidirectional else 1)
    dtype = module.weight_ih_l0.dtype
    h_0 = torch.randn(places, *batch, module.proj_size or module.hidden_size, generator=generator).to(dtype)
    c_0 = torch.randn(places, *batch, module.hidden_size, generator=generator).to(dtype)
    return (h_0, c_0) if isinstance(module, nn.LSTM) else h_0


def packed(sequences: list[Tensor]) -> PackedSequence:
    return pack_sequence(sequences, enforce_sorted=False)


@torch.inference_mode()
def error_against_torch(module: nn.RNNBase, traces: Sequence[Trace], x: PackedSequence, hx: Any = None) -> float:
    """Error of the last layer's ``h`` at every step and of every layer's last states, for each sequence of ``x``."""
    output, last_states = module(x, hx)
    outputs, lengths = pad_packed_sequence(output)
    assert [len(each) for each in traces] == lengths.tolist()
    errors = []
    for b, ours in enumerate(traces):
        top = [layer["h"] for layer in ours.layers if layer.layer == module.num_layers - 1]
        errors.append(error(np.concatenate(top, axis=-1), outputs[: len(ours), b].numpy()))
        for letter, theirs in zip("hc", last_states if isinstance(last_states, tuple) else [last_states], strict=False):
            errors.append(error(np.stack([last(layer, letter) for layer in ours.layers]), theirs[:, b].numpy()))
    return float(np.max(errors))  # NaN if one is


def error_between(ours: Sequence[Trace], theirs: Sequence[Trace]) -> float:
    """Largest error of any activation of ``ours``."""
    errors = [0.0]
    for a, b in zip(ours, theirs, strict=True):
        for here, there in zip(a.layers, b.layers, strict=True):
            assert (here.layer, here.direction, here.cell) == (there.layer, there.direction, there.cell)
            assert list(here.activations) == list(there.activations)
            errors += [error(here[letter], there[letter]) for letter in here.activations]
    return float(np.max(errors))


def bytes_of(*traces: Trace) -> list[bytes]:
    return [array.tobytes() for each in traces for layer in each.layers for array in layer.activations.values()]


# What it shows.


@each_kind
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["unidirectional", "bidirectional"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@each_engine
def test_states_agree_with_torch(kind: str, layers: int, bidirectional: bool, bias: bool, engine: Engine) -> None:
    module = random_module(kind, num_layers=layers, bidirectional=bidirectional, bias=bias)
    x, hx = packed(random_sequences([4, 9, 1, 9, 6])), random_states(module, 5)
    assert error_against_torch(module, trace_module(module, x, hx, engine), x, hx) <= 1e-6


@each_kind
@pytest.mark.parametrize("hidden", SIZES)
@pytest.mark.parametrize("inputs", SIZES)
def test_states_of_every_size_agree_with_torch(kind: str, hidden: int, inputs: int) -> None:
    module, x = random_module(kind, inputs, hidden), packed(random_sequences([3, 12, 12], inputs))
    traces = trace_module(module, x)
    # In float64: over as many inputs a relu network of torch's in float32 errs by 1.2e-6 itself.
    assert error_against_torch(module.double(), traces, x.double()) <= (2e-6 if kind == "relu rnn" else 1e-6)


@each_kind
@pytest.mark.parametrize("lengths", BATCHES, ids=str)
def test_states_of_every_batch_agree_with_torch(kind: str, lengths: list[int]) -> None:
    module = random_module(kind, num_layers=2, bidirectional=True)
    x, hx = packed(random_sequences(lengths)), random_states(module, len(lengths))
    traces = trace_module(module, x, hx)
    assert error_against_torch(module, traces, x, hx) <= 1e-6
    assert error_between(traces, trace_module(module, x, hx, engine="reference")) <= 1e-6


@each_kind
def test_states_agree_with_torch_over_2000_steps(kind: str) -> None:
    module, x = random_module(kind, hidden=64, bidirectional=True), packed(random_sequences([2000, 1, 1999]))
    assert error_against_torch(module, trace_module(module, x), x) <= 1e-6


@st.composite
def any_module(draw: st.DrawFn) -> nn.RNNBase:
    """Any small module, of PyTorch's default initialisation."""
    return random_module(
        draw(st.sampled_from(sorted(KINDS))),
        draw(st.integers(1, 6)),
        draw(st.integers(1, 9)),
        draw(st.integers(0, 2**32 - 1)),
        num_layers=draw(st.integers(1, 3)),
        bidirectional=draw(st.booleans()),
        bias=draw(st.booleans()),
    )


@given(any_module(), st.lists(st.integers(1, 12), min_size=1, max_size=6), st.booleans())
def test_any_module_over_any_batch_agrees_with_torch_and_the_reference(
    module: nn.RNNBase, lengths: list[int], from_zero: bool
) -> None:
    x = packed(random_sequences(lengths, module.input_size))
    hx = None if from_zero else random_states(module, len(lengths))
    traces = trace_module(module, x, hx)
    assert error_against_torch(module, traces, x, hx) <= 1e-6
    assert error_between(traces, trace_module(module, x, hx, engine="reference")) <= 1e-6


@each_kind
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16], ids=str)
def test_other_dtypes_are_traced_in_their_own_precision(kind: str, dtype: torch.dtype) -> None:
    module = random_module(kind, num_layers=2, dtype=dtype)
    x, hx = packed(random_sequences([5, 2, 7], dtype=dtype)), random_states(module, 3)
    traces = trace_module(module, x, hx)
    dtypes = {array.dtype for each in traces for layer in each.layers for array in layer.activations.values()}
    assert dtypes == {np.dtype(str(dtype).removeprefix("torch."))}
    assert error_against_torch(module, traces, x, hx) <= {torch.float64: 1e-12, torch.float16: 4e-3}[dtype]


def test_a_trace_of_a_module_is_a_trace_without_tokens_and_outputs() -> None:
    whole = trace_module(random_module(num_layers=2, bidirectional=True, proj_size=3), random_sequences([9])[0])
    assert (len(whole), whole.tokens, whole.outputs.shape, whole.start) == (9, (), (9, 0), 0)
    places = list(itertools.product([0, 1], ["forward", "backward"]))
    assert [(layer.layer, layer.direction) for layer in whole.layers] == places
    assert [whole.layer(*place) for place in places] == list(whole.layers)
    with pytest.raises(KeyError, match="layer 2 forward"):
        whole.layer(2)
    for layer in whole.layers:
        shapes = {letter: array.shape for letter, array in layer.activations.items()}
        assert shapes == dict.fromkeys("ifgoc", (9, 7)) | {"h": (9, 3)}


def test_a_span_of_a_trace_of_a_module_is_a_view_that_knows_where_it_stands() -> None:
    whole = trace_module(random_module("gru"), random_sequences([9])[0])
    part = whole.span(2, 7).span(1, -1)
    assert (len(part), part.start, part.tokens, part.outputs.shape) == (3, 3, (), (3, 0))
    for letter in "rznh":
        assert np.shares_memory(part.layer()[letter], whole.layer()[letter])
        np.testing.assert_array_equal(part.layer()[letter], whole.layer()[letter][3:6])


# The forms of x and hx.


@each_kind
@each_engine
def test_one_sequence_gives_one_trace_that_of_a_batch_of_one(kind: str, engine: Engine) -> None:
    module, (x,) = random_module(kind, num_layers=2, bidirectional=True), random_sequences([9])
    one = trace_module(module, x, engine=engine)
    assert isinstance(one, Trace)
    assert error_against_torch(module, [one], packed([x])) <= 1e-6
    assert bytes_of(one) == bytes_of(*trace_module(module, x[:, None], engine=engine))


@each_kind
@each_engine
def test_one_sequence_starts_from_states_without_a_batch(kind: str, engine: Engine) -> None:
    module, (x,) = random_module(kind, num_layers=2, bidirectional=True), random_sequences([9])
    hx = random_states(module)
    batched = tuple(state[:, None] for state in hx) if isinstance(hx, tuple) else hx[:, None]
    one = trace_module(module, x, hx, engine)
    assert error_against_torch(module, [one], packed([x]), batched) <= 1e-6
    assert error_between([one], [trace_module(module, x, engine=engine)]) > 0.01


@each_kind
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
def test_a_batch_gives_its_traces_in_order(kind: str, batch_first: bool) -> None:
    module, sequences = random_module(kind, batch_first=batch_first), random_sequences([6, 6, 6])
    hx = random_states(module, 3)
    traces = trace_module(module, torch.stack(sequences, dim=0 if batch_first else 1), hx)
    assert isinstance(traces, Sequence)
    assert error_against_torch(module, list(traces), packed(sequences), hx) <= 1e-6


def test_the_traces_of_a_batch_are_a_sequence() -> None:
    traces = trace_module(nn.GRU(3, 4), torch.randn(6, 5, 3))
    assert isinstance(traces, Sequence)
    assert (len(traces), repr(traces)) == (5, "<5 traces>")
    everyone = [bytes_of(each) for each in traces]
    assert len(set(map(str, everyone))) == 5
    assert bytes_of(traces[-1]) == everyone[4]
    assert [bytes_of(each) for each in traces[3:0:-2]] == [everyone[3], everyone[1]]
    with pytest.raises(IndexError):
        traces[5]


WRITES: dict[str, Callable[[nn.RNNBase], object]] = {
    "in place": lambda module: module.weight_hh_l0.data.mul_(2),
    "by rows": lambda module: module.weight_hh_l0.data[:].copy_(module.weight_hh_l0.data.flip(0)),
    "new memory": lambda module: setattr(module.weight_ih_l0, "data", module.weight_ih_l0.data * 2),
    "a new parameter": lambda module: setattr(module, "bias_hh_l0", nn.Parameter(module.bias_hh_l0.detach() + 1)),
    "other states": lambda module: module.load_state_dict({k: v + 0.5 for k, v in module.state_dict().items()}),
    "another dtype": lambda module: module.double(),
    "not contiguous": lambda module: setattr(module.weight_hh_l0, "data", torch.randn(4, 12).t()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_weights_that_change_between_two_traces_are_seen(write: Callable[[nn.RNNBase], object]) -> None:
    module, x = nn.GRU(3, 4), torch.randn(9, 3)
    before = trace_module(module, x)
    write(module)
    x = x.to(module.weight_ih_l0.dtype)
    after, fresh = trace_module(module, x), trace_module(copy.deepcopy(module), x)
    assert bytes_of(after) == bytes_of(fresh)
    assert bytes_of(after) != bytes_of(before)


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
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
@pytest.mark.parametrize("lengths", [[8, 5, 5, 1], [5, 1, 8, 5]], ids=["sorted", "unsorted"])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_a_packed_batch_gives_its_traces_in_order(
    kind: str, batch_first: bool, lengths: list[int], enforce_sorted: bool
) -> None:
    module = random_module(kind, num_layers=2, bidirectional=True, batch_first=batch_first)
    sequences = random_sequences(sorted(lengths, reverse=True) if enforce_sorted else lengths)
    hx = random_states(module, 4)
    traces = trace_module(module, pack_sequence(sequences, enforce_sorted=enforce_sorted), hx)
    assert error_against_torch(module, traces, packed(sequences), hx) <= 1e-6
    for b, (x, ours) in enumerate(zip(sequences, traces, strict=True)):
        alone = tuple(state[:, b] for state in hx) if isinstance(hx, tuple) else hx[:, b]
        assert error_between([ours], [trace_module(module, x, alone)]) <= 1e-6


@pytest.mark.parametrize("batch_first", [False, True])
@each_kind
def test_a_batch_of_no_sequences_has_no_traces(kind: str, batch_first: bool) -> None:
    module = random_module(kind, batch_first=batch_first)
    x = torch.empty((0, 4, 5) if batch_first else (4, 0, 5))
    assert trace_module(module, x) == []
    assert trace_module(module, x, random_states(module, 0)) == []


# The memory behind x and the weights, and what else may be done to a module.


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


def test_a_subclass_is_traced_as_what_it_derives_from() -> None:
    class Named(nn.LSTM):
        pass

    named, (x,) = Named(5, 7), random_sequences([9])
    plain = random_module()
    plain.load_state_dict(named.state_dict())
    assert bytes_of(trace_module(named, x)) == bytes_of(trace_module(plain, x))


# What it refuses.

X = torch.zeros(4, 5)
BATCH = torch.zeros(4, 3, 5)
H, C = torch.zeros(1, 7), torch.zeros(1, 7)
ON_META, IN_DOUBLE = {"device": "meta"}, {"dtype": torch.float64}


def replaced(name: str, **change: Any) -> nn.RNNBase:
    """A module of two layers, one of whose weights is elsewhere or otherwise."""
    module = random_module(num_layers=2)
    setattr(module, name, nn.Parameter(getattr(module, name).detach().to(**change)))
    return module


REFUSED: dict[str, tuple[Any, Any, Any, type[Exception], str]] = {
    # module, x, hx, error
    "no module": (None, X, None, TypeError, "the module is a NoneType, not a torch.nn.RNN, LSTM or GRU"),
    "a class": (nn.LSTM, X, None, TypeError, "the module is a type, not a torch.nn.RNN, LSTM or GRU"),
    "an array as module": (
        X.numpy(), X, None, TypeError, "the module is a ndarray, not a torch.nn.RNN, LSTM or GRU"
    ),
    "a cell": (nn.LSTMCell(5, 7), X, None, TypeError, "LSTMCell is none of torch.nn.RNN, LSTM and GRU"),
    "a bare base": (nn.RNNBase("GRU", 5, 7), X, None, TypeError, "RNNBase is none of nn.RNN, nn.LSTM and nn.GRU"),
    "a container": (
        nn.Sequential(nn.Linear(5, 5), nn.LSTM(5, 7)), X, None, TypeError,
        "Sequential is none of torch.nn.RNN, LSTM and GRU: trace what it holds, module.get_submodule('1')",
    ),
    "a container of two": (
        nn.ModuleDict({"a": nn.GRU(5, 7), "b": nn.Sequential(nn.RNN(5, 7))}), X, None, TypeError,
        "ModuleDict is none of torch.nn.RNN, LSTM and GRU: "
        "trace what it holds, module.get_submodule('a') or module.get_submodule('b.0')",
    ),
    "dropout": (
        random_module(num_layers=2, dropout=0.5), X, None, ValueError,
        "the module is in training mode with a dropout of 0.5, which changes at every call: call module.eval() first",
    ),
    "a module on meta": (
        random_module(**ON_META), X, None, ValueError,
        "the module is on the meta device, where its weights have no numbers: load them first",
    ),
    "a weight on meta": (
        replaced("weight_hh_l1", **ON_META), X, None, ValueError,
        "weight_hh_l1 is on meta, the weights are on cpu: move it by .to('cpu')",
    ),
    "a weight of another dtype": (
        replaced("bias_ih_l1", **IN_DOUBLE), X, None, TypeError,
        "bias_ih_l1 is torch.float64, the weights are torch.float32: convert it by .to(torch.float32)",
    ),
    "bfloat16": (
        random_module(dtype=torch.bfloat16), X.bfloat16(), None, TypeError,
        "the weights are bfloat16, which NumPy does not have: trace module.float()",
    ),
    "no x": (random_module(), None, None, TypeError, "x is a NoneType: it must be a torch.Tensor"),
    "an array as x": (random_module(), X.numpy(), None, TypeError, "x is a ndarray: it must be a torch.Tensor"),
    "a list as x": (random_module(), [X], None, TypeError, "x is a list: it must be a torch.Tensor"),
    "integers as x": (
        random_module(), X.long(), None, TypeError,
        "x is torch.int64, the weights are torch.float32: convert it by .to(torch.float32)",
    ),
    "x of another dtype": (
        random_module(), X.double(), None, TypeError,
        "x is torch.float64, the weights are torch.float32: convert it by .to(torch.float32)",
    ),
    "packed x of another dtype": (
        random_module(), packed([X.double()]), None, TypeError,
        "x.data is torch.float64, the weights are torch.float32: convert it by .to(torch.float32)",
    ),
    "x on meta": (
        random_module(), X.to("meta"), None, ValueError,
        "x is on meta, the weights are on cpu: move it by .to('cpu')",
    ),
    "x of another E": (
        random_module(), torch.zeros(4, 6), None, ValueError,
        "x is (4, 6): it must be (T, E) or (T, B, E), with E = 5",
    ),
    "x of another E, batch first": (
        random_module(batch_first=True), torch.zeros(3, 4, 6), None, ValueError,
        "x is (3, 4, 6): it must be (T, E) or (B, T, E), with E = 5",
    ),
    "packed x of another E": (
        random_module(), packed([torch.zeros(4, 6), torch.zeros(2, 6)]), None, ValueError,
        "x.data is (6, 6): it must be (steps of all sequences, E), with E = 5",
    ),
    "a number": (
        random_module(), torch.tensor(1.0), None, ValueError, "x is (): it must be (T, E) or (T, B, E), with E = 5"
    ),
    "one step without T": (
        random_module(), torch.zeros(5), None, ValueError,
        "x is (5,): it must be (T, E) or (T, B, E), with E = 5",
    ),
    "too many dimensions": (
        random_module(), torch.zeros(2, 2, 2, 5), None, ValueError,
        "x is (2, 2, 2, 5): it must be (T, E) or (T, B, E), with E = 5",
    ),
    "packed batches": (
        random_module(), packed([BATCH]), None, ValueError,
        "x.data is (4, 3, 5): it must be (steps of all sequences, E), with E = 5",
    ),
    "no steps": (random_module(), X[:0], None, ValueError, "there is nothing to trace: x has no steps"),
    "no steps in a batch": (random_module(), BATCH[:0], None, ValueError, "there is nothing to trace: x has no steps"),
    "no steps in a batch first": (
        random_module(batch_first=True), BATCH[:, :0], None, ValueError, "there is nothing to trace: x has no steps"
    ),
    "neither steps nor sequences": (
        random_module(), torch.zeros(0, 0, 5), None, ValueError, "there is nothing to trace: x has no steps"
    ),
    "h_0 alone for an LSTM": (
        random_module(), X, H, TypeError, "hx holds 1 tensor: for LSTM it must be a pair (h_0, c_0)"
    ),
    "three states": (
        random_module(), X, (H, C, C), TypeError, "hx holds 3 tensors: for LSTM it must be a pair (h_0, c_0)"
    ),
    "a pair for a GRU": (random_module("gru"), X, (H, C), TypeError, "hx holds 2 tensors: for GRU it must be h_0"),
    "a pair for an RNN": (random_module("rnn"), X, (H, C), TypeError, "hx holds 2 tensors: for RNN it must be h_0"),
    "no h_0": (random_module(), X, (None, C), TypeError, "h_0 is a NoneType: it must be a torch.Tensor"),
    "an array as c_0": (
        random_module(), X, (H, C.numpy()), TypeError, "c_0 is a ndarray: it must be a torch.Tensor"
    ),
    "c_0 of another dtype": (
        random_module(), X, (H, C.double()), TypeError,
        "c_0 is torch.float64, the weights are torch.float32: convert it by .to(torch.float32)",
    ),
    "h_0 on meta": (
        random_module("gru"), X, H.to("meta"), ValueError,
        "h_0 is on meta, the weights are on cpu: move it by .to('cpu')",
    ),
    "h_0 of another H": (random_module("gru"), X, H[:, :6], ValueError, "h_0 is (1, 6): it must be (1, 7)"),
    "h_0 without the projection": (
        random_module("projected lstm"), X, (H, C), ValueError, "h_0 is (1, 7): it must be (1, 3)"
    ),
    "c_0 with the projection": (
        random_module("projected lstm"), X, (H[:, :3], C[:, :3]), ValueError, "c_0 is (1, 3): it must be (1, 7)"
    ),
    "c_0 of one layer for two directions": (
        random_module(bidirectional=True), X, (H.expand(2, 7), C), ValueError, "c_0 is (1, 7): it must be (2, 7)"
    ),
    "states with a batch for one sequence": (
        random_module("gru"), X, H[:, None], ValueError, "h_0 is (1, 1, 7): it must be (1, 7)"
    ),
    "states without a batch for a batch": (
        random_module("gru"), BATCH, H, ValueError, "h_0 is (1, 7): it must be (1, 3, 7)"
    ),
    "states of another batch": (
        random_module("gru"), packed([X, X]), torch.zeros(1, 3, 7), ValueError, "h_0 is (1, 3, 7): it must be (1, 2, 7)"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("module", "x", "hx", "kind", "message"), REFUSED.values(), ids=REFUSED.keys())
@each_engine
def test_what_cannot_be_traced_is_refused_with_the_reason(
    module: Any, x: Any, hx: Any, kind: type[Exception], message: str, engine: Engine
) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        trace_module(module, x, hx, engine)


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf], ids=str)
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("weight_ih_l0", (27, 4)),
        ("weight_hh_l1_reverse", (0, 2)),
        ("weight_hr_l1", (1, 6)),
        ("bias_ih_l0_reverse", (3,)),
        ("bias_hh_l1", (0,)),
    ],
)
def test_a_weight_that_is_not_finite_is_named_with_its_place(name: str, place: tuple[int, ...], number: float) -> None:
    module = random_module("projected lstm", num_layers=2, bidirectional=True)
    with torch.no_grad():
        getattr(module, name)[place] = number
    message = f"{name}{list(place)} is {number}: a trace needs finite numbers"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        trace_module(module, X)


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf], ids=str)
@pytest.mark.parametrize(
    ("which", "place", "name"),
    [(0, (3, 0, 4), "x[3, 0, 4]"), (1, (0, 0, 6), "h_0[0, 0, 6]"), (2, (0, 1, 0), "c_0[0, 1, 0]")],
    ids=["x", "h_0", "c_0"],
)
def test_an_input_or_state_that_is_not_finite_is_named_with_its_place(
    which: int, place: tuple[int, ...], name: str, number: float
) -> None:
    given = [torch.zeros(4, 3, 5), torch.zeros(1, 3, 7), torch.zeros(1, 3, 7)]
    given[which][place], given[which][-1, -1, -1] = number, torch.nan  # the first of them is named
    message = f"{name} is {number}: a trace needs finite numbers"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        trace_module(random_module(), given[0], (given[1], given[2]))


def test_places_are_those_of_the_layout_that_was_given() -> None:
    one, first, in_pack = torch.zeros(4, 5), torch.zeros(3, 4, 5), pad_sequence([X, X[:2]])
    one[2, 1] = first[1, 3, 2] = in_pack[1, 1, 4] = (
        torch.nan
    )  # the pack holds row 1 of the second sequence in its row 3
    for x, batch_first, name in (
        (one, False, "x[2, 1]"),
        (first, True, "x[1, 3, 2]"),
        (packed([in_pack[:, 0], in_pack[:2, 1]]), False, "x.data[3, 4]"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(name)} is nan: a trace needs finite numbers$"):
            trace_module(random_module(batch_first=batch_first), x)


@each_kind
@each_engine
def test_finite_numbers_whose_sum_is_not_are_no_error(kind: str, engine: Engine) -> None:
    module = random_module(kind, bias=False)
    with torch.no_grad():
        for weight in module.parameters():
            weight.fill_(3e38)
    plain = random_module(kind)
    for traced, x in ((module, X), (plain, torch.full((4, 5), 1e38))):
        assert error_against_torch(traced, [trace_module(traced, x, engine=engine)], packed([x])) <= 1e-6
