"""Runs of cells that are called in a loop: where they begin, and their traces against a module of the same weights."""

from typing import Any

import pytest
import torch
from gatescope import edit, hold, trace_module, watch
from torch import nn

from ..engines import error
from ..torch_modules import random_sequences
from .models import CELLS, Loop, cell_and_module

X = torch.stack(random_sequences([6, 6, 6]), dim=1)  # (T, B, E)


def state_of(kind: str, *batch: int) -> Any:
    h, c = (torch.randn(*batch, 7, generator=torch.Generator().manual_seed(n)) for n in (1, 2))
    return (h, c) if kind == "lstm" else h


@pytest.mark.parametrize("kind", CELLS)
def test_a_loop_is_traced_as_the_module_of_the_same_weights(kind: str) -> None:
    cell, module = cell_and_module(kind)
    model = Loop(cell)
    plain, _ = model(X, state_of(kind, 3))
    with watch(model) as seen:
        returned, _ = model(X, state_of(kind, 3))
        single, _ = model(X[:, 1])  # without a batch, from zeros
    assert torch.equal(plain, returned)
    runs = seen["cell"]
    assert [len(run) for run in runs] == [6, 6]
    assert runs[0].lengths == [6, 6, 6]
    hx = state_of(kind)
    state = state_of(kind, 3)
    for b in range(3):
        hx = tuple(each[None, b] for each in state) if kind == "lstm" else state[None, b]
        ours, theirs = runs[0].trace(b), trace_module(module, X[:, b], hx)
        assert max(error(ours.layer()[k], theirs.layer()[k]) for k in theirs.layer().activations) < 2e-6
        assert error(ours.layer()["h"], plain[:, b].detach().numpy()) < 2e-6
    assert error(runs[1].trace().layer()["h"], module(X[:, 1])[0].detach().numpy()) < 2e-6
    assert error(single.detach().numpy(), module(X[:, 1])[0].detach().numpy()) < 2e-6
    assert runs[1].began == "the call left out the state, which starts from zeros"


def test_a_run_ends_where_the_caller_changes_the_state_or_the_weights() -> None:
    cell, _ = cell_and_module("gru")
    zeros = torch.zeros(3, 7)
    with watch(cell) as seen:
        h = cell(X[0], zeros)
        h = cell(X[1], h.detach().clone())  # other memory, the same bits
        h = cell(X[2], h * torch.tensor([1.0, 0.0, 1.0])[:, None])
        h = cell(X[3], torch.zeros_like(h))
        with torch.no_grad():
            h[0, 0] = h[0, 0].nextafter(torch.tensor(2.0))  # by one bit, in the memory that the call returned
        h = cell(X[4], h)
        cell.weight_hh.data[0, 0] += 1
        h = cell(X[5], h)
        with edit(cell, hold("z", 1)):
            h = cell(X[5], h)
        cell(X[5, :2], h[:2])
    runs = seen[""]
    masked = "(reset, masked or replaced by the caller)"
    assert [(len(run), run.began) for run in runs] == [
        (2, ""),
        (1, f"the state of 1 of 3 sequences was not the one that the last call returned {masked}"),
        (1, "the state was reset to zeros"),
        (1, f"the state of 1 of 3 sequences was not the one that the last call returned {masked}"),
        (1, "the weights changed"),
        (1, "other edits were in force"),
        (1, "other edits were in force"),
    ]
    assert "[2] <run of the model (GRUCell): 1 step, 3 sequences, began as the state was reset to zeros>" in repr(runs)
    assert all(run.trace(1) for run in runs)  # each checked against what the cell returned
    with pytest.raises(IndexError, match=r"there is no run 7 of the model: it has 7 runs, from 0 to 6"):
        runs[7]
    with pytest.raises(IndexError, match=r"no sequence 3 in this run of the model \(GRUCell\): .* from 0 to 2"):
        runs[0].trace(3)
    with pytest.raises(IndexError, match="no sequence -1"):
        runs[0].trace(-1)


def test_edits_of_a_loop_are_part_of_its_trace() -> None:
    """Also where they name steps that the loop did not come to."""
    cell, module = cell_and_module("lstm")
    edits = [hold("f", 1, steps=[2, 50]), hold("i", 0, steps=[50])]
    with watch(cell) as seen, edit(cell, *edits):
        outputs, _ = Loop(cell)(X)
    ours, theirs = seen[""][0].trace(1), trace_module(module, X[:, 1], edits=[hold("f", 1, steps=[2])])
    assert (ours.layer()["f"][2] == 1).all()
    assert error(ours.layer()["h"], outputs[:, 1].detach().numpy()) < 2e-6
    assert max(error(ours.layer()[k], theirs.layer()[k]) for k in "ifgoch") < 2e-6


def test_limits_of_a_loop() -> None:
    cell, _ = cell_and_module("gru")
    with watch(cell, calls=1) as seen:
        for _ in range(2):
            Loop(cell)(X)
    assert (len(seen[""]), len(seen[""][0])) == (1, 6)
    assert seen.notes == ("6 calls of the model were dropped: calls=1 was reached",)
    step = X[0].nbytes + 3 * 7 * 4
    weights = sum(each.nbytes for each in cell.parameters())
    with watch(cell, bytes=weights + 4 * step) as seen:
        Loop(cell)(X)
    assert (len(seen[""][0]), seen.bytes) == (4, weights + 4 * step)
    assert seen[""][0].trace(2).layer()["h"].shape == (4, 7)


def test_the_table_of_what_was_seen() -> None:
    model = nn.ModuleDict({"rnn": nn.LSTM(5, 4, 2, bidirectional=True), "cell": nn.GRUCell(5, 7)})
    with watch(model) as seen:
        model["rnn"](X)
        Loop(model["cell"])(X)  # type: ignore[arg-type]
    assert repr(seen).splitlines()[:3] == [
        "name  kind     sizes                            calls  runs  steps",
        "rnn   LSTM     5 → 4, 2 layers, two directions      1     1      6",
        "cell  GRUCell  5 → 7                                6     1      6",
    ]
