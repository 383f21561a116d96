"""Calls of a module that follow from each other are one run: as one call over all steps, which is the oracle."""

import copy
from typing import Any

import pytest
import torch
from gatescope import edit, hold, trace_module, watch
from torch import Tensor, nn

from ..engines import error
from ..torch_modules import each_kind, packed, random_module, random_sequences, random_states
from .models import cell_and_module

X = torch.stack(random_sequences([7, 7, 7]), dim=1)  # (T, B, E)
LEFT_OUT = "the call left out the state, which starts from zeros"


def chunks(module: nn.RNNBase, x: Tensor, sizes: list[int], state: Any) -> tuple[Tensor, Any]:
    """What calls over a few steps each return together, each from the state that the one before returned."""
    axis = 1 if module.batch_first and x.dim() == 3 else 0
    outputs = []
    for each in x.split(sizes, dim=axis):
        given = each.clone()
        output, state = module(given, state)
        state = tuple(one.detach() for one in state) if isinstance(state, tuple) else state.detach()
        outputs.append(output.detach().clone())
        given.fill_(7.0)  # callers use their memory again
    return torch.cat(outputs, dim=axis), state


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("sizes", [[1] * 7, [3, 1, 2, 1]])
@pytest.mark.parametrize("form", ["single", "batch", "batch first"])
@each_kind
def test_calls_that_hand_the_state_on_are_one_run(kind: str, form: str, sizes: list[int]) -> None:
    module = random_module(kind, num_layers=2, batch_first=form == "batch first").eval()
    x = {"single": X[:, 1], "batch": X, "batch first": X.transpose(0, 1)}[form]
    start = random_states(module, *([] if form == "single" else [3]))
    plain, last = chunks(module, x, sizes, copy.deepcopy(start))
    with watch(module) as seen:
        returned, after = chunks(module, x, sizes, copy.deepcopy(start))
    assert torch.equal(plain, returned)
    assert all(map(torch.equal, last, after))
    (run,) = seen[""]
    assert (len(run), run.lengths) == (7, [7] if form == "single" else [7, 7, 7])
    assert (seen.bytes, run.began) == (bytes_of_copies(module, x, start, plain), "")
    whole = trace_module(module, x, start)
    theirs = [whole] if form == "single" else whole
    for ours, other in zip(run.traces(), theirs, strict=True):  # type: ignore[arg-type]
        assert max(error(a[k], b[k]) for a, b in zip(ours.layers, other.layers, strict=True) for k in a.activations) < (
            2e-6
        )


def bytes_of_copies(module: nn.RNNBase, x: Tensor, start: Any, outputs: Tensor) -> int:
    states = start if isinstance(start, tuple) else (start,)
    return sum(each.nbytes for each in (*module.parameters(), x, outputs, *states, *states))


def test_a_run_of_a_module_ends_where_the_caller_changes_the_state() -> None:
    module = random_module("gru", num_layers=2).eval()
    keeps = torch.tensor([1.0, 0.0, 1.0])[:, None]
    with watch(module) as seen:
        _, h = module(X[:4])
        _, h = module(X[4:5], h.clone())  # other memory, the same bits
        _, h = module(X[5:6], h * keeps)
        _, h = module(X[6:], torch.zeros_like(h))
        _, h = module(X)
        _, h = module(X[:, :2], h[:, :2].contiguous())
        module.weight_hh_l0.data[0, 0] += 1
        _, h = module(X[:, :2], h)
        module.train()  # without dropout, it computes the same
        _, h = module(X[:1, :2], h)
        with edit(module, hold("z", 1)):
            _, h = module(X[:1, :2], h)
            _, h = module(X[:1, :2], h)
    runs = seen[""]
    per_call = "edits are in force, whose steps count within each call of a module"
    assert [(len(run), run.began) for run in runs] == [
        (5, ""),
        (1, "the state of 1 of 3 sequences was not the one that the last call returned "
            "(reset, masked or replaced by the caller)"),
        (1, "the state was reset to zeros"),
        (7, LEFT_OUT),
        (7, "the states had other shapes than those that the last call returned ((2, 2, 7))"),
        (8, "the weights changed"),
        (1, "other edits were in force"),
        (1, per_call),
    ]  # fmt: skip
    assert "[2] <run of the model (GRU): 1 step, 3 sequences, began as the state was reset to zeros>" in repr(runs)
    assert all(run.trace(1) for run in runs)  # each checked against what the module returned


@pytest.mark.parametrize(
    ("options", "given", "began"),
    [
        ({"bidirectional": True}, X, "it reads each call in both directions, the backward one from its end"),
        ({}, packed(random_sequences([7, 3])), "a packed input is a run of its own"),
    ],
)
def test_what_never_joins(options: Any, given: Any, began: str) -> None:
    module = random_module("lstm", **options)
    with watch(module) as seen:
        _, state = module(given)
        module(given, state)
    assert [run.began for run in seen[""]] == ["", began]


def test_dropout_that_is_switched_off_begins_a_run() -> None:
    module = random_module("lstm", num_layers=2, dropout=0.5).train()
    with watch(module) as seen:
        _, state = module(X)
        module.eval()
        module(X, state)
    assert [(len(run), run.began) for run in seen[""]] == [(7, ""), (7, "dropout was switched on or off")]
    assert seen[""][1].trace(0)


@pytest.mark.parametrize("is_cell", [False, True])
def test_every_call_is_a_run_where_they_are_not_to_be_joined(is_cell: bool) -> None:
    cell, module = cell_and_module("gru")
    h = None
    with watch(cell if is_cell else module, join=False, calls=5) as seen:
        for each in X:
            h = cell(each, h) if is_cell else module(each[None], h)[1]
    assert [(len(run), run.began) for run in seen[""]] == [(1, "")] * 5
    assert seen.notes == ("2 calls of the model were dropped: calls=5 was reached",)


def test_limits_of_a_module_that_is_called_step_by_step() -> None:
    module, steps = random_module("gru"), [1] * 7
    step = X[0].nbytes + 3 * 7 * 4  # an input and an output
    first = sum(each.nbytes for each in module.parameters()) + step + 3 * 7 * 4  # and the last state
    with watch(module, bytes=first + 3 * step) as seen:
        chunks(module, X, steps, None)
    assert (len(seen[""][0]), seen.bytes) == (4, first + 3 * step)
    assert seen[""][0].trace(2).layer()["h"].shape == (4, 7)
    with watch(module, calls=1) as seen:
        chunks(module, X, steps, None)
        chunks(module, X, steps, None)
    assert (len(seen[""]), len(seen[""][0])) == (1, 7)
    assert seen.notes == ("7 calls of the model were dropped: calls=1 was reached",)


@pytest.mark.parametrize("is_cell", [False, True])
def test_a_run_that_was_traced_goes_on(is_cell: bool) -> None:
    """Whoever asks for a trace within the block, as an agent may at each step, sees all steps so far."""
    cell, module = cell_and_module("gru")
    h, wanted = None, module(X)[0].detach().numpy()
    with watch(cell if is_cell else module) as seen:
        for step, each in enumerate(X, 1):
            h = cell(each, h) if is_cell else module(each[None], h)[1]
            trace = seen[""][0].trace(1)
            assert error(trace.layer()["h"], wanted[:step, 1]) < 2e-6
            assert len(trace) == len(seen[""][0]) == step


def test_autocast_that_is_switched_on_begins_a_run() -> None:
    module = random_module("lstm")
    with watch(module) as seen:
        _, state = module(X[:1])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs, _ = module(X[1:2], state)
    assert outputs.dtype == torch.bfloat16
    assert [run.began for run in seen[""]] == ["", "the input or the output had another dtype"]
    assert all(run.trace(2) for run in seen[""])
