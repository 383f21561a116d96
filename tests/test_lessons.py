"""What docs/memory.md says of vanishing and exploding, by automatic differentiation of the published equations."""

import random
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from documentation import read
from gatescope.recurrent.network import Network
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.training.trainer import fresh
from gradients import half_life, medians

ROOT = Path(__file__).parents[1]
CELLS = ("rnn", "gru", "lstm")
SENTENCE = "It is a truth universally acknowledged, that a single man"
DISTANCE = 40
NOISE = "abcdefghijklmnopqrstuvwxyz"


def model(name: str) -> Model:
    return load_model(ROOT / "models" / name)


def ids(of: Model, text: str) -> list[int]:
    return [token.id for token in of.tokenizer(text)]


def excerpts() -> list[str]:
    text = (ROOT / "tests" / "data" / "prose.txt").read_text(encoding="utf-8")
    return [text[400 * at : 400 * at + 100] for at in range(25)]


def flags(distance: int, count: int, seed: int) -> Iterator[tuple[str, bool]]:
    """Texts of the flag task, and whether the flag was a plus."""
    chosen = random.Random(seed)
    for at in range(count):
        yield "-+"[at % 2] + "".join(chosen.choices(NOISE, k=distance - 1)) + "?", at % 2 == 1


@cache
def row(start: str) -> list[str]:
    """The cells after the first of the row of a table in docs/memory.md that begins so."""
    page = read("docs/memory.md")
    [line] = [line for line in page.splitlines() if line.startswith(f"| {start}")]
    return [each.strip() for each in line.strip("| ").split("|")[1:]]


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-")) for each in re.findall(r"[-−]?\d+(?:\.\d+)?(?:e[-+]\d+)?", text)]


def quartiles(values: list[float]) -> list[float]:
    return [float(each) for each in np.percentile(values, [25, 50, 75])]


def assert_said(said: list[float], values: list[float]) -> None:
    """The numbers are the values, rounded to one decimal."""
    assert said == pytest.approx(quartiles(values), abs=0.051)


@pytest.mark.soak("differentiates 75 runs of 100 steps, two minutes")
def test_vanishing_shows_in_novels_and_not_in_half_lives() -> None:
    at_distance, lives = {}, {}
    for cell, norms, life in zip(CELLS, row("log₁₀ of the median of"), row("half-life, in characters"), strict=True):
        prose = model(f"prose-{cell}")
        curves = [medians(prose.network, ids(prose, text), DISTANCE) for text in excerpts()]
        at_distance[cell] = [float(curve[DISTANCE]) for curve in curves]
        assert_said(numbers(norms), at_distance[cell])
        lives[cell] = [float(half_life(curve) or DISTANCE + 1) for curve in curves]
        assert numbers(life) == quartiles(lives[cell])
    lowest = sum(rnn < min(gru, lstm) for rnn, gru, lstm in zip(*at_distance.values(), strict=True))
    assert f"the lowest at a distance of {DISTANCE} in all {lowest}" in " ".join(read("docs/memory.md").split())


@pytest.mark.parametrize(("at", "cell"), list(enumerate(CELLS)))
@pytest.mark.slow("computes derivatives over long texts", seconds=3)
def test_the_flag_is_remembered_whatever_half_lives_say(at: int, cell: str) -> None:
    flag = model(f"flag-{cell}")
    curves = [medians(flag.network, ids(flag, text), 100) for text, _ in flags(100, 25, seed=1)]
    assert numbers(row("half-life, in steps")[at]) == quartiles([float(half_life(curve) or 101) for curve in curves])
    texts = list(flags(100, 400, seed=2))
    logits = flag.network(torch.tensor([ids(flag, text) for text, _ in texts]))[:, -1, 0]
    right = float(((logits > 0) == torch.tensor([plus for _, plus in texts])).float().mean())
    # Other texts than those of the card: within three standard errors of its figure.
    [said] = numbers(row("answers that are right")[at])
    assert abs(100 * right - said) <= 0.5 + 300 * (right * (1 - right) / 400) ** 0.5
    [metric] = [each for each in flag.config.metrics if each.name == "the flag at a distance of 100"]
    assert said == round(100 * metric.value)
    held = flag.trace(texts[1][0]).layer()
    if cell != "rnn":
        state = np.tanh(held["c"][60]) if cell == "lstm" else held["h"][60]
        assert (np.abs(state) > 0.97).mean() > 0.5, "most units are saturated"


@pytest.mark.parametrize(("at", "cell"), list(enumerate(CELLS)))
@pytest.mark.slow("computes derivatives over long texts", seconds=3)
def test_how_far_gradients_reach_before_training(at: int, cell: str) -> None:
    prose = model(f"prose-{cell}")
    config = prose.config
    assert config.start
    assert config.seed is not None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        by_pytorch = Network(config.network)
        started = fresh(config.network, config.start, config.seed)
    for said, network in (
        ("as PyTorch initialises a network", by_pytorch),
        ("as these models started", started),
        ("trained", prose.network),
    ):
        norm = 10 ** medians(network.requires_grad_(requires_grad=False), ids(prose, SENTENCE), DISTANCE)[DISTANCE]
        assert row(said)[at] == f"{norm:.1e}"


@pytest.mark.parametrize("cell", CELLS)
def test_all_cells_explode(cell: str) -> None:
    prose = model(f"prose-{cell}")
    assert "above 10³ in all three cells" in read("docs/memory.md")
    assert medians(prose.network, ids(prose, SENTENCE), DISTANCE, alpha=2)[DISTANCE] > 3


@pytest.mark.soak("differentiates 50 runs of 100 steps, over a minute")
def test_open_reset_gates_make_gradients_vanish() -> None:
    gru = model("prose-gru")
    grown, open_ = (
        [
            float(medians(gru.network, ids(gru, text), DISTANCE, alpha=2, reset_open=is_open)[DISTANCE])
            for text in excerpts()
        ]
        for is_open in (False, True)
    )
    page = " ".join(read("docs/memory.md").split())
    [said] = re.findall(r"has the quartiles (.+?); with all reset gates held open, at 1, it has (.+?)\. ", page)
    for text, values in zip(said, (grown, open_), strict=True):
        assert_said(numbers(text), values)
    assert all(less < more for less, more in zip(open_, grown, strict=True))
    assert quartiles(open_)[2] < 0 < quartiles(grown)[0], "one vanishes, the other explodes"
