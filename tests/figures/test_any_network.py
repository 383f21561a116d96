"""Every kind of network, layer, output and length has a first screen that is whole."""

from xml.etree import ElementTree

import pytest
import torch
from gatescope import trace_module
from gatescope.figures.cell.panel import cell_panel
from gatescope.figures.screen import first_screen
from gatescope.figures.subject import Terms, subject_of
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.recurrent.decomposition.report import Decomposition
from gatescope.recurrent.trace import Trace
from gatescope.recurrent.trace import trace as trace_of
from networks import VARIANTS, random_network, random_tokens


def whole(trace: Trace, parts: Decomposition | None, **options: object) -> str:
    """Return the first screen in all its forms; fails unless it is XML without numbers that do not exist."""
    fragment = ""
    for width in (None, 1400, 728, 320):
        fragment = first_screen(trace, parts, None, width=width, **options)  # type: ignore[arg-type]
        ElementTree.fromstring(fragment)
        drawn = fragment.partition("<script")[0]
        assert "nan" not in drawn
        assert '"inf' not in drawn
    return fragment


@pytest.mark.parametrize("steps", [1, 2, 9, 70])
@pytest.mark.parametrize("variant", VARIANTS)
def test_each_cell_at_each_length(variant: str, steps: int) -> None:
    network = random_network(**{"outputs": 1, **VARIANTS[variant]})
    trace = trace_of(network, random_tokens(steps))
    has_memory = network.config.cell_definition.memory is not None
    parts = decompose(trace) if has_memory else None
    for is_character in (False, True):
        whole(trace, parts, terms=Terms("other", is_character))
    subject = subject_of(trace, parts, None)
    for step in {0, steps - 1}:
        ElementTree.fromstring(cell_panel(subject, step))


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("layer", [0, 1])
def test_each_layer_and_direction(layer: int, direction: str) -> None:
    network = random_network(cell="lstm", outputs=1, layers=2, bidirectional=True)
    trace = trace_of(network, random_tokens(7))
    parts = decompose(trace, layer=layer, direction=direction)  # type: ignore[arg-type]
    fragment = whole(trace, parts)
    assert ("add up to" in fragment) is (layer == 1)
    ElementTree.fromstring(cell_panel(subject_of(trace, parts, None), 3))


@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_several_classes_have_a_form_without_pushes_until_one_is_chosen(outputs: int) -> None:
    network = random_network(cell="gru", outputs=outputs, head="softmax")
    trace = trace_of(network, random_tokens(6))
    if outputs == 1:  # always certain
        return
    assert "add up to" not in whole(trace, decompose(trace))
    assert "add up to" in whole(trace, decompose(trace, output=(0, 1)), outputs=(0, 1))


def test_a_part_of_a_longer_trace_starts_from_what_was_there() -> None:
    network = random_network(cell="lstm", outputs=1)
    part = trace_of(network, random_tokens(12)).span(5, 12)
    parts = decompose(part)
    assert parts.amounts[0, 7] > 0
    assert "initial state" in whole(part, parts, height=1200)


def test_a_module_without_tokens_and_head() -> None:
    torch.manual_seed(0)
    trace = trace_module(torch.nn.LSTM(5, 7), torch.randn(9, 5))
    assert "the memory" in whole(trace, decompose(trace)) or trace.head is None


@pytest.mark.parametrize("edit", [
    {"letter": "i", "hold": 0.0},
    {"letter": "f", "steps": [2], "units": [0, 3], "add": 0.1},
    {"letter": "c", "steps": [1], "hold": 0.5},
    {"letter": "h", "scale": 0.5},
])  # fmt: skip
def test_an_edited_trace_with_the_one_before(edit: dict) -> None:
    network = random_network(cell="lstm", outputs=1)
    tokens = random_tokens(6)
    trace, edited = trace_of(network, tokens), trace_of(network, tokens, edits=[edit])
    whole(edited, decompose(edited), before=(trace, decompose(trace)))
