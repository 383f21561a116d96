"""The first screen as the server paints it, into the page and as a fragment: each form, whole, exact and escaped."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from gatescope.main import create_app
from gatescope.settings import Settings
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from hostile import HOSTILE
from networks import random_network
from serving import HIDDEN, LETTERS, client
from starlette.testclient import TestClient

from .embedded import notice

SHIPPED = Path(__file__).parents[2] / "models"
NOT_GOOD = "the movie was not good"
SCRIPTS = 4  # elements of a page, without the numbers of its pictures


@pytest.fixture(scope="module")
def shipped() -> TestClient:
    """A client of the application over the shipped models."""
    return TestClient(create_app(Settings(models=SHIPPED)))


def fragment(site: TestClient, model: str = "lstm", text: str = NOT_GOOD, **look: Any) -> ElementTree.Element:
    """Return the first screen of a look; its root holds a section for each picture."""
    response = site.post("/first-screen", json={"model": model, "text": text, **look})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["cache-control"] == "no-store"
    return ElementTree.fromstring(f"<root>{response.text}</root>")


def numbers(root: ElementTree.Element) -> list[dict[str, Any]]:
    """Return the numbers of each network."""
    told = [json.loads(each.text or "") for each in root.iter("script")]
    return [each for part in told for each in (part if isinstance(part, list) else [part])]


def of_class(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [each for each in root.iter() if kind in (each.get("class") or "").split()]


def texts(root: ElementTree.Element) -> str:
    return " ".join("".join(root.itertext()).replace("\u202f", " ").replace("−", "-").split())


def sections(page: str) -> int:
    return len(re.findall(r'<section class="first-screen', page))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def bands(name: str, text: str, held: dict[int, float] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return amounts (T, T), pushes (T, T) and logits (T,) of a shipped LSTM of one layer, by a loop in float64.

    ``held``: at which step the input gate is what.
    """
    model = load_model(SHIPPED / name)
    weights, head = model.network.weights(0, "forward"), model.network.head
    w, u, b, b2, w_out, b_out = (
        each.detach().double().numpy()
        for each in (weights.w_ih, weights.w_hh, weights.b_ih, weights.b_hh, head.weight, head.bias)
    )
    x = model.network.embedding.weight.detach().double().numpy()[[token.id for token in model.tokenizer(text)]]
    steps, size = len(x), u.shape[1]
    h, parts = np.zeros(size), np.zeros((steps, size))
    amounts, pushes, logits = np.zeros((steps, steps)), np.zeros((steps, steps)), np.zeros(steps)
    for t in range(steps):
        i, f, g, o = np.split(w @ x[t] + u @ h + b + b2, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        i = np.full(size, held[t]) if held and t in held else i
        parts *= f
        parts[t] = i * g
        c = parts.sum(axis=0)
        h = o * np.tanh(c)
        amounts[t] = np.abs(parts).sum(axis=1)
        pushes[t] = (parts * o * np.tanh(c) / c) @ w_out[0]
        logits[t] = h @ w_out[0] + b_out[0]
    return amounts, pushes, logits


@pytest.mark.parametrize("text", [NOT_GOOD, "the acting was terrible but the story was wonderful"])
@pytest.mark.parametrize("held", [None, {3: 0.0}])
def test_its_numbers_are_those_of_a_loop_over_the_equations(
    shipped: TestClient, text: str, held: dict[int, float] | None
) -> None:
    amounts, pushes, logits = bands("sentiment-lstm", text, held)
    [told] = numbers(fragment(shipped, "sentiment-lstm", text, edits="i@3=0" if held else "", width=1320))
    np.testing.assert_allclose(told["verdict"]["values"], sigmoid(logits), atol=1e-4)
    np.testing.assert_allclose(told["verdict"]["logits"], logits, atol=1e-3)
    for t in range(len(logits)):
        np.testing.assert_allclose(told["amounts"][t][: t + 1], amounts[t, : t + 1], atol=1e-3)
        np.testing.assert_allclose(told["pushes"][t][: t + 1], pushes[t, : t + 1], atol=1e-3)
    new = amounts.diagonal() / amounts.sum(axis=1)
    np.testing.assert_allclose(told["new"], new, atol=1e-3)
    remaining = (amounts.sum(axis=1) - amounts.diagonal())[1:] / amounts.sum(axis=1)[:-1]
    np.testing.assert_allclose(np.array(told["remaining"][1:], float), remaining, atol=1e-3)


def test_one_model_has_a_finding_a_picture_a_cell_and_lines(shipped: TestClient) -> None:
    root = fragment(shipped, "sentiment-lstm", width=1320, height=600)
    assert len(of_class(root, "first-screen")) == 1
    assert "“not”" in texts(of_class(root, "finding")[0])
    assert len(of_class(root, "lines")[0]) == len(NOT_GOOD.split())
    assert {each.get("name") for each in root.iter("input") if each.get("type") == "range"} == set("ifo")
    links = [each for each in root.iter("a") if each.get("data-t")]
    assert [each.get("data-t") for each in links] == list("01234")
    assert links[3].get("href") == "?model=sentiment-lstm&text=the+movie+was+not+good&step=3"


@pytest.mark.parametrize(("width", "forms"), [(None, 3), (1320, 1), (390, 1)])
def test_a_known_width_has_one_form(api: TestClient, width: int | None, forms: int) -> None:
    root = fragment(api, **({} if width is None else {"width": width}))
    drawn = [
        each
        for each in of_class(root, "drawn")[0]
        if {"wide", "medium", "narrow"} & set((each.get("class") or "").split())
    ]
    assert len(drawn) == forms


@pytest.mark.parametrize(("name", "least", "most"), [("width", 200, 4000), ("height", 300, 1600)])
def test_sizes_are_bounded(api: TestClient, name: str, least: int, most: int) -> None:
    for size in (least, most):
        fragment(api, **{name: size})
    for size in (least - 1, most + 1, "wide"):
        response = api.post("/first-screen", json={"model": "lstm", "text": "good", name: size})
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["errors"][0]["where"] == name
        page = api.get("/", params={"text": "good", name: str(size)}).text
        assert notice(page) == f"The address says {name}={size}, which means nothing here."
        assert sections(page) == 1


def test_cells_compared_stand_on_one_axis(api: TestClient) -> None:
    root = fragment(api, compare="cells", width=1320)
    [section] = of_class(root, "first-screen")
    assert "compared" in (section.get("class") or "").split()
    told = numbers(root)
    assert [each["label"] for each in told] == ["LSTM", "BOTH-WAYS", "RNN"]
    assert len({each["scale"] for each in told}) == 1
    assert not of_class(root, "cell")


def test_two_texts_have_a_picture_each_and_one_scale(api: TestClient) -> None:
    root = fragment(api, compare="text", other="not bad but good", edits="i@1=0", width=1320)
    assert len(of_class(root, "first-screen")) == 2
    first, second = numbers(root)
    assert (first["words"], second["words"]) == (NOT_GOOD.split(), ["not", "bad", "but", "good"])
    assert first["scale"] == second["scale"]
    assert not of_class(root, "cell"), "there is no room for it next to two"
    held = [[row["held"] for row in each["rows"] if row["letter"] == "i"] for each in (first, second)]
    assert held == [[[1]], [[]]], "edits are of the first text"
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert [each.text for each in of_class(root, "whose")] == [NOT_GOOD, "not bad but good"]
    [finding] = of_class(root, "finding")
    assert texts(finding).endswith(".")


def test_a_column_of_two_texts_is_a_pair_of_their_words(api: TestClient) -> None:
    root = fragment(api, text="the movie was good", compare="text", other=NOT_GOOD, step=4, width=1320)
    assert [each.get("data-chosen") for each in of_class(root, "first-screen")] == ["3", "4"]
    first, second = of_class(root, "links")
    assert [(each.get("href") or "").endswith("&step=4") for each in first] == [False, False, False, True]
    assert [(each.get("href") or "").endswith("&step=3") for each in second] == [False, False, False, True, False]
    root = fragment(api, text="the movie was good", compare="text", other=NOT_GOOD, width=1320)
    assert [each.get("data-chosen") for each in of_class(root, "first-screen")] == [None, "3"], "the word that differs"


@pytest.mark.parametrize("texts_", [(NOT_GOOD, "the movie was good"), ("good bad " * 6, "bad good " * 6)])
def test_both_texts_are_in_sight_at_once(api: TestClient, texts_: tuple[str, str]) -> None:
    first, second = texts_
    root = fragment(api, text=first, compare="text", other=second, width=1320, height=680)
    heights = [float(each.get("height") or "") for each in of_class(root, "chart")]
    assert len(heights) == 2
    assert sum(heights) < 680 - 2 * 30, "there is room for a title over each, and a line below it"
    assert not of_class(root, "gates")


@pytest.mark.parametrize(
    ("edits", "where"),
    [
        ("", [None] * 5),
        ("i@3=0", [None, None, None, "here", None]),
        ("f=1", ["everywhere"] * 5),
        ("f=1;i@3=0", [*["everywhere"] * 3, "here", "everywhere"]),
        ("i@3=0;f=1", ["everywhere"] * 5),
        ("i[2]@3=0;f@1:scale=0.5", [None] * 5),
    ],
)
def test_the_panel_says_where_the_edit_in_force_holds_a_gate(
    shipped: TestClient, edits: str, where: list[str | None]
) -> None:
    for step, expected in enumerate(where):
        root = fragment(shipped, "sentiment-lstm", edits=edits, step=step, width=1320)
        [checked] = (each.get("value") for each in root.iter("input") if each.get("checked") is not None)
        assert checked == (expected or "here")
        assert numbers(root)[0]["where"] == where


def test_an_edit_does_not_change_which_unit_is_shown(shipped: TestClient) -> None:
    plain, edited = (
        [each["unit"] for each in numbers(fragment(shipped, "sentiment-lstm", edits=edits, width=1320))[0]["panel"]]
        for edits in ("", "i@3=0")
    )
    assert edited == plain
    root = fragment(shipped, "sentiment-lstm", edits="i@3=0", step=4, width=1320)
    [panel] = of_class(root, "cell")
    assert panel.get("data-unit") == str(plain[4])
    assert "its push changes most without your change" in texts(panel)


def test_a_word_that_is_gone_carries_the_mark_of_the_finding(shipped: TestClient) -> None:
    root = fragment(shipped, "sentiment-lstm", edits="i@3=0", width=1320)
    [finding] = of_class(root, "finding")
    assert "Nothing is written at “not” now." in texts(finding)
    [chart] = of_class(root, "chart")
    [hollow] = of_class(chart, "hollow")
    assert hollow.text == "not"
    _, mark = (each for each in of_class(chart, "mark") if each.tag == "svg")
    assert mark.get("x") == hollow.get("x")
    [circle] = mark.iter("circle")
    assert 0 < float(hollow.get("y") or "") - float(circle.get("cy") or "") < 1.5 * float(hollow.get("font-size") or "")
    root = fragment(shipped, "sentiment-lstm", edits="i@3=0", width=360)
    [line] = (each for each in root.iter("tbody") if each.get("data-t") == "3")
    assert texts(line).endswith("2not"), "on a phone too"
    assert numbers(root)[0]["spots"][1] == {"kind": "band", "step": 3, "column": 3, "verb": ""}


def test_a_long_text_is_shown_from_its_start_on(models: Path) -> None:
    site, text = client(models, max_text=10_000), " ".join(["good bad not"] * 200)
    [told] = numbers(fragment(site, text=text, width=1320))
    assert len(told["words"]) == 500
    assert "pushes" not in told
    root = fragment(site, text=text, start=590, step=595, width=1320)
    [told] = numbers(root)
    assert told["words"] == text.split()[590:]
    assert of_class(root, "first-screen")[0].get("data-chosen") == "5"
    columns = [each for each in root.iter("a") if each.get("data-t")]
    assert columns[2].get("href", "").endswith("&step=592&start=590")
    whole = site.post("/api/v1/models/lstm/traces", json={"text": text}).json()["outputs"]["values"]
    np.testing.assert_allclose(told["verdict"]["values"], np.array(whole)[590:, 0], atol=1e-4)


@pytest.mark.parametrize(("layer", "direction"), [(0, "forward"), (1, "backward"), (2, "forward"), (3, "backward")])
def test_a_layer_is_chosen_by_its_place(api: TestClient, layer: int, direction: str) -> None:
    root = fragment(api, "both-ways", layer=layer, step=2, width=1320)
    [told] = numbers(root)
    assert told["direction"] == direction
    assert ("pushes" in told) is (layer > 1), "only the last layer has shares"
    rows = api.post("/api/v1/models/both-ways/traces", json={"text": NOT_GOOD}).json()["layers"][layer]["activations"]
    [z] = [row["means"] for row in told["rows"] if row["letter"] == "z" and not row["complement"]]
    np.testing.assert_allclose(z, np.mean(rows["z"], axis=1), atol=1e-4)
    if layer == 2:
        assert numbers(fragment(api, "both-ways", width=1320))[0]["rows"] == told["rows"], "the last layer if none is"


def test_a_step_and_a_unit_are_shown(api: TestClient) -> None:
    a = api.post("/api/v1/models/lstm/traces", json={"text": NOT_GOOD}).json()["layers"][0]["activations"]
    root = fragment(api, step=1, unit=4, width=1320)
    [cell] = of_class(root, "cell")
    assert (cell.get("data-t"), cell.get("data-unit"), cell.get("data-units")) == ("1", "4", str(HIDDEN))
    written = {
        each.get("data-of"): each.text.replace("−", "-").split()[-1]
        for each in of_class(cell, "figure")
        if each.text is not None
    }
    values = {letter: a[letter][1][4] for letter in "ifgoch"} | {"c-": a["c"][0][4], "h-": a["h"][0][4]}
    values |= {"f·c": values["f"] * values["c-"], "i·g": values["i"] * values["g"], "tanh c": np.tanh(values["c"])}
    assert written.keys() == values.keys()
    for name, value in values.items():
        assert float(written[name]) == pytest.approx(value, abs=0.00501), name


def test_a_plain_rnn_shows_the_sum_that_its_state_is_the_tanh_of(api: TestClient) -> None:
    options = {"text": NOT_GOOD, "pre_activations": True}
    a = api.post("/api/v1/models/rnn/traces", json=options).json()["layers"][0]["activations"]
    [cell] = of_class(fragment(api, "rnn", step=3, unit=2, width=1320), "cell")
    [figure] = [each.text for each in of_class(cell, "figure") if each.get("data-of") == "a"]
    assert figure is not None
    assert float(figure.replace("−", "-").split()[-1]) == pytest.approx(a["a_h"][3][2], abs=0.00501)


@pytest.mark.parametrize(
    ("cell", "signs", "without"),
    [
        ({"cell": "rnn", "nonlinearity": "relu"}, {"relu"}, {"tanh"}),
        ({"cell": "rnn"}, {"tanh"}, {"relu"}),
        ({"cell": "gru", "reset_after": False}, {"σ", "⊙"}, {"U"}),
        ({"cell": "gru"}, {"σ", "⊙", "U"}, {"relu"}),
    ],
)
def test_a_circuit_is_that_of_the_variant_of_the_cell(
    tmp_path: Path, cell: dict[str, Any], signs: set[str], without: set[str]
) -> None:
    network = random_network(**cell, vocabulary_size=4, outputs=1)
    about = {"title": "V", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "variant", network, LETTERS, about)
    root = fragment(client(tmp_path, default_model="variant"), "variant", "abba", width=1320)
    drawn = {texts(each) for kind in ("layer", "operator") for each in of_class(root, kind)}
    assert signs <= drawn
    assert not without & drawn
    [key] = of_class(root, "key")
    assert {texts(each) for each in key.iter("dt")} == (drawn - {"1-"}) | {"●"}


@pytest.mark.parametrize(("head", "outputs"), [("sigmoid", 3), ("softmax", 3), ("softmax", 1)])
def test_outputs_without_a_verdict_have_no_pushes(tmp_path: Path, head: str, outputs: int) -> None:
    network = random_network(cell="lstm", vocabulary_size=4, outputs=outputs, head=head)
    names = ["a", "b", " "][:outputs]
    about = {"title": "V", "task": "t", "description": "d", "outputs": names, "licence": "MIT"}
    save_model(tmp_path / "counts", network, LETTERS, about)
    site = client(tmp_path, default_model="counts")
    for look in ({}, {"layer": 0}, {"edits": "i@1=0"}):
        [told] = numbers(fragment(site, "counts", "abba", width=1320, **look))
        assert "amounts" in told
        assert not {"pushes", "verdict"} & told.keys()


def test_edits_leave_an_outline_and_can_be_undone(shipped: TestClient) -> None:
    root = fragment(shipped, "sentiment-lstm", edits="i@3=0", step=3, width=1320)
    plain = shipped.post("/api/v1/models/sentiment-lstm/traces", json={"text": NOT_GOOD}).json()["outputs"]["values"]
    edits = [{"letter": "i", "steps": [3], "hold": 0}]
    body = {"text": NOT_GOOD, "edits": edits}
    edited = shipped.post("/api/v1/models/sentiment-lstm/traces", json=body).json()["outputs"]["values"]
    assert f"{edited[-1][0]:.2f}, without your change {plain[-1][0]:.2f}" in texts(of_class(root, "finding")[0])
    assert of_class(root, "ghost")
    assert [each.text for each in of_class(root, "hollow")] == ["not"]
    [undo] = of_class(root, "undo")
    assert undo.get("href") == "?model=sentiment-lstm&text=the+movie+was+not+good&step=3"
    off = fragment(shipped, "sentiment-lstm", edits="!i@3=0", width=1320)
    assert not of_class(off, "ghost")


def test_the_experiment_is_the_word_whose_not_being_written_moves_the_verdict_most(shipped: TestClient) -> None:
    root = fragment(shipped, "sentiment-lstm", width=1320)
    [experiment] = of_class(root, "experiment")
    assert texts(experiment) == "Stop it remembering “not”"
    finals = []
    for step in range(5):
        edits = [{"letter": "i", "steps": [step], "hold": 0}]
        body = {"text": NOT_GOOD, "edits": edits}
        finals.append(
            shipped.post("/api/v1/models/sentiment-lstm/traces", json=body).json()["outputs"]["values"][-1][0]
        )
    plain = shipped.post("/api/v1/models/sentiment-lstm/traces", json={"text": NOT_GOOD}).json()["outputs"]["values"]
    assert int(np.argmax(np.abs(np.array(finals) - plain[-1][0]))) == 3
    assert experiment[0].get("href") == "?model=sentiment-lstm&text=the+movie+was+not+good&edits=i%403%3D0&step=3"


@pytest.mark.parametrize("model", ["sentiment-lstm", "sentiment-gru", "anbn-lstm"])
@pytest.mark.parametrize(
    "text",
    [
        NOT_GOOD,
        "<b>not</b> good & “bad” שלום 😀",
        "not good, not bad, just boring",
        "never a dull moment",
        "aaaaabbbbb",
        "aabb",
    ],
)
def test_a_word_that_the_finding_does_not_name_comes_with_its_reason(
    shipped: TestClient, model: str, text: str
) -> None:
    loaded = load_model(SHIPPED / model)
    root = fragment(shipped, model, text, width=1320)
    letter, value = ("z", 1.0) if model.endswith("gru") else ("i", 0.0)
    output = 2 if model == "anbn-lstm" else 0
    plain = loaded.trace(text)
    ends = np.array(
        [
            loaded.trace(text, [{"letter": letter, "steps": [t], "hold": value}]).outputs[-1, output]
            for t in range(len(plain))
        ]
    )
    moved = np.abs(ends - plain.outputs[-1, output])
    if moved.max() < 0.1:
        assert not of_class(root, "experiment")
        return
    [experiment] = of_class(root, "experiment")
    [finding] = of_class(root, "finding")
    words = [token.text for token in plain.tokens]
    named = (experiment[0].text or "").removeprefix("Stop it remembering ")
    places = [t for t, word in enumerate(words) if f"“{word}”" in named]
    t = max(places, key=moved.__getitem__) if len(places) > 1 else places[0]
    assert moved[t] >= moved.max() - 0.0051
    reasons = [texts(each) for each in experiment if each.tag == "small"]
    if named.lower() in texts(finding).lower():
        assert reasons == []
        return
    [reason] = reasons
    assert f"the verdict ends at {ends[t]:.2f}, not {plain.outputs[-1, output]:.2f}" in reason
    lead = moved[t] - np.delete(moved, t).max()
    assert ("matters as much" in reason) is bool(lead >= 0.02)
    assert len(reason.split()) <= 25


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("sentiment-rnn", NOT_GOOD),  # no path of memory
        ("prose-lstm", "It is"),  # no single verdict
        ("sentiment-lstm", "good " * 61),  # too many words
        ("sentiment-lstm", "the"),  # nothing moves much
    ],
)
def test_there_is_no_experiment_where_it_would_tell_nothing(shipped: TestClient, model: str, text: str) -> None:
    assert not of_class(fragment(shipped, model, text, width=1320), "experiment")


@pytest.mark.parametrize("text", ["", " ", "\u3000\n", "\u200b"])
def test_a_blank_text_gives_an_invitation_with_examples_as_links(shipped: TestClient, text: str) -> None:
    root = fragment(shipped, "sentiment-gru", text, step=3, edits="z@3=1", width=1320)
    assert not of_class(root, "first-screen")
    assert texts(root).startswith("Type a sentence above, or open an example:")
    examples = load_model(SHIPPED / "sentiment-gru").config.examples[:3]
    links = list(root.iter("a"))
    assert [each.text for each in links] == examples
    for link, example in zip(links, examples, strict=True):
        page = shipped.get(f"/{link.get('href')}").text
        assert sections(page) == 1
        assert (notice(page), dict(parse_qsl((link.get("href") or "")[1:]))) == (
            "",
            {"model": "sentiment-gru", "text": example},
        )
    page = shipped.get("/", params={"model": "sentiment-gru", "text": text}).text
    assert page.count('class="invitation"') == 1
    assert notice(page) == ""


def test_a_text_over_the_limit_is_no_invitation(models: Path) -> None:
    page = client(models, max_text=50).get("/", params={"text": " " * 51}).text
    assert 'class="invitation"' not in page


def test_of_two_texts_of_which_the_second_is_blank_the_first_is_shown(api: TestClient) -> None:
    assert sections(api.get("/", params={"text": NOT_GOOD, "compare": "text"}).text) == 1
    assert 'class="invitation"' in api.get("/", params={"text": "", "compare": "text", "other": NOT_GOOD}).text


@pytest.mark.parametrize(
    ("model", "text", "is_told"),
    [
        ("sentiment-lstm", "zqxv wvqz", True),
        ("sentiment-lstm", "zqxv, 5 !", True),
        ("sentiment-lstm", "zqxv good", False),
        ("sentiment-lstm", "!", False),
        ("prose-lstm", "Жф", False),
    ],
)
def test_a_text_of_words_that_are_all_unknown_is_called_so_with_examples(
    shipped: TestClient, model: str, text: str, is_told: bool
) -> None:
    notes = of_class(fragment(shipped, model, text, width=1320), "unread")
    assert len(notes) == is_told
    for note in notes:
        assert texts(note).startswith("Open an example:")
        assert len(list(note.iter("a"))) == 3


@pytest.mark.parametrize(
    ("look", "status", "what"),
    [
        ({"model": "nope", "text": "good"}, 404, "There is no model 'nope'"),
        ({"model": "lstm", "text": "good", "compare": "text"}, 422, "The text has no word to trace"),
        ({"model": "lstm", "text": "a" * 51}, 413, "The text has 51 characters"),
        ({"model": "lstm", "text": "good", "start": 9}, 422, "start"),
        ({"model": "lstm", "text": "good", "edits": "i@3"}, 422, "'i@3' has no value"),
        ({"model": "lstm", "text": "good", "edits": "i@7=0"}, 422, "edits"),
        ({"model": "lstm", "text": "good", "edits": "5.i=0"}, 422, "edits"),
        ({"model": "lstm", "text": "good", "step": -1}, 422, "step"),
        ({"model": "lstm", "text": 5}, 422, "text"),
        ([], 422, "body: must be a JSON object"),
    ],
)
def test_what_is_wrong_is_a_problem(models: Path, look: Any, status: int, what: str) -> None:
    response = client(models, max_text=50).post("/first-screen", json=look)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert what in response.json()["detail"]


def test_numbers_that_overflow_are_a_problem(tmp_path: Path) -> None:
    """Each step of this relu RNN makes h 1e5 times as large, so that it leaves float32 at the eighth."""
    network = random_network(
        cell="rnn", nonlinearity="relu", vocabulary_size=4, hidden_size=2, embedding_size=1, outputs=1, bias=False
    )
    with torch.no_grad():
        network.embedding.weight.fill_(1)
        network.weights(0, "forward").w_ih.fill_(1)
        network.weights(0, "forward").w_hh.copy_(1e5 * torch.eye(2))
    about = {"title": "R", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "relu", network, LETTERS, about)
    site = client(tmp_path, default_model="relu")
    for text in ("ababab", "abababa"):  # h² leaves float32 long before h
        page = site.get("/", params={"text": text}).text
        assert (sections(page), notice(page)) == (1, "")
    response = site.post("/first-screen", json={"model": "relu", "text": "ab" * 9})
    assert response.status_code == 422
    assert "leaves the range of float32" in response.json()["detail"]
    page = site.get("/", params={"text": "ab" * 9}).text
    assert sections(page) == 0
    assert "leaves the range of float32" in notice(page)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"step": "99"}, "step=99"),
        ({"unit": "7"}, "unit=7"),
        ({"layer": "1"}, "layer=1"),
        ({"step": "-3", "layer": "x"}, "layer=x, step=-3"),
        ({"edits": "i@3"}, "edits=i@3"),
        ({"unit": "70", "step": "x"}, "step=x, unit=70"),
    ],
)
def test_fields_of_an_address_that_make_no_sense_are_named_and_ignored(
    api: TestClient, query: dict[str, str], named: str
) -> None:
    page = api.get("/", params={"text": NOT_GOOD, **query}).text
    assert notice(page) == f"The address says {named}, which means nothing here."
    plain = api.get("/", params={"text": NOT_GOOD}).text
    [shown, expected] = [
        re.findall(r'<div id="first-screen">(.*?)<div class="legend"', each, re.DOTALL) for each in (page, plain)
    ]
    assert shown == expected


@pytest.mark.parametrize("query", [{"edits": "i@7=0"}, {"edits": "5.i=0"}, {"start": "9"}])
def test_edits_and_a_start_that_do_not_fit_are_named_and_ignored(api: TestClient, query: dict[str, str]) -> None:
    page = api.get("/", params={"text": NOT_GOOD, **query}).text
    assert sections(page) == 1
    assert next(iter(query)) in notice(page)
    assert 'class="undo"' not in page


def test_edits_of_a_gate_that_a_cell_does_not_have_are_left_out_of_it(api: TestClient) -> None:
    told = numbers(fragment(api, compare="cells", edits="i@1=0", width=1320))
    assert [row["held"] for row in told[0]["rows"]].count([1]) == 1
    assert not any(row["held"] for each in told[1:] for row in each["rows"])


class Tags(HTMLParser):
    """The tags of a page and their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.places: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.places += [value or "" for name, value in attrs if name in ("href", "src", "action", "formaction")]


@pytest.fixture(scope="module")
def harmless(api: TestClient) -> Tags:
    """Pages of harmless texts, one after the other."""
    options: list[dict[str, str]] = [{}, {"compare": "text", "other": "good"}, {"text": "good xyz " * 20}]
    return Tags("".join(api.get("/", params={"text": NOT_GOOD, **each}).text for each in options))


def is_handler(name: str) -> bool:
    """Whether an attribute runs or styles something."""
    return name.startswith("on") or name in ("style", "srcdoc", "formaction")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_texts_are_escaped_wherever_they_stand(api: TestClient, harmless: Tags, hostile: str) -> None:
    text = f"{hostile} good"
    page = Tags(api.get("/", params={"text": text, "compare": "text", "other": text}).text)
    own = Tags(api.post("/first-screen", json={"model": "lstm", "text": text, "width": 1320}).text)
    for each in (page, own):
        assert set(each.tags) <= set(harmless.tags)
        assert not {*filter(is_handler, each.attributes)}
        assert all(place.startswith(("/", "?", "#")) and not place.startswith("//") for place in each.places)
    assert (page.tags.count("script"), own.tags.count("script")) == (SCRIPTS + 2, 1)
    [told] = numbers(fragment(api, text=text, width=1320))
    assert len(told["words"]) == len(api.post("/api/v1/models/lstm/traces", json={"text": text}).json()["tokens"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_field_of_an_address_is_named_as_text(api: TestClient, harmless: Tags, hostile: str) -> None:
    query = dict.fromkeys(("model", "compare", "step", "edits", "width"), hostile)
    page = Tags(api.get("/", params={"text": NOT_GOOD, **query}).text)
    assert set(page.tags) <= set(harmless.tags)
    assert not {*filter(is_handler, page.attributes)}
    assert page.tags.count("script") == SCRIPTS + 1


@pytest.mark.parametrize("field", ["model", "text", "compare", "other", "edits"])
def test_a_lone_surrogate_is_refused(api: TestClient, field: str) -> None:
    value = '@0:swap="\\ud800"' if field == "edits" else "good \ud800"
    body = json.dumps({"model": "lstm", "text": "good", "compare": "text", "other": "bad", field: value})
    response = api.post("/first-screen", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 422
    assert "lone surrogate" in response.json()["detail"]


def test_the_page_holds_the_picture_of_its_address(api: TestClient) -> None:
    page = api.get("/", params={"text": NOT_GOOD, "step": "2"}).text
    whole = api.post("/first-screen", json={"model": "lstm", "text": NOT_GOOD, "step": 2}).text
    assert f'<div id="first-screen">{whole}</div>' in page
    assert sections(api.get("/?text=").text) == 0
    assert sections(api.get("/", params={"text": NOT_GOOD, "compare": "text", "other": "bad"}).text) == 2
