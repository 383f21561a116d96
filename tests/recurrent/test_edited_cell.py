"""Cells that are called in a loop and compute with edits, against a module of the same weights with these edits."""

from typing import Any

import pytest
import torch
from gatescope import EditError, ablate, edit, freeze, hold, patch, scale, trace_module
from torch import nn
from torch.utils.checkpoint import CheckpointError, checkpoint

from .engines import error
from .torch_modules import random_sequences
from .watch.models import CELLS, Loop, cell_and_module

X = torch.stack(random_sequences([6, 6]), dim=1)  # (T, B, E)
EDITS: dict[str, list[Any]] = {
    "lstm": [hold("f", 1, steps=[2, 3]), scale("c", 0.5, units=[1], sequences=[1]), freeze(steps=[4])],
    "gru": [hold("z", 0.9, steps=[0]), ablate("r", sequences=[0])],
    "rnn": [{"letter": "h", "steps": [1], "add": 0.3}],
    "relu rnn": [scale("h", 0.5)],
}


@pytest.mark.parametrize("kind", CELLS)
def test_steps_count_within_a_run(kind: str) -> None:
    cell, module = cell_and_module(kind)
    model = Loop(cell)
    with edit(module, *EDITS[kind]):
        wanted, _ = module(X)
    with edit(model, *EDITS[kind]):
        for _ in range(2):  # the second run begins again at step 0
            ours, state = model(X)
            assert error(ours.detach().numpy(), wanted.detach().numpy()) < 2e-6
        more, _ = cell(X[0], state) if kind == "lstm" else (cell(X[0], state), None)
    single = [each for each in EDITS[kind] if "sequences" not in (each if isinstance(each, dict) else each.to_dict())]
    with edit(model, *single), edit(module, *single):
        assert error(model(X[:, 0])[0].detach().numpy(), module(X[:, 0])[0].detach().numpy()) < 2e-6
    assert "forward" not in vars(cell)
    assert torch.equal(model(X)[0], Loop(cell_and_module(kind)[0])(X)[0])
    assert more.shape == (2, 7)


def test_a_state_of_the_callers_own_begins_a_run() -> None:
    cell, _ = cell_and_module("gru")
    with edit(cell, hold("z", 1, steps=[1])):  # h stays as it is at step 1
        h = cell(X[0], torch.ones(2, 7))
        assert torch.equal(cell(X[1], h), h)
        other = h * 0.5
        assert not torch.equal(cell(X[1], other), other)


def test_gradients_flow_through_the_edit() -> None:
    cell, module = cell_and_module("lstm")
    gradients = []
    for model in (Loop(cell), module):
        x = X.clone().requires_grad_()
        with edit(model, scale("i", 0.5, steps=[2])):
            model(x)[0].sum().backward()
        assert x.grad is not None
        gradients.append(x.grad.numpy())
    assert error(*gradients) < 2e-6


def test_a_patch_takes_the_step_of_the_run() -> None:
    cell, module = cell_and_module("gru")
    source = trace_module(module, X[:, 1])
    with edit(cell, patch("h", source, steps=[0, 3])):
        ours, _ = Loop(cell)(X[:, 0])
        with pytest.raises(EditError, match="this run has a step 6"), edit(cell, patch("h", source)):
            Loop(cell)(torch.cat([X[:, 0]] * 2))
    for step in (0, 3):
        assert error(ours[step].detach().numpy(), source.layer()["h"][step]) < 1e-6


def test_what_a_call_refuses_is_refused() -> None:
    cell, _ = cell_and_module("lstm")
    with edit(cell, hold("f", 1)):
        with pytest.raises(RuntimeError, match=r"input has inconsistent input_size: got 3 expected 5"):
            cell(X[0, :, :3])
        with pytest.raises(EditError, match="there is no sequence 5"), edit(cell, hold("f", 1, sequences=[5])):
            cell(X[0])
    with pytest.raises(EditError, match="an LSTM has no update gate 'z'"), edit(cell, hold("z", 1)):
        pass
    model = nn.ModuleDict({"rnn": nn.GRU(5, 7), "cell": cell})
    with pytest.raises(ValueError, match="several recurrent modules: choose one by module=… from rnn, cell"):  # noqa: SIM117
        with edit(model, hold("h", 0)):
            pass


def test_a_checkpoint_that_recomputes_without_the_edit_is_refused() -> None:
    cell, _ = cell_and_module("gru")
    x = X[0].clone().requires_grad_()
    with edit(cell, hold("r", 0)):
        h = checkpoint(cell, x, use_reentrant=False)
    with pytest.raises(CheckpointError):
        h.sum().backward()  # type: ignore[union-attr]
