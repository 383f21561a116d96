"""A verdict is what PyTorch's own sigmoid or softmax says, and its pushes are those of ``decompose``."""

import re
from pathlib import Path
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope.notebook.head import Answer, answer_of
from gatescope.notebook.shown import Shown
from gatescope.recurrent.trace import Trace
from torch import Tensor, nn

SHIPPED = Path(gatescope.__file__).parents[1] / "models"
X = torch.randn(5, 4, generator=torch.Generator().manual_seed(4))
NAMES = ("cat", "<dog>", "bird")


def traced(kind: type[nn.RNNBase] = nn.LSTM, **options: Any) -> tuple[Trace, Tensor]:
    """A trace, and what the module returns (T, H·directions)."""
    torch.manual_seed(5)
    module = kind(4, 16, **options)  # type: ignore[call-arg]
    trace = gatescope.trace_module(module, X)
    assert isinstance(trace, Trace)
    return trace, module(X)[0].detach()


@pytest.mark.parametrize(
    ("kind", "options"),
    [(nn.LSTM, {"proj_size": 3})]
    + [(kind, options) for kind in (nn.LSTM, nn.GRU, nn.RNN) for options in ({}, {"bidirectional": True})],
)
@pytest.mark.parametrize("output", [2, (2, 0), ("bird", "cat"), "<dog>"])
def test_the_verdict_of_one_of_many_outputs(kind: type[nn.RNNBase], options: dict[str, Any], output: Any) -> None:
    trace, h = traced(kind, **options)
    head = nn.Linear(h.shape[1], 3)
    answer = answer_of(trace, head, output, NAMES)
    places = [NAMES.index(each) if isinstance(each, str) else each for each in np.atleast_1d(np.array(output, object))]
    if len(places) == 1:
        expected = torch.sigmoid(head(h))[:, places[0]]
    else:
        classes = torch.softmax(head(h), dim=-1)[:, places]
        expected = classes[:, 0] / classes.sum(dim=1)
    np.testing.assert_allclose(answer.trace.outputs[:, 0], expected.detach(), atol=1e-6)
    subject = Shown.of(trace, answer=answer).subject
    assert subject.verdict is not None
    sides = [subject.verdict.positive, subject.verdict.negative]
    assert sides == (
        [NAMES[each] for each in places] if len(places) > 1 else [NAMES[places[0]], f"not {NAMES[places[0]]}"]
    )
    if kind is not nn.RNN:
        parts = gatescope.decompose(trace, (head.weight, head.bias), places)
        np.testing.assert_allclose(subject.shares, parts.shares, atol=1e-9)


def test_a_head_of_one_output_needs_no_choice_and_no_note() -> None:
    trace, h = traced()
    weight = torch.randn(16)
    for answer in (answer_of(trace, weight), answer_of(trace, weight[None], 0, ["flood"])):
        np.testing.assert_allclose(answer.trace.outputs[:, 0], torch.sigmoid(h @ weight), atol=1e-6)
        assert answer.notes == ()
    assert answer.trace.head is not None
    assert answer.trace.head.names == ("flood",)


def test_the_head_of_a_model_is_read_as_it_is() -> None:
    model = gatescope.load_model(SHIPPED / "prose-gru")
    trace = model.trace(model.config.examples[0])
    names = model.config.outputs
    answer = answer_of(trace, output=(names[1], names[0]))
    assert trace.head is not None
    assert trace.head.function == "softmax"
    expected = trace.outputs[:, 1] / trace.outputs[:, :2].sum(axis=1)
    np.testing.assert_allclose(answer.trace.outputs[:, 0], expected, atol=1e-5)


def test_what_the_verdict_is_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    trace, _ = traced()
    head = nn.Linear(16, 3)
    gatescope.show(trace, head=head, output=(1, 2), names=NAMES)
    assert "The verdict is how probable “<dog>” is, if it is “<dog>” or “bird”." in capsys.readouterr().out
    gatescope.show(trace, head=head, output=1)
    printed = capsys.readouterr().out
    assert "then P(output 1)" in printed
    assert "The output is read by itself, as the logit of a probability of its own (sigmoid): of a softmax" in printed


def test_the_name_of_the_other_side_stays_where_nothing_was_chosen() -> None:
    model = gatescope.load_model(SHIPPED / "sentiment-gru")
    trace = model.trace("not good")
    answer = answer_of(trace, output=0)
    assert isinstance(answer, Answer)
    subject = Shown.of(trace, model, answer).subject
    assert subject.verdict is not None
    assert (subject.verdict.positive, subject.verdict.negative) == ("positive", "negative")


HEAD = (torch.ones(3, 16), torch.zeros(3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"head": torch.ones(3, 8), "output": 0},
            "head: its weight is (3, 8): it must be (outputs, 16), or (16,) for one",
        ),
        ({"head": torch.ones(1, 1, 16)}, "head: its weight is (1, 1, 16): it must be (outputs, 16), or (16,) for one"),
        ({"head": torch.ones(0, 16)}, "head: its weight is (0, 16): it must be (outputs, 16), or (16,) for one"),
        ({"head": (HEAD[0], torch.ones(2))}, "head: its bias is (2,): it must be (3,), a number for each output"),
        (
            {"head": HEAD},
            "output: the head gives 3 outputs: give one, or, of a softmax, two, one against the other: "
            "choose from 0 to 2",
        ),
        ({"head": HEAD, "output": 3}, "output: there is no output 3: choose from 0 to 2"),
        (
            {"head": HEAD, "output": "fish", "names": NAMES},
            "output: there is no output 'fish': choose from 0 ('cat'), 1 ('<dog>'), 2 ('bird')",
        ),
        (
            {"head": HEAD, "output": (1, 1)},
            "output: give one output, or two that differ, one against the other: choose from 0 to 2",
        ),
        ({"head": HEAD, "output": 0, "names": ["a", "b"]}, "names: there are 2 for 3 outputs: give one for each"),
        ({"head": torch.ones(16), "names": ["a", "b"]}, "names: there are 2 for 1 output: give one for each"),
        (
            {"head": HEAD, "output": 0, "names": ["a", "b", "a"]},
            "names: “a” stands there twice: give each output a name of its own",
        ),
        ({"output": 0}, "output: there is no head that it could be one of: give head="),
        ({"names": ["a"]}, "names: there is no head whose outputs they could name: give head="),
    ],
)
def test_heads_and_outputs_that_do_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gatescope.show(nn.LSTM(4, 16), X, **options)
