"""Layers of a cell stepped in PyTorch: the same as torch.nn's, where it has the cell; its own gradients elsewhere."""

import copy
import pickle
from typing import Any

import pytest
import torch
from gatescope.recurrent.cells import cell_of
from gatescope.recurrent.cells.mingru import MINGRU
from gatescope.recurrent.stepped_module import SteppedModule
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

MODULES: dict[str, Any] = {
    "lstm": nn.LSTM,
    "gru": nn.GRU,
    "rnn": nn.RNN,
    "relu rnn": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
}


@pytest.mark.parametrize("lengths", [None, [3, 7, 1]], ids=["whole rows", "padded rows"])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}, {"bias": False}], ids=str)
@pytest.mark.parametrize("name", MODULES)
def test_values_and_gradients_are_those_of_torch(name: str, options: dict[str, Any], lengths: list[int] | None) -> None:
    torch.manual_seed(0)
    theirs = MODULES[name](4, 5, batch_first=True, **options).double()
    sizes = {"num_layers": 1, "bias": True, "bidirectional": False} | options
    ours = SteppedModule(cell_of(theirs), 4, 5, **sizes).double()
    assert [key for key, _ in ours.named_parameters()] == [key for key, _ in theirs.named_parameters()]
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 7, 4, dtype=torch.float64)
    hidden = torch.randn(len(list(theirs.parameters())) // len(theirs.all_weights[0]), 3, 5, dtype=torch.float64)
    initial = (hidden, hidden + 1) if name == "lstm" else hidden
    h, last = ours(x, lengths, initial)
    packed = x if lengths is None else pack_padded_sequence(x, torch.tensor(lengths), True, enforce_sorted=False)
    expected, expected_last = theirs(packed, initial)
    if lengths is not None:
        expected = pad_packed_sequence(expected, batch_first=True)[0]
    torch.testing.assert_close(h, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(last, expected_last, rtol=0, atol=1e-12)
    for output, module in ((h, ours), (expected, theirs)):
        output.square().sum().backward()
        assert all(weight.grad is not None for weight in module.parameters())
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=0, atol=1e-10)


def test_a_cell_without_recurrent_weights_has_none() -> None:
    module = SteppedModule(MINGRU, 4, 5, 2, bias=True, bidirectional=True)
    names = {name for name, _ in module.named_parameters()}
    kinds = {"weight_ih", "bias_ih"}
    assert names == {f"{kind}_l{layer}{end}" for kind in kinds for layer in (0, 1) for end in ("", "_reverse")}


def test_a_copy_and_a_pickle_keep_the_cell() -> None:
    module = SteppedModule(MINGRU, 4, 5, 1, bias=True, bidirectional=False)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        assert other.cell is MINGRU
        assert cell_of(other) is MINGRU
