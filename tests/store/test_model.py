"""A model that is loaded: its traces, and what its outputs are about."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from gatescope.store.loading import load_model
from model_folders import VOCABULARY, contents, network, saved


def test_a_model_traces_text(tmp_path: Path) -> None:
    model = saved(tmp_path / "small")
    trace = model.trace("The movie wasn't good")
    assert [(token.text, token.known) for token in trace.tokens] == [
        ("The", True),
        ("movie", True),
        ("was", True),
        ("n't", False),
        ("good", True),
    ]
    assert trace.layer()["f"].shape == (5, 7)
    with pytest.raises(ValueError, match="there is nothing to trace: the sequence is empty"):
        model.trace(" \n")


def test_a_trace_knows_the_names_of_its_outputs(tmp_path: Path) -> None:
    model = saved(tmp_path / "small", verdict="negative")
    assert load_model(tmp_path / "small").config.verdict == "negative"
    head = model.trace("good").head
    assert head is not None
    assert (head.names, head.verdict) == (tuple(model.config.outputs), "negative")
    assert head.weight.tensor is model.network.head.weight
    bare = replace(model.trace("good"), head=None)
    assert model.named(bare) is bare


@pytest.mark.parametrize("predicts_next", [True, False])
def test_what_outputs_are_about_is_saved_with_the_model(tmp_path: Path, predicts_next: bool) -> None:
    outputs = [*VOCABULARY[:0:-1], "end"]
    saved(tmp_path / "small", network(outputs=8), outputs=outputs, predicts_next=predicts_next)
    assert json.loads(contents(tmp_path / "small")["config.json"])["predicts_next"] is predicts_next
    model = load_model(tmp_path / "small")
    assert model.next_outputs == ((None, 6, 5, 4, 3, 2, 1, 0) if predicts_next else ())
