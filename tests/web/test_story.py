"""The tour says what the shipped models do: every number in it is held to them."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import torch
from gatescope.main import create_app
from gatescope.recurrent.memory import distance, timescales
from gatescope.recurrent.memory.altered import untrained, with_recurrence
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network
from gatescope.recurrent.trace import ENGINES, Engine, trace
from gatescope.settings import Settings
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.training.trainer import fresh
from serving import client
from starlette.testclient import TestClient


def start_of(model: Model) -> Network:
    """What the training run of a model began with."""
    assert model.config.start
    assert model.config.seed is not None
    with torch.random.fork_rng():
        return fresh(model.config.network, model.config.start, model.config.seed).eval().requires_grad_(False)


MODELS = Path(__file__).parents[2] / "models"
UNTRAINED: dict[str, Callable[[Model], Network]] = {
    "untrained": lambda model: untrained(model.config.network, 0),
    "untrained, as it started": start_of,
}
DATA = re.compile(r"<data ([^>]*)>([^<]*)</data>")


@pytest.fixture(scope="module")
def tour() -> str:
    page = TestClient(create_app(Settings())).get("/").text
    return page[page.index('<section id="tour"') : page.index('<dialog id="help"')]


def claims(tour: str) -> list[tuple[dict[str, str], str]]:
    return [
        ({name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', attributes)}, shown)
        for attributes, shown in DATA.findall(tour)
    ]


def test_every_number_is_marked_and_right(tour: str) -> None:
    marked = claims(tour)
    assert len(marked) > 30
    bare = re.sub(r"<h2>.*?</h2>|<[^>]*>", "", DATA.sub("", tour), flags=re.DOTALL)
    assert set(re.findall(r"[\d.,]*\d", bare)) <= {"0", "1", "5", "7", "9", "39"}, "a number that nothing holds"
    for claim, shown in marked:
        model = load_model(MODELS / claim.get("data-model", claim.get("data-parameters", "")))
        if "data-memory" in claim:
            assert {hold(claim, html.unescape(shown), engine) for engine in ENGINES} == {True}, claim
            continue
        if "data-metric" in claim:
            [metric] = [each for each in model.config.metrics if each.name == claim["data-metric"]]
            assert shown == f"{100 * metric.value:.0f}", claim
            continue
        if "data-parameters" in claim:
            assert shown == f"{sum(each.numel() for each in model.network.recurrent.parameters()):,}"
            continue
        traced, step, letter = model.trace(claim["data-text"]), int(claim["data-step"]), claim["data-letter"]
        if letter == "y":
            value = traced.outputs[step, 0]
        elif "data-unit" in claim:
            value = traced.layer()[letter][step, int(claim["data-unit"])]
        else:
            row = traced.layer()[letter][step]
            gate = letter in model.config.network.cell_definition.gates
            value = row.mean() if gate else np.linalg.norm(row)
        assert shown == f"{value:.2f}".replace("-", "−"), claim


def hold(claim: dict[str, str], shown: str, engine: Engine) -> bool:
    """Whether a claim of a median norm holds where ``engine`` rounds the states."""
    model = load_model(MODELS / claim["data-model"])
    network, tokens = model.network, model.tokenizer(claim["data-text"])
    if claim.get("data-weights", "trained") != "trained":
        network = UNTRAINED[claim["data-weights"]](model)
    network = with_recurrence(network, float(claim.get("data-alpha", 1)))
    [(_, jacobians)] = layer_jacobians(network, trace(network, tokens, engine=engine))
    medians = timescales.by_distance(distance.norms(jacobians, "input"))
    norm = 10 ** medians[int(claim["data-distance"])]
    if "data-at-least" in claim:
        least = float(claim["data-at-least"])
        return norm >= least and shown == f"10{raised(f'{least:.0e}'.split('e')[1])}"
    mantissa, exponent = f"{norm:.1e}".split("e")
    written = f"{norm:.2g}" if -3 <= int(exponent) < 4 else f"{mantissa} · 10{raised(exponent)}"
    return shown == written


def raised(exponent: str) -> str:
    """An exponent of Python's as the page writes it."""
    return exponent.lstrip("+").replace("0", "", 1).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def test_words_of_the_claims_are_true() -> None:
    turn, models = "the acting was terrible but the story was wonderful", {}
    for cell in ("lstm", "gru", "rnn"):
        models[cell] = load_model(MODELS / f"sentiment-{cell}").trace(turn)
    h = models["rnn"].layer()["h"]
    assert (np.diff(np.sign(h[3:8, 7])) != 0).all(), "unit 7 changes its sign at every word from terrible to was"
    assert models["lstm"].layer()["f"].mean(axis=1).argmin() == 4, "the forget gates are lowest at but"
    reset = models["gru"].layer()["r"].mean(axis=1)
    assert reset[4] < 0.35 < 0.5 < reset[3], "the reset gates fall at but"
    count = load_model(MODELS / "anbn-lstm").trace("aaaaabbbbb").layer()["c"][:, 9]
    assert (np.abs(np.abs(np.diff(count)) - 1) < 0.01).all(), "unit 9 counts by ones"
    opening = load_model(MODELS / "sentiment-lstm").trace("the movie was not good").layer()["i"].mean(axis=1)
    assert opening[:3].max() < 0.5


def test_links_lead_to_models_and_steps_that_exist(tour: str) -> None:
    site = client(MODELS, default_model="sentiment-lstm")
    links = [html.unescape(link) for link in re.findall(r'(?:href|data-drive)="(/[^"]+)"', tour)]
    assert len(links) > 20
    for link in dict.fromkeys(links):
        parts = urlsplit(link)
        answer = site.get("/", params=parse_qs(parts.query, keep_blank_values=True))
        assert 'role="alert"></span>' in answer.text, link
        query, pinned = parse_qs(parts.query), parse_qs(parts.fragment)
        model = load_model(MODELS / query["model"][0])
        if "step" in pinned:
            assert int(pinned["step"][0]) < len(model.tokenizer(query["text"][0])), link
            assert int(pinned["unit"][0]) < model.config.network.hidden_size, link


def test_tour_is_not_offered_without_its_models(models: Path) -> None:
    assert re.search(r'id="start-tour" hidden', client(models).get("/").text)
