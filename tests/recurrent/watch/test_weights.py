"""Weights that are computed anew for each call, or at each read: a run has those that its call used."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from gatescope import edit, hold, watch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, weight_norm

from ..engines import error
from ..torch_modules import random_module, random_sequences
from .models import Loop, cell_and_module

X = torch.stack(random_sequences([6, 6, 6]), dim=1)  # (T, B, E)


class Dropped(nn.Module):
    """DropConnect, as in the AWD-LSTM: each call of the wrapper draws the recurrent weights that the cell then uses."""

    def __init__(self, cell: nn.RNNCellBase) -> None:
        super().__init__()
        self.cell, self.weight_hh_raw = cell, nn.Parameter(cell.weight_hh.detach().clone())
        del cell._parameters["weight_hh"]

    def forward(self, x: Tensor, state: Any) -> Any:
        self.cell.weight_hh = nn.functional.dropout(self.weight_hh_raw, 0.5)  # type: ignore[assignment]
        return self.cell(x, state)


def old_weight_norm(cell: nn.Module) -> nn.Module:
    with pytest.warns(FutureWarning, match="deprecated"):
        return weight_norm(cell, "weight_hh")


def new_weight_norm(cell: nn.Module) -> nn.Module:
    return parametrizations.weight_norm(cell, "weight_hh")


def both_norms(cell: nn.Module) -> nn.Module:
    return parametrizations.spectral_norm(parametrizations.weight_norm(cell, "weight_ih"), "weight_hh")


@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("computed", [old_weight_norm, new_weight_norm, both_norms, Dropped])
@pytest.mark.parametrize("kind", ["lstm", "gru", "rnn"])
def test_the_weights_of_a_cell_are_those_that_its_call_used(
    kind: str, computed: Callable[[Any], Any], is_training: bool
) -> None:
    """In training, reading the weights of a spectral norm changes what later reads give: none is added."""
    model = Loop(computed(cell_and_module(kind)[0])).train(is_training)
    with torch.no_grad():
        model.cell(X[0], None)  # draws weights, so that the copy has the same
    twin = copy.deepcopy(model)
    torch.manual_seed(1)
    plain, _ = twin(X)
    torch.manual_seed(1)
    with watch(model) as seen:
        returned, _ = model(X)
    assert torch.equal(plain, returned)
    assert all(torch.equal(a, b) for a, b in zip(model.buffers(), twin.buffers(), strict=True))
    assert seen.notes == ()
    (runs,) = seen.values()
    changes = computed is Dropped or (is_training and computed is both_norms)
    assert (len(runs) > 1) == changes
    assert sum(map(len, runs)) == 6
    traced = torch.cat([torch.from_numpy(run.trace(1).layer()["h"]) for run in runs])
    assert error(traced.numpy(), plain[:, 1].detach().numpy()) < 2e-6
    assert not any(each._forward_hooks for each in model.modules())


def test_weights_that_are_computed_once_for_a_block() -> None:
    cell = new_weight_norm(cell_and_module("gru")[0])
    with parametrize.cached():
        cell(X[0])
        with watch(cell) as seen:
            plain, _ = Loop(cell)(X)  # type: ignore[arg-type]
    (run,) = seen[""]
    assert error(run.trace(2).layer()["h"], plain[:, 2].detach().numpy()) < 2e-6


def test_an_edited_cell_whose_weights_are_computed() -> None:
    cell = both_norms(cell_and_module("gru")[0]).train()
    with watch(cell) as seen, edit(cell, hold("z", 0.5)):
        plain = cell(X[0])
    trace = seen[""][0].trace(1)
    assert (trace.layer()["z"] == 0.5).all()
    assert error(trace.layer()["h"][0], plain[1].detach().numpy()) < 2e-6


def test_a_spectral_norm_of_a_module_in_training() -> None:
    def normed() -> nn.Module:
        torch.manual_seed(0)
        return parametrizations.spectral_norm(random_module("gru"), "weight_hh_l0").train()

    module, twin = normed(), normed()
    plain = [twin(X)[0] for _ in range(2)]
    with watch(module) as seen:
        returned = [module(X)[0] for _ in range(2)]
    assert all(map(torch.equal, plain, returned))
    assert not torch.equal(*plain)
    for run, outputs in zip(seen[""], returned, strict=True):
        assert error(run.trace(1).layer()["h"], outputs[:, 1].detach().numpy()) < 2e-6


def test_weights_that_nobody_computed_are_refused() -> None:
    """A property without the parametrizations of PyTorch may give something else at every read."""

    class Own(nn.GRUCell):
        weight_hh = property(lambda self: self._parameters["raw"] * 2)  # type: ignore[assignment]

        def __init__(self) -> None:
            nn.Module.__init__(self)
            self.input_size, self.hidden_size, self.bias = 5, 7, False
            self.weight_ih, self.raw = nn.Parameter(torch.rand(21, 5)), nn.Parameter(torch.rand(21, 7))
            self.bias_ih = self.bias_hh = None  # type: ignore[assignment]

    cell = Own()
    with watch(cell) as seen:
        cell(X[0])
    why = "could not be recorded: its weight_hh is computed anew at every read, so that what the call used is not known"
    assert seen.notes == (f"1 call of the model was dropped: {why}",)
