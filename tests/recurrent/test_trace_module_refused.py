"""``trace_module`` on what cannot be traced: the reason is said, and the place of a number that is not finite."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from gatescope import trace_module
from gatescope.recurrent.trace import Engine
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from .torch_modules import each_engine, each_kind, error_against_torch, packed, random_module

X = torch.zeros(4, 5)
BATCH = torch.zeros(4, 3, 5)
H, C = torch.zeros(1, 7), torch.zeros(1, 7)
ON_META, IN_DOUBLE = {"device": "meta"}, {"dtype": torch.float64}


def replaced(name: str, **change: Any) -> nn.RNNBase:
    """A module of two layers, one of whose weights is elsewhere or otherwise."""
    module = random_module(num_layers=2)
    weight = getattr(module, name).detach()
    setattr(module, name, nn.Parameter(weight.to_sparse() if change.pop("sparse", False) else weight.to(**change)))
    return module


def freed(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor that has a shape and no numbers, as weights have between the steps of sharded training."""
    tensor.untyped_storage().resize_(0)
    return tensor


def without_memory() -> Any:
    module = random_module()
    freed(module.weight_hh_l0)
    return module


def scripted() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its deprecation
        return torch.jit.script(nn.LSTM(5, 7))


def quantized() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        container = nn.Sequential(nn.LSTM(5, 7))
        return torch.ao.quantization.quantize_dynamic(container, {nn.LSTM})[0]


def nested() -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.nested.nested_tensor([X, X[:2]])


REFUSED: dict[str, tuple[Any, Any, Any, type[Exception], str]] = {
    # module, x, hx, error
    "no module": (None, X, None, TypeError, "the module is a NoneType, not a torch.nn.LSTM, GRU or RNN"),
    "a class": (nn.LSTM, X, None, TypeError, "the module is a type, not a torch.nn.LSTM, GRU or RNN"),
    "an array as module": (
        X.numpy(), X, None, TypeError, "the module is a ndarray, not a torch.nn.LSTM, GRU or RNN"
    ),
    "a cell": (
        nn.LSTMCell(5, 7), X, None, TypeError,
        "LSTMCell takes single steps: watch the loop that calls it, by gatescope.watch, or trace a torch.nn.LSTM",
    ),
    "a bare base": (nn.RNNBase("GRU", 5, 7), X, None, TypeError, "RNNBase is not an nn.LSTM, nn.GRU or nn.RNN"),
    "a path": (
        "m.pt", X, None, TypeError,
        "the module is a path: trace the module that is saved there, torch.load('m.pt', weights_only=False)",
    ),
    "a Path": (
        Path("m.pt"), X, None, TypeError,
        "the module is a path: trace the module that is saved there, torch.load('m.pt', weights_only=False)",
    ),
    "a state dict": (
        nn.LSTM(5, 7).state_dict(), X, None, TypeError,
        "the module is a state dict, which has weights but no sizes: make the module, load the state dict into it by "
        "module.load_state_dict, and trace that",
    ),
    "a dict that holds a module": (
        {"epoch": 3, "rnn": nn.GRU(5, 7)}, X, None, TypeError,
        "the module is a dict: trace a module that it holds, under 'rnn'",
    ),
    "a checkpoint": (
        {"epoch": 3, "state": {}}, X, None, TypeError, "the module is a dict, not a torch.nn.LSTM, GRU or RNN"
    ),
    "a scripted module": (
        scripted(), X, None, TypeError,
        "the module is scripted, and its Python code is gone: trace the Python module that it was made from, or one "
        "that has loaded its state_dict()",
    ),
    "a quantized module": (
        quantized(), X, None, TypeError,
        "this LSTM is quantized (torch.ao.nn.quantized.dynamic.modules.rnn): trace the module that it was made from",
    ),
    "float8": (
        random_module().to(torch.float8_e4m3fn), X, None, TypeError,
        "weight_ih_l0 is torch.float8_e4m3fn, which is not traced: trace a copy in one of torch.float16, "
        "torch.bfloat16, torch.float32, torch.float64",
    ),
    "a sparse weight": (
        replaced("weight_hh_l0", sparse=True), X, None, TypeError,
        "weight_hh_l0 is torch.sparse_coo: convert it by .to_dense()",
    ),
    "a weight without memory": (
        without_memory(), X, None, ValueError,
        "weight_hh_l0 has no memory, as its storage was freed: trace it while the numbers are there",
    ),
    "x without memory": (
        random_module(), freed(torch.zeros(4, 5)), None, ValueError,
        "x has no memory, as its storage was freed: trace it while the numbers are there",
    ),
    "sparse x": (
        random_module(), X.to_sparse(), None, TypeError, "x is torch.sparse_coo: convert it by .to_dense()"
    ),
    "nested x": (
        random_module(), nested(), None, TypeError,
        "x is a nested tensor: pack its sequences by torch.nn.utils.rnn.pack_sequence",
    ),
    "a container": (
        nn.Sequential(nn.Linear(5, 5), nn.LSTM(5, 7)), X, None, TypeError,
        "Sequential is not a torch.nn.LSTM, GRU or RNN: trace what it holds, module.get_submodule('1')",
    ),
    "a container of two": (
        nn.ModuleDict({"a": nn.GRU(5, 7), "b": nn.Sequential(nn.RNN(5, 7))}), X, None, TypeError,
        "ModuleDict is not a torch.nn.LSTM, GRU or RNN: "
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
    "x of another dtype than bfloat16": (
        random_module(dtype=torch.bfloat16), X, None, TypeError,
        "x is torch.float32, the weights are torch.bfloat16: convert it by .to(torch.bfloat16)",
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
