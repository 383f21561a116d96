"""What is shown of a run that was watched, or of one sequence of a batch, is its trace."""

import re
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope.notebook.source import source_of
from gatescope.recurrent.watch.watched import Watched
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

BATCH = torch.randn(3, 6, 4, generator=torch.Generator().manual_seed(1))  # (B, T, E)
LENGTHS = [4, 6, 2]
PACKED = pack_padded_sequence(BATCH, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
REPLAYED = (
    "Recorded inputs were replayed: inputs that the model computed from earlier outputs were not recomputed "
    "(gatescope.edit(model, …) does that)."
)


class Model(nn.Module):
    """A module of each kind, and a cell in a loop."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.first, self.packed, self.alone = (nn.LSTM(4, 5, batch_first=True) for _ in range(3))
        self.cell = nn.GRUCell(4, 5)

    def forward(self) -> None:
        self.first(BATCH)
        self.packed(PACKED)
        self.alone(BATCH[1])
        state = None
        for step in range(6):
            state = self.cell(BATCH[:, step], state)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model().eval()


@pytest.fixture(scope="module")
def seen(model: Model) -> Watched:
    with gatescope.watch(model) as seen:
        model()
    return seen


@pytest.mark.parametrize("name", ["first", "packed", "cell"])
@pytest.mark.parametrize("sequence", [None, 0, 2])
def test_a_run_is_shown_with_its_recorded_input(name: str, sequence: int | None, seen: Watched, model: Model) -> None:
    source = source_of(seen[name][0], None, sequence)
    b = sequence or 0
    x = BATCH[b, : LENGTHS[b] if name == "packed" else 6]
    assert source.x is not None
    assert torch.equal(source.x, x)
    if name != "cell":
        expected = getattr(model, name)(x)[0].detach().numpy()
        np.testing.assert_allclose(source.trace.layer()["h"], expected, atol=1e-6)
    shown = gatescope.show(seen[name][0], sequence=sequence, inputs=[3])
    assert repr(shown).split("\n")[-2:] == [f"This is sequence {b} of a batch of 3, counted from 0.", REPLAYED]
    assert REPLAYED in shown._repr_html_()
    low, high = (f"{each:.3g}".replace("-", "−") for each in (x[:, 3].min(), x[:, 3].max()))
    assert f"{low} to {high}" in repr(shown)


def test_of_a_run_of_one_sequence_nothing_is_said_of_a_batch(seen: Watched) -> None:
    assert "batch" not in repr(gatescope.show(seen["alone"][0], sequence=0))


@pytest.mark.parametrize("x", [BATCH, PACKED])
def test_one_of_a_batch_is_shown(x: Any, model: Model) -> None:
    for sequence, length in ((0, 4), (1, 6), (2, 2)):
        source = source_of(model.first, x, sequence)
        assert source.x is not None
        assert torch.equal(source.x, BATCH[sequence, : len(source.trace)])
        assert len(source.trace) == (6 if x is BATCH else length)
        expected = model.first(source.x)[0].detach().numpy()
        np.testing.assert_allclose(source.trace.layer()["h"], expected, atol=1e-6)


def test_notes_of_the_trace_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    low = Model().eval().bfloat16()
    with gatescope.watch(low) as seen:
        low.first(BATCH.bfloat16())
    gatescope.show(seen["first"][0], sequence=1)
    said = "The module computed in torch.bfloat16: it is traced in torch.float32."
    assert said in capsys.readouterr().out.split("\n")
    edited = seen["first"][0].trace(1, edits=[gatescope.hold("f", 1)])
    gatescope.show(edited)
    assert {said, REPLAYED} <= set(capsys.readouterr().out.split("\n"))


def test_sequences_that_are_not_there(seen: Watched, model: Model) -> None:
    run, trace = seen["first"][0], gatescope.trace_module(model.first, BATCH[0])
    only = "sequence: there is only one here: leave it out"
    cases: list[tuple[type[Exception], tuple[Any, Any], int | None, str]] = [
        (IndexError, (run, None), 3, "there is no sequence 3 in this run of first (LSTM): sequences go from 0 to 2"),
        (IndexError, (run, None), -1, "there is no sequence -1 in this run of first (LSTM): sequences go from 0 to 2"),
        (
            IndexError,
            (seen["alone"][0], None),
            1,
            "there is no sequence 1 in this run of alone (LSTM): the only one is 0",
        ),
        (IndexError, (model.first, BATCH), 3, "there is no sequence 3 in x: sequences go from 0 to 2"),
        (IndexError, (model.first, BATCH[:1]), 1, "there is no sequence 1 in x: the only one is 0"),
        (ValueError, (model.first, BATCH), None, "x is a batch of 3: say which sequence, as in sequence=0"),
        (ValueError, (model.first, BATCH[0]), 0, only),
        (ValueError, (trace, None), 0, only),
        (TypeError, (run, BATCH), 0, "a run has its input already: leave out the second argument"),
        (
            TypeError,
            (seen["first"], None),
            0,
            "these are several runs: show one of them, as in show(seen['encoder'][0])",
        ),
        (TypeError, (seen, None), None, "these are several runs: show one of them, as in show(seen['encoder'][0])"),
    ]
    for error, (what, x), sequence, message in cases:
        with pytest.raises(error, match=f"^{re.escape(message)}$"):
            gatescope.show(what, x, sequence=sequence)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_traced_in_float32_and_said(dtype: torch.dtype) -> None:
    module, x = Model().first.to(dtype), BATCH[0].to(dtype)
    source = source_of(module, x, None)
    assert source.trace.layer()["h"].dtype == np.float32
    expected = Model().first.to(dtype).double()(x.double())[0].detach()
    np.testing.assert_allclose(source.trace.layer()["h"], expected, atol=1e-6)
    assert source.notes == (f"the module computes in {dtype}: it is traced in torch.float32",)
    assert module.weight_ih_l0.dtype == dtype
    assert source_of(Model().first, BATCH[0], None).notes == ()


def test_what_was_recorded_before_a_call_that_raised_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    model = Model()
    with pytest.raises(RuntimeError, match=r"input\.size"), gatescope.watch(model) as seen:  # noqa: PT012
        model.first(BATCH)
        model.first(BATCH[..., :3])
    gatescope.show(seen["first"][0])
    assert REPLAYED in capsys.readouterr().out
    with pytest.raises(IndexError, match=r"^there is no run 1 of first: it has 1 run: the only one is 0$"):
        gatescope.show(seen["first"][1])


@pytest.mark.parametrize(
    ("module", "x", "error", "message"),
    [
        (nn.Sequential(nn.Linear(4, 2)), BATCH[0], TypeError, "Sequential is not a torch.nn.LSTM, GRU or RNN"),
        (
            Model(),
            BATCH[0],
            TypeError,
            "Model is not a torch.nn.LSTM, GRU or RNN: trace what it holds, module.get_submodule('first') or "
            "module.get_submodule('packed') or module.get_submodule('alone')",
        ),
        (
            nn.GRU(4, 5).to("meta"),
            BATCH[0],
            ValueError,
            "the module is on the meta device, where its weights have no numbers: load them first",
        ),
        (nn.GRU(4, 5), BATCH[0].to("meta"), ValueError, "x is on meta, the weights are on cpu: move it by .to('cpu')"),
        (
            nn.GRU(4, 5).half(),
            BATCH[0],
            TypeError,
            "x is torch.float32, the weights are torch.float16: convert it by .to(torch.float16)",
        ),
    ],
)
def test_modules_that_cannot_be_shown(module: Any, x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        gatescope.show(module, x)
