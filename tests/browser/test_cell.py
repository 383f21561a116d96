"""One unit at one step: its arithmetic, and the circuit whose wires carry its numbers."""

import math
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
import torch
from gatescope.settings import data_folder
from gatescope.store.loading import load_model
from playwright.sync_api import Browser, Page, expect

from .driving import SENTENCE, another_page, layer_of, opened, place_of, shown, trace
from .zoo import LINES, TEXT


def on_wires(page: Page) -> list[str]:
    return [re.sub(r"\s+", " ", text) for text in page.locator(".circuit .figure").all_text_contents()]


def value(activations: dict[str, Any], letter: str, t: int, unit: int) -> float:
    return float(activations[letter][t][unit]) if t >= 0 else 0.0


@pytest.mark.parametrize(("t", "unit"), [(0, 63), (3, 20), (4, 11)])
def test_lstm_shows_its_numbers(page: Page, server: httpx2.Client, t: int, unit: int) -> None:
    a = layer_of(server, "sentiment-lstm", SENTENCE)
    f, i, g, o, c, h = (value(a, letter, t, unit) for letter in "figoch")
    before = value(a, "c", t - 1, unit)
    opened(page, f"/?text={SENTENCE}#step={t}&unit={unit}")
    assert on_wires(page) == [
        f"cₜ₋₁ {shown(before, 3)}", f"f·c {shown(f * before, 3)}", f"cₜ {shown(c, 3)}", f"f {shown(f, 3)}",
        f"i {shown(i, 3)}", f"g {shown(g, 3)}", f"i·g {shown(i * g, 3)}", f"tanh c {shown(math.tanh(c), 3)}",
        f"o {shown(o, 3)}", f"hₜ₋₁ {shown(value(a, 'h', t - 1, unit), 3)}", f"hₜ {shown(h, 3)}",
    ]  # fmt: skip

    def factor(number: float) -> str:
        return f"({shown(number, 3)})" if shown(number, 3).startswith("−") else shown(number, 3)

    expect(page.locator(".equation")).to_have_text([
        f"ct = f·ct−1 + i·g = {shown(f, 3)}·{factor(before)} + {shown(i, 3)}·{factor(g)} ≈ {shown(c, 3)}",
        f"ht = o·tanh(ct) = {shown(o, 3)}·tanh({shown(c, 3)}) ≈ {shown(h, 3)}",
    ])  # fmt: skip


def test_gru_shows_its_numbers(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-gru", SENTENCE)
    r, z, n, h = (value(a, letter, 3, 5) for letter in "rznh")
    before = value(a, "h", 2, 5)
    opened(page, f"/?model=sentiment-gru&text={SENTENCE}#step=3&unit=5")
    assert on_wires(page) == [
        f"hₜ₋₁ {shown(before, 3)}", f"z·h {shown(z * before, 3)}", f"hₜ {shown(h, 3)}", f"r {shown(r, 3)}",
        f"z {shown(z, 3)}", f"1−z {shown(1 - z, 3)}", f"n {shown(n, 3)}", shown((1 - z) * n, 3),
    ]  # fmt: skip
    expect(page.locator(".equation output")).to_have_text(shown(h, 3))


def test_rnn_shows_its_numbers(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-rnn", SENTENCE)
    opened(page, f"/?model=sentiment-rnn&text={SENTENCE}#step=2&unit=5")
    h = value(a, "h", 2, 5)
    assert on_wires(page) == [
        f"hₜ₋₁ {shown(value(a, 'h', 1, 5), 3)}", f"a {shown(math.atanh(h), 3)}", f"hₜ {shown(h, 3)}",
    ]  # fmt: skip


def test_backward_layer_comes_from_the_word_behind(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    layers = trace(keeper, "deep", TEXT)["layers"]
    opened(page, f"{zoo}/?model=deep#step=1&unit=2")
    expect(page.locator("#layer option")).to_have_text(["0 forward", "0 backward", "1 forward", "1 backward"])
    for at, before in ((0, 0), (1, 2), (3, 2)):
        page.locator("#layer").select_option(str(at))
        expected = layers[at]["activations"]["c"][before][2]
        expect(page.locator(".circuit .figure").first).to_have_text(f"cₜ₋₁ {shown(expected, 3)}")


def test_cell_of_a_later_page_knows_the_step_before(page: Page, server: httpx2.Client) -> None:
    text = "good bad " * 400
    opened(page)
    page.locator("#text").fill(text)
    expect(page.locator("#page")).to_have_text("words 1–390 of 800")
    page.locator("#later").click()
    expect(page.locator("#page")).to_have_text("words 391–780 of 800")
    page.locator(".token").first.click()
    unit = int(re.findall(r"\d+", page.locator(".inspector h3").inner_text())[0])
    expected = layer_of(server, "sentiment-lstm", text)["c"][389][unit]
    expect(page.locator(".circuit .figure").first).to_have_text(f"cₜ₋₁ {shown(expected, 3)}")


def test_cell_that_stands_out_is_looked_into_until_one_is_pinned(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    c = layer_of(server, "sentiment-lstm", SENTENCE)["c"]
    change = {
        (t, unit): abs(c[t][unit] - (c[t - 1][unit] if t else 0)) for t in range(len(c)) for unit in range(len(c[0]))
    }
    t, unit = max(change, key=lambda cell: change[cell])
    expect(page.locator(".inspector h3")).to_have_text(f"unit {unit} at {SENTENCE.split()[t]}")
    page.mouse.click(*place_of(page, "o", 1, 7, 5, 64))
    page.mouse.move(5, 5)
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at movie pinned")
    expect(page.locator(".mark:visible")).to_have_count(12)
    assert "#step=1&unit=7&sha=" in page.url
    page.locator(".token").nth(3).hover()
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at not")
    page.reload()
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at movie pinned")


def test_bars_above_the_panels_are_means_of_gates_and_norms_of_states(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    for letter, rows in layer_of(server, "sentiment-lstm", SENTENCE).items():
        sums = [sum(row) / len(row) if letter in "ifo" else math.sqrt(sum(each**2 for each in row)) for row in rows]
        bars = page.locator(f".panel[data-letter={letter}] .bars")
        expect(bars.locator("text:not(.axis)")).to_have_text([f"{each:.2f}" for each in sums])
        drawn = re.findall(r"v-([\d.]+)", bars.locator("path").get_attribute("d") or "")
        highest = float(bars.locator(".axis").first.text_content() or "")
        assert highest == 1 if letter in "ifo" else highest >= max(sums)
        assert [float(height) for height in drawn] == pytest.approx([19 * each / highest for each in sums], abs=0.01)


def test_units_stand_in_the_order_that_is_chosen(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}#step=3&unit=0")
    c = layer_of(server, "sentiment-lstm", SENTENCE)["c"]

    def mean(unit: int) -> float:
        return sum(row[unit] for row in c) / len(c)

    keys = {
        "value": lambda unit: -c[3][unit],
        "variance": lambda unit: -sum((row[unit] - mean(unit)) ** 2 for row in c),
        "index": lambda unit: unit,
    }
    for order, key in keys.items():
        page.locator("#order").select_option(order)
        expected = [str(unit) for unit in sorted(range(64), key=key)[::16]]
        for letter in "fh":
            expect(page.locator(f".panel[data-letter={letter}] .ytick")).to_have_text(expected)
    page.locator("#order").select_option("similarity")
    ticks = page.locator(".panel[data-letter=f] .ytick")
    expect(ticks).not_to_have_text(expected)
    assert "order=similarity" in page.url


def sums(name: Path, text: str, h: list[list[float]]) -> Any:
    """W·x + U·h + b of a plain RNN at every step, (T, H), from its own states, in float64."""
    model = load_model(name)
    w_ih, w_hh, b_ih, b_hh = (each.double() for each in model.network.weights(0, "forward")[:4] if each is not None)
    x = model.network.embedding(torch.tensor([token.id for token in model.tokenizer(text)])).double()
    before = torch.tensor([[0.0] * len(h[0]), *h[:-1]], dtype=torch.float64)
    return (x @ w_ih.T + b_ih + before @ w_hh.T + b_hh).tolist()


def test_a_saturated_unit_shows_the_sum_that_it_is_the_tanh_of(page: Page, server: httpx2.Client) -> None:
    """From a float32 h near ±1, atanh tells little of it, and from ±1 nothing."""
    text = "It is a truth universally acknowledged"
    h = layer_of(server, "prose-rnn", text)["h"]
    a = sums(data_folder("models") / "prose-rnn", text, h)
    saturated = [(t, unit) for t, row in enumerate(h) for unit, value in enumerate(row) if value == -1]
    blurred = max(
        ((t, unit) for t, row in enumerate(h) for unit, value in enumerate(row) if abs(value) < 1),
        key=lambda at: abs(math.atanh(h[at[0]][at[1]]) - a[at[0]][at[1]]),
    )
    assert abs(math.atanh(h[blurred[0]][blurred[1]]) - a[blurred[0]][blurred[1]]) > 0.1
    for t, unit in (saturated[0], blurred):
        opened(page, f"/?model=prose-rnn&text={text}#step={t}&unit={unit}")
        expect(page.locator(".equation")).to_contain_text(f"= tanh({shown(a[t][unit], 3)}) ≈ {shown(h[t][unit], 3)}")
        assert f"a {shown(a[t][unit], 3)}" in on_wires(page)
        page.goto("about:blank")


def test_relu_shows_a_negative_sum(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    h = layer_of(keeper, "letters-relu", LINES)["h"]
    options = {"text": LINES, "pre_activations": True}
    a = keeper.post("/api/v1/models/letters-relu/traces", json=options).json()["layers"][0]["activations"]["a_h"]
    t, unit = next((t, unit) for t, row in enumerate(h) for unit, value in enumerate(row) if t > 0 and value == 0)
    assert a[t][unit] < 0
    opened(page, f"{zoo}/?model=letters-relu#step={t}&unit={unit}")
    expect(page.locator(".equation")).to_contain_text(f"= max(0, {shown(a[t][unit], 3)}) ≈ 0.000")


def test_a_text_whose_states_overflow_is_said_and_a_shorter_one_shown(
    page: Page, zoo: str, expected_console: list[str]
) -> None:
    expected_console.append("the server responded with a status of 422")
    opened(page, f"{zoo}/?model=letters-relu&text=ab")
    page.locator("#text").fill("abc" * 300)
    expect(page.locator("#message")).to_contain_text("h of layer 0 forward leaves the range of float32")
    page.locator("#text").fill("cab")
    expect(page.locator("#message")).to_be_hidden()
    expect(page.locator(".tokens bdi")).to_have_text(["c", "a", "b"])
    page.goto(f"{zoo}/?model=letters-relu&text={'abc' * 300}")
    expect(page.locator("#message")).to_contain_text("h of layer 0 forward leaves the range of float32")
    page.locator("#text").fill("bc")
    expect(page.locator(".tokens bdi")).to_have_text(["b", "c"])


def test_phone_keeps_the_arithmetic_of_what_is_tapped_in_sight(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, viewport={"width": 390, "height": 844}, has_touch=True) as page:
        opened(page, f"/?text={SENTENCE}")
        x, y = place_of(page, "f", 3, 20, 5, 64)
        page.touchscreen.tap(x, y)
        expect(page.locator(".inspector h3")).to_have_text("unit 20 at not pinned")
        expect(page.locator(".arithmetic")).to_be_in_viewport()
        expect(page.locator(".circuit")).not_to_be_in_viewport()
