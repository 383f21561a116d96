"""What the widget is told is what the page draws and what torch.nn computes, or why there is nothing."""

import base64
import json
from pathlib import Path
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope.figures.parts import parts_of
from gatescope.figures.screen import first_screen
from gatescope.notebook.answers import Answers
from gatescope.web.first_view import MAX_NUMBERS
from gatescope.web.look import Look
from gatescope.web.screen import Run, experiment, way_back
from torch import nn

SHIPPED = Path(gatescope.__file__).parents[1] / "models"
DOCS = SHIPPED.parent / "docs/python.md"
OPEN: dict[str, Any] = {"kind": "open"}


def answers(*what: Any, **options: Any) -> Answers:
    return Answers(gatescope.show(*what, **options))


def trace(of: Answers, *edits: dict[str, Any]) -> dict[str, Any]:
    answer = of({"kind": "trace", "edits": list(edits)})
    json.dumps(answer)  # which is how it is sent
    return answer


def array(answer: dict[str, Any], letter: str) -> np.ndarray[Any, Any]:
    typed = answer["trace"]["layers"][0]["activations"][letter]
    shape = [int(each) for each in typed["shape"].split(", ")]
    return np.frombuffer(base64.b64decode(typed["bdata"]), "<f4").reshape(shape)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2}, {"bidirectional": True}], ids=str)
def test_the_numbers_of_a_module_are_those_of_torch(kind: type[nn.RNNBase], options: dict[str, Any]) -> None:
    torch.manual_seed(2)
    module, x = kind(4, 6, **options), torch.randn(5, 4)  # type: ignore[arg-type]
    answer = trace(answers(module, x))
    half = {"forward": slice(0, 6), "backward": slice(6, None)}[answer["trace"]["layers"][0]["direction"]]
    np.testing.assert_allclose(array(answer, "h"), module(x)[0].detach().numpy()[:, half], atol=1e-6)
    assert [each["text"] for each in answer["trace"]["tokens"]] == list("01234")


def test_an_edit_acts_on_the_layer_that_is_shown_and_a_head_and_labels_stay() -> None:
    torch.manual_seed(2)
    module, x, head = nn.LSTM(4, 6, num_layers=2), torch.randn(3, 4), nn.Linear(6, 1)
    of = answers(module, x, labels=["a", "b", "c"], head=head)
    assert of(OPEN)["where"] == {"layer": 1, "direction": "forward"}
    answer = trace(of, {"letter": "f", **of(OPEN)["where"], "steps": [1], "hold": 1.0})
    edited = gatescope.trace_module(module, x, edits=[gatescope.hold("f", 1.0, layer=1, steps=[1])])
    assert isinstance(edited, gatescope.Trace)
    np.testing.assert_array_equal(array(answer, "c"), edited.layer(1)["c"])
    verdict = torch.sigmoid(head(torch.from_numpy(edited.layer(1)["h"]))).detach().numpy()
    shown = np.frombuffer(base64.b64decode(answer["trace"]["outputs"]["values"]["bdata"]), "<f4")
    np.testing.assert_allclose(shown, verdict[:, 0], atol=1e-6)
    assert [each["text"] for each in answer["trace"]["tokens"]] == ["a", "b", "c"]
    assert answer["trace"]["edits"] == [{"letter": "f", "layer": 1, "direction": "forward", "steps": [1], "hold": 1.0}]


def test_a_picture_is_that_of_the_page() -> None:
    model = gatescope.load_model(SHIPPED / "sentiment-gru")
    of = answers(model, "not good")
    question = {"kind": "screen", "width": 960, "height": 600, "step": 1, "unit": 3}
    held = gatescope.hold("z", 0.5, steps=[0])
    whole = model.trace("not good")
    asides = [experiment(Run(model, whole, parts_of(whole), None), Look(), "compiled"), way_back("?")]
    for edits, aside in zip(([], [held]), asides, strict=True):
        run, plain = model.trace("not good", edits), model.trace("not good")
        html = of({**question, "edits": [each.to_dict() for each in edits]})["html"]
        shown = of._shown
        expected = first_screen(
            run,
            parts_of(run),
            model.statistics,
            terms=shown.subject.terms,
            width=960,
            height=600,
            chosen=1,
            unit=3,
            has_panel=True,
            push_scale=shown.push_scale,
            before=(plain, parts_of(plain)) if edits else None,
            address_of=lambda t: f"#step-{t}",
            aside=aside,
        )
        assert html == expected


@pytest.mark.parametrize("change", ["weights", "input"])
def test_another_run_than_the_one_shown_is_refused(change: str) -> None:
    torch.manual_seed(3)
    module, x = nn.GRU(2, 4), torch.randn(3, 2)
    of = answers(module, x)
    (module.weight_hh_l0.data if change == "weights" else x)[1] += 1e-3
    told = trace(of, {"letter": "z", "hold": 0.5})
    assert told == {
        "problem": "the weights or the input have changed since this was shown, so that an edit would be set against "
        "another run: show it again."
    }
    assert trace(of)["why"] == ""  # what is shown is still there


def test_what_cannot_be_drawn_or_run_is_said() -> None:
    of = answers(gatescope.trace_module(nn.LSTM(2, 3), torch.randn(4, 2)))
    assert of(OPEN)["fixed"].startswith("A trace by itself cannot be run again")
    assert trace(of, {"letter": "f", "hold": 1})["problem"].startswith("A trace by itself cannot be run again")
    of = answers(nn.LSTM(2, 5, proj_size=3), torch.randn(4, 2))
    assert (trace(of)["trace"], trace(of)["why"]) == (None, "Heatmaps of a layer with a projection are not drawn.")
    assert trace(of, {"letter": "f", "hold": 1})["trace"] is None
    of = answers(nn.GRU(2, 400), torch.randn(120, 2))
    numbers = f"{120 * 400 * 4:,}"
    assert f"{numbers} numbers, and up to {MAX_NUMBERS:,} are drawn" in trace(of)["why"]
    assert f"Heatmaps hold up to {MAX_NUMBERS:,} numbers" in " ".join(DOCS.read_text(encoding="utf-8").split())
    assert trace(of, {"letter": "q", "hold": 1})["problem"].startswith("edits[0].letter")
    assert of({"kind": "what"})["problem"].startswith("KeyError")
    of = answers(nn.LSTM(2, 3).double(), 1e-3 * torch.ones(2, 2).double())
    assert "float32" in trace(of, {"letter": "c", "hold": 1e300})["problem"]


def test_a_run_is_edited_as_its_own_trace_is() -> None:
    torch.manual_seed(2)
    module = nn.Sequential(nn.Linear(3, 4), nn.GRU(4, 6, batch_first=True))
    with gatescope.watch(module) as seen:
        module(torch.randn(2, 5, 3))
    run = seen["1"][0]
    of = answers(run, sequence=1)
    held = gatescope.hold("z", 0.0, steps=[2])
    answer = trace(of, held.to_dict())
    np.testing.assert_array_equal(array(answer, "h"), run.trace(1, edits=[held]).layer()["h"])
    assert any("replayed" in note for note in answer["notes"])
    assert any("sequence 1 of a batch of 2" in note for note in answer["notes"])


def test_a_sequence_of_a_batch_is_edited_by_itself() -> None:
    torch.manual_seed(2)
    module, x = nn.LSTM(4, 6), torch.randn(5, 3, 4)
    held = gatescope.hold("f", 1.0, steps=[0])
    of = answers(module, x, sequence=2)
    alone = gatescope.trace_module(module, x[:, 2], edits=[held])
    assert isinstance(alone, gatescope.Trace)
    np.testing.assert_allclose(array(trace(of, held.to_dict()), "c"), alone.layer()["c"], atol=1e-6)


def test_columns_of_the_input_stand_above_an_edited_picture_too() -> None:
    torch.manual_seed(2)
    of = answers(nn.LSTM(4, 6), torch.randn(5, 4), inputs={("rain", "mm"): 1})
    for edits in ([], [gatescope.hold("f", 1.0).to_dict()]):
        html = of({"kind": "screen", "width": 960, "height": 600, "step": 1, "edits": edits})["html"]
        assert "rain" in html
