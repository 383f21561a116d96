"""The models that are shipped: they do what their cards and the README say."""

import re
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from gatescope.analysis.statistics import deviations
from gatescope.settings import data_folder
from gatescope.store.fields import Start
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.store.store import Store
from gatescope.training import tasks
from gatescope.training.card import card
from gatescope.training.sources import rated_texts
from gatescope.training.tasks import code, prose, sentiment
from gatescope.training.trainer import Recipe

from .test_card import facts

CELLS = ("lstm", "gru", "rnn")
SHIPPED = list(Store(data_folder("models")))
GENERATED = [model for model in SHIPPED if model.config.task not in {"sentiment", "prose", "code"}]
REFERENCE = {  # accuracy on film reviews, tweets and UCI sentences of a first, plain recipe, and their standard errors
    "lstm": {"film reviews": (0.825, 0.012), "tweets": (0.897, 0.017), "UCI sentences": (0.876, 0.019)},
    "gru": {"film reviews": (0.811, 0.012), "tweets": (0.899, 0.016), "UCI sentences": (0.886, 0.018)},
    "rnn": {"film reviews": (0.790, 0.013), "tweets": (0.871, 0.018), "UCI sentences": (0.846, 0.021)},
}
OPPOSITE = [
    ("the movie was good", "the movie was not good"),
    ("The movie was good.", "The movie was NOT good."),
    ("the movie was not bad", "the movie was bad"),
    ("not bad", "bad"),
    ("Not bad!", "Bad!"),
    ("it is not bad", "it is bad"),
    ("not bad at all", "bad"),
    ("good", "not good"),
    ("it is great", "it isn't great"),
    ("I like it", "I don't like it"),
]


DISGUISES = [  # a text as it may come from a page, a phone or a PDF, and in plain spelling
    *((f"the movie was wonder{each}ful", "the movie was wonderful") for each in "\u200b\u00ad\u200d\u2060\ufe0f\u034f"),
    *((f"{each}the movie was wonderful{each}", "the movie was wonderful") for each in "\ufeff\u200e\u200b"),
    *((f"I don{each}t like it", "I don't like it") for each in "’ʼ´′‘＇‛`ʻ"),
    *((f"it{each}s good, I{each}d say", "it's good, I'd say") for each in "’ʼ´′‘＇"),
    ("ｔｈｅ　ｍｏｖｉｅ　ｗａｓ　ｎｏｔ　ｇｏｏｄ！", "the movie was not good!"),
    ("𝘁𝗵𝗲 movie was 𝐧𝐨𝐭 𝑔𝑜𝑜𝑑", "the movie was not good"),
    ("a ﬁne, ﬂawless eﬀort", "a fine, flawless effort"),
    ("well‑made and non‐stop fun :‑)", "well-made and non-stop fun :-)"),
    ("he said “not bad” and „great”", 'he said "not bad" and "great"'),
    ("the\u2800movie\u3164was\u00a0not\u2028good", "the movie was not good"),
]


@pytest.fixture(scope="module")
def models() -> dict[str, Model]:
    return {cell: load_model(data_folder("models") / f"sentiment-{cell}") for cell in CELLS}


def verdict(model: Model, text: str) -> float:
    return float(model.trace(text).outputs[-1, 0])


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize(("positive", "negative"), OPPOSITE)
def test_a_negation_turns_the_verdict(models: dict[str, Model], cell: str, positive: str, negative: str) -> None:
    assert verdict(models[cell], positive) > 0.5 > verdict(models[cell], negative)


@pytest.mark.parametrize("cell", CELLS)
def test_what_says_nothing_yet_stands_near_one_half(models: dict[str, Model], cell: str) -> None:
    for text in ("the", "the movie", "the movie was", "it is", "this is"):
        assert 0.35 < verdict(models[cell], text) < 0.65, text


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("disguise", "plain"), DISGUISES, ids=ascii)
def test_a_text_is_read_as_what_it_looks_like(models: dict[str, Model], cell: str, disguise: str, plain: str) -> None:
    assert all(token.known for token in models[cell].tokenizer(plain))
    assert np.array_equal(models[cell].trace(disguise).outputs, models[cell].trace(plain).outputs)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_verdict_turns_after_but(models: dict[str, Model], cell: str) -> None:
    verdicts = models[cell].trace("the acting was terrible but the story was wonderful").outputs[:, 0]
    assert verdicts[3] < 0.3
    assert verdicts[-1] > 0.5


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_at_not_some_gate_leaves_its_mean_by_more_than_a_standard_deviation(
    models: dict[str, Model], cell: str
) -> None:
    model = models[cell]
    trace = model.trace("the movie was not good")
    assert trace.tokens[3].text == "not"
    assert model.statistics is not None
    departures = deviations(trace, model.statistics)
    gates = {letter: abs(departures[0, "forward", letter][3]) for letter in model.network.config.cell_definition.gates}
    assert max((units > 1).mean() for units in gates.values()) > 0.25  # not one unit in some corner, but many


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", ["film reviews", "tweets", "UCI sentences"])
def test_the_mean_of_three_seeds_reaches_the_reference(models: dict[str, Model], cell: str, name: str) -> None:
    (metric,) = (each for each in models[cell].config.metrics if each.name == name)
    accuracy, error = REFERENCE[cell][name]
    assert len(metric.seeds) == 3
    assert sum(metric.seeds) / 3 > accuracy - 2 * error


@pytest.mark.parametrize("cell", CELLS)
def test_the_cells_are_of_equal_size_and_kind(models: dict[str, Model], cell: str) -> None:
    config = models[cell].config
    assert config.network == replace(models["lstm"].config.network, cell=cell)
    assert (config.network.embedding_size, config.network.hidden_size) == (32, 64)
    assert models[cell].tokenizer.vocabulary == models["lstm"].tokenizer.vocabulary
    assert (config.task, config.outputs, config.licence) == ("sentiment", ["positive"], "MIT")
    assert config.examples == list(sentiment.EXAMPLES)


@pytest.mark.parametrize("cell", CELLS)
def test_the_card_tells_the_data_the_negations_and_the_command(models: dict[str, Model], cell: str) -> None:
    card = (models[cell].folder / "README.md").read_text(encoding="utf-8")
    for package in rated_texts.PACKAGES:
        assert f"| {package.name} {package.version} |" in card
        assert f"`{package.sha256}`" in card
    assert "**Templated negations**" in card
    assert "## At *not*" in card
    assert f"gatescope train sentiment --cell {cell} --seeds 0,1,2" in card


@pytest.mark.parametrize("cell", CELLS)
def test_the_card_gives_the_verdicts_of_the_model(models: dict[str, Model], cell: str) -> None:
    card = (models[cell].folder / "README.md").read_text(encoding="utf-8")
    for text in sentiment.SHOWN:
        assert f"| {text} | {verdict(models[cell], text):.2f} |" in card


@pytest.mark.parametrize("cell", CELLS)
def test_the_best_seed_that_keeps_the_lessons_was_kept(models: dict[str, Model], cell: str) -> None:
    config = models[cell].config
    card = (models[cell].folder / "README.md").read_text(encoding="utf-8")
    match = re.search(r"\(([\d., ]+); lower is better\)", card)
    assert match
    judged = [float(each) for each in match[1].split(", ")]  # lost lessons, and the share of wrong validation texts
    (metric,) = (each for each in config.metrics if each.name == "validation texts")
    assert config.seed == judged.index(min(judged))
    assert metric.value == metric.seeds[config.seed]
    lost = [int(each) for each in judged]
    assert judged == pytest.approx([n + 1 - share for n, share in zip(lost, metric.seeds, strict=True)], abs=5e-5)
    assert min(lost) == (cell == "rnn"), "to the plain RNN, not bad stays bad"


def recipe_of(task: str, cell: str, folder: Path) -> Recipe:
    """The recipe of a task today; those on texts get it without the text that they are about."""
    if task == "sentiment":
        return sentiment.RECIPE
    if task in {"prose", "code"}:
        kind = {"prose": prose.Prose, "code": code.Code}[task]
        splits = dict.fromkeys(("train", "validation", "test"), "a line of text\n" * 200)
        return kind(splits, "", []).recipe(cell)  # type: ignore[arg-type]
    return tasks.load(task, folder, pytest.fail).recipe(cell)  # type: ignore[arg-type]


def section(text: str, title: str) -> str:
    """A section of a card."""
    match = re.search(rf"^## {title}\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


@pytest.mark.parametrize("model", SHIPPED, ids=[model.id for model in SHIPPED])
def test_a_task_still_has_the_recipe_that_its_models_were_trained_with(model: Model, tmp_path: Path) -> None:
    text = (model.folder / "README.md").read_text(encoding="utf-8")
    network = model.config.network
    recipe = recipe_of(model.config.task, network.cell, tmp_path)
    changes = re.findall(r"^gatescope train .*?--(chrono|forget-bias) (\S+)$", text, re.MULTILINE)
    recipe = replace(recipe, **{name.replace("-", "_"): float(value) for name, value in changes})
    recipe = replace(recipe, chrono=int(recipe.chrono))
    cell = network.cell_definition
    of_cell = {"keeping_gate": cell.open_gate, "has_recurrent_weights": cell.has_recurrent_weights}
    today = card(facts(network=asdict(network), recipe=asdict(recipe), **of_cell))
    assert section(today, "How it was trained") == section(text, "How it was trained")
    assert model.config.start is not None
    assert [getattr(recipe, each.name) for each in fields(Start)] == [
        getattr(model.config.start, each.name) for each in fields(Start)
    ]


@pytest.mark.parametrize("model", GENERATED, ids=[model.id for model in GENERATED])
def test_what_a_card_says_about_generated_data_is_what_their_task_says(model: Model, tmp_path: Path) -> None:
    text = (model.folder / "README.md").read_text(encoding="utf-8")
    today = card(facts(facts=tasks.load(model.config.task, tmp_path, pytest.fail).facts()))
    assert section(today, "Data and recipe") == section(text, "Data and recipe")
