"""``trace_module`` on modules of torch.nn: it shows what they do, whatever the form of what they are given."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import Trace, trace_module
from gatescope.recurrent.trace import Engine
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils._pytree import tree_map

from .torch_modules import (
    KINDS,
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

SIZES = [1, 3, 7, 16, 33, 64]  # all remainders of four rows, and of the widths of vectors
BATCHES = [[1], [6], [1, 1], [5, 5, 5], [7, 4], [2, 9], [3, 8, 3, 1], [4, 9, 1, 9, 6]]


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


@each_kind
@pytest.mark.parametrize("form", ["one", "batch", "packed"])
def test_bfloat16_is_traced_in_float32(kind: str, form: str) -> None:
    module = random_module(kind, num_layers=2, bidirectional=True, dtype=torch.bfloat16)
    sequences = random_sequences([5, 5] if form != "packed" else [2, 5], dtype=torch.bfloat16)
    hx = random_states(module, *([] if form == "one" else [2]))
    forms = {
        "one": lambda: sequences[0],
        "batch": lambda: torch.stack(sequences, 1),
        "packed": lambda: packed(sequences),
    }
    x = forms[form]()
    traced = trace_module(module, x, hx)
    traces = [traced] if isinstance(traced, Trace) else list(traced)
    assert {array.dtype for each in traces for layer in each.layers for array in layer.activations.values()} == {
        np.dtype(np.float32)
    }
    assert module.weight_ih_l0.dtype == torch.bfloat16
    in_double = tuple(state.double() for state in hx) if isinstance(hx, tuple) else hx.double()
    if form == "one":
        in_double = tuple(s[:, None] for s in in_double) if isinstance(hx, tuple) else in_double[:, None]
    exact = packed([each.double() for each in sequences[: len(traces)]])
    assert error_against_torch(module.double(), traces, exact, in_double) <= 1e-6


@each_engine
def test_the_states_of_an_lstm_may_be_a_list(engine: Engine) -> None:
    module, (x,) = random_module("lstm"), random_sequences([9])
    hx = random_states(module)
    assert bytes_of(trace_module(module, x, list(hx), engine)) == bytes_of(trace_module(module, x, hx, engine))


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


class Wrapped(Tensor):
    """A tensor that holds another, as those of libraries for quantization and distribution do."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "Wrapped":
        made: Wrapped = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        def unwrapped(value: Any) -> Any:
            return value.inner if isinstance(value, Wrapped) else value

        return function(*tree_map(unwrapped, args), **tree_map(unwrapped, kwargs or {}))


@each_engine
def test_inputs_may_be_tensors_of_another_class(engine: Engine) -> None:
    module, (x,) = random_module("gru"), random_sequences([9])
    plain = bytes_of(trace_module(module, x, engine=engine))
    for other in (Wrapped(x), nn.Parameter(x), torch.view_as_complex(torch.stack([x, -x], -1)).conj().imag):
        assert bytes_of(trace_module(module, other, engine=engine)) == plain
