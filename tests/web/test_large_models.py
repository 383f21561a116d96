"""The first screen of large models: of one layer, within the limits, and no larger than that of a small model."""

import re
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import torch
from gatescope.figures.parts import MOST_STEPS
from gatescope.recurrent.edits.short_form import from_listed_form
from gatescope.recurrent.trace import trace
from gatescope.settings import Settings
from gatescope.store.fields import ModelConfig
from gatescope.store.model import Model
from gatescope.store.saving import save_model
from gatescope.web.look import LONGEST_QUERY, Look
from gatescope.web.screen import run, screen
from networks import numeric_network, random_network
from serving import WORDS, client

from .test_screen import NOT_GOOD

STEPS, UNITS = 200, 1024
TEXT = " ".join((NOT_GOOD.split() * STEPS)[:STEPS])
DEEP: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm"},
    "rnn": {"cell": "rnn"},
    "both ways": {"cell": "gru", "bidirectional": True},
}
LOOKS = ({}, {"layer": 0}, {"edits": "0.h@1=0.5"}, {"layer": 1, "edits": "0.h@1=0.5"})  # layer: a place in a trace
each_look = pytest.mark.parametrize("look", LOOKS, ids=str)


@cache
def in_memory(hidden_size: int = 6, layers: int = 3, *, numbers: int = 0, **network: Any) -> Model:
    """A random model that is in no folder, with one output; it reads ``numbers`` columns, or words if that is 0."""
    sizes: dict[str, Any] = {"hidden_size": hidden_size, "layers": layers, "outputs": 1, "cell": "lstm", **network}
    made = (
        numeric_network(inputs=numbers, **sizes)
        if numbers
        else random_network(vocabulary_size=len(WORDS.vocabulary), **sizes)
    )
    about: dict[str, Any] = {"title": "Large", "task": "test", "description": "", "licence": "MIT"}
    reads = (
        {"input": "numbers", "columns": [{"name": f"x{n}"} for n in range(numbers)]}
        if numbers
        else {"tokenizer": "word"}
    )
    config = ModelConfig(
        **about, **reads, network=made.config, outputs=["positive"], predicts_next=False, weights_sha256="0" * 64
    )
    return Model("large", config, None if numbers else WORDS, made, Path())


def drawn(models: list[Model], text: str, max_values: int = 5_000_000, **look: Any) -> str:
    settings = Settings(max_values=max_values)
    return str(screen([(each, text) for each in models], Look(model="large", text=text, width=1320, **look), settings))


def values_of_a_step(model: Model) -> int:
    """How many numbers one layer has, in one direction, with the output; of a plain RNN, there are the sums too."""
    network, cell = model.config.network, model.config.network.cell_definition
    return network.hidden_size * (len(cell.activations) + (not cell.gates)) + network.outputs


def linked(html: str) -> dict[str, str]:
    """The fields of the only link."""
    [address] = re.findall(r'href="\?([^"]*)"', html)
    return dict(parse_qsl(unescape(address)))


def values_of_a_layer(model: Model, text: str) -> int:
    return len(model.tokens(text)) * values_of_a_step(model)


@each_look
@pytest.mark.parametrize("kind", DEEP)
def test_the_limit_is_on_the_layer_that_is_drawn(kind: str, look: dict[str, Any]) -> None:
    model = in_memory(**DEEP[kind])
    most = values_of_a_layer(model, NOT_GOOD)
    assert drawn([model], NOT_GOOD, most, **look) == drawn([model], NOT_GOOD, **look)
    words = NOT_GOOD.split()
    told = drawn([model], NOT_GOOD, most - 1, **look)
    says = f"takes {most:,} numbers, and this server allows {most - 1:,} (GATESCOPE_MAX_VALUES): {len(words) - 1} words"
    assert says in told
    fitting = {"model": "large", "text": " ".join(words[:-1]), **look}
    assert linked(told) == {name: str(value) for name, value in fitting.items()}
    assert "svg" not in told


def test_networks_that_are_compared_have_the_limit_each() -> None:
    models = [in_memory(**DEEP[kind]) for kind in ("lstm", "rnn")]
    most = max(values_of_a_layer(each, NOT_GOOD) for each in models)
    assert drawn(models, NOT_GOOD, most, compare="cells") == drawn(models, NOT_GOOD, compare="cells")
    assert "Read only the first 4 words" in drawn(models, NOT_GOOD, most - 1, compare="cells")
    texts = {"compare": "text", "other": "not bad", "layer": 1}
    assert drawn(models[:1] * 2, NOT_GOOD, most, **texts) == drawn(models[:1] * 2, NOT_GOOD, **texts)


@each_look
@pytest.mark.parametrize("kind", DEEP)
def test_a_run_holds_what_the_whole_trace_does(kind: str, look: dict[str, Any]) -> None:
    model, asked = in_memory(**DEEP[kind]), Look(**look)
    edits = from_listed_form(asked.edits)
    part = run(model, NOT_GOOD, edits, asked, Settings())
    whole = trace(model.network, model.tokens(NOT_GOOD), edits=edits)
    shown = part.subject.layer
    assert {each.layer for each in part.trace.layers} == {shown.layer, 2}
    for letter, array in whole.layer(shown.layer, shown.direction).activations.items():
        assert (shown[letter] == array).all()
    assert (part.trace.outputs == whole.outputs).all()


def test_a_layer_that_there_is_not_is_named(tmp_path: Path) -> None:
    about = {"title": "Deep", "task": "test", "description": "", "outputs": ["positive"], "licence": "MIT"}
    save_model(tmp_path / "deep", in_memory().network, WORDS, about)
    site = client(tmp_path, default_model="deep")
    asked = {"text": NOT_GOOD, "model": "deep"}
    assert "layer=3, which means nothing here" in site.get("/", params={**asked, "layer": 3}).text
    assert "means nothing here" not in site.get("/", params={**asked, "layer": 2}).text


def test_the_largest_is_drawn_in_no_more_bytes_than_a_small_one() -> None:
    """Heights and numbers differ; what there is of them does not."""
    with torch.inference_mode():
        small, large = (len(drawn([in_memory(size, layers)], TEXT)) for size, layers in ((64, 1), (UNITS, 2)))
    assert large < 1.25 * small


def test_a_picture_of_which_no_step_fits_has_no_link() -> None:
    model = in_memory()
    told = drawn([model], NOT_GOOD, values_of_a_step(model) - 1)
    assert "not even one word fits. Choose a smaller model" in told
    assert "href" not in told


def test_the_other_text_is_cut_where_it_is_the_longer_one() -> None:
    model, other = in_memory(), "not good, not bad"
    look = Look(model="large", text="not", compare="text", other=other, step=3)
    settings = Settings(max_values=2 * values_of_a_step(model))
    told = screen([(model, "not"), (model, other)], look, settings)
    assert linked(told) == {"model": "large", "text": "not", "compare": "text", "other": "not good"}


def test_a_whole_picture_of_the_largest_layer_read_both_ways_fits() -> None:
    model = in_memory(UNITS, 1, bidirectional=True)
    assert MOST_STEPS * values_of_a_step(model) <= Settings().max_values


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_other_cells_are_drawn_within_the_limits(cell: str) -> None:
    assert f'data-units="{UNITS}"' in drawn([in_memory(UNITS, 2, cell=cell)], TEXT)


def test_the_links_of_long_numbers_say_only_the_step() -> None:
    columns, model = 64, in_memory(8, 1, numbers=64)
    header = ",".join(f"x{n}" for n in range(columns))
    csv = "\n".join([header, *[",".join(["0.1234"] * columns)] * STEPS])
    html = drawn([model], csv, start=2)
    assert 'href="#step=2" data-t="0"' in html
    assert 'href="#step=199" data-t="197"' in html
    assert html.count("0.1234") <= 2, "the text is in no link of a step"
    assert len(html) < 1_000_000


def test_an_address_up_to_the_longest_query_is_whole() -> None:
    model, look = in_memory(8, 1), Look(model="large", text="not ", width=1320, step=0)
    text = "not " * ((LONGEST_QUERY - len(look.address())) // 4)
    longest = look.model_copy(update={"text": text}).address()
    text += "x" * (LONGEST_QUERY - len(longest))
    for written, is_whole in ((text, True), (text + "x", False)):
        assert ('href="#step=1"' in drawn([model], written, step=0)) is not is_whole
