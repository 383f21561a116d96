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
from playwright.sync_api import Browser, Locator, Page, expect

from .driving import SENTENCE, another_page, cell_at, layer_of, opened, place_of, shown, trace
from .zoo import LINES, TEXT


def on_wires(cell: Locator) -> list[str]:
    return [re.sub(r"\s+", " ", text) for text in cell.locator(".circuit .figure").all_text_contents()]


def equations(cell: Locator) -> Locator:
    return cell.locator(".arithmetic p:has([data-of])")


def asked(page: Page) -> list[str]:
    """The addresses that are asked for from now on."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    return urls


def value(activations: dict[str, Any], letter: str, t: int, unit: int) -> float:
    return float(activations[letter][t][unit]) if t >= 0 else 0.0


def lstm_wires(a: dict[str, Any], t: int, unit: int) -> list[str]:
    """What stands on the wires of an LSTM."""
    f, i, g, o, c, h = (value(a, letter, t, unit) for letter in "figoch")
    before = value(a, "c", t - 1, unit)
    return [
        f"cₜ₋₁ {shown(before, 2)}", f"f·c {shown(f * before, 2)}", f"cₜ {shown(c, 2)}", f"f {shown(f, 2)}",
        f"i {shown(i, 2)}", f"g {shown(g, 2)}", f"i·g {shown(i * g, 2)}", f"tanh c {shown(math.tanh(c), 2)}",
        f"o {shown(o, 2)}", f"hₜ₋₁ {shown(value(a, 'h', t - 1, unit), 2)}", f"hₜ {shown(h, 2)}",
    ]  # fmt: skip


def lstm_equations(a: dict[str, Any], t: int, unit: int) -> list[str]:
    """The arithmetic of an LSTM."""
    f, i, g, o, c, h = (value(a, letter, t, unit) for letter in "figoch")

    def factor(number: float) -> str:
        return f"({shown(number, 2)})" if shown(number, 2).startswith("−") else shown(number, 2)

    return [
        f"ct = f·ct−1 + i·g = {shown(f, 2)}·{factor(value(a, 'c', t - 1, unit))} + {shown(i, 2)}·{factor(g)}"
        f" ≈ {shown(c, 2)}",
        f"ht = o·tanh(ct) = {shown(o, 2)}·tanh({shown(c, 2)}) ≈ {shown(h, 2)}",
    ]


@pytest.mark.parametrize(("t", "unit"), [(0, 63), (3, 20), (4, 11)])
def test_lstm_shows_its_numbers(page: Page, server: httpx2.Client, t: int, unit: int) -> None:
    a = layer_of(server, "sentiment-lstm", SENTENCE)
    opened(page, f"/?text={SENTENCE}#step={t}&unit={unit}")
    cell = cell_at(page, t, unit)
    assert on_wires(cell) == lstm_wires(a, t, unit)
    expect(equations(cell)).to_have_text(lstm_equations(a, t, unit))


def test_numbers_follow_the_chosen_word_without_asking_the_server(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-lstm", SENTENCE)
    opened(page, f"/?text={SENTENCE}#step=3&unit=20")
    cell_at(page, 3, 20)
    urls = asked(page)
    for t in (2, 1, 0):
        page.keyboard.press("ArrowLeft")
        cell = cell_at(page, t, 20)
        expect(cell.locator(".named").first).to_have_text(f"“{SENTENCE.split()[t]}”")
        assert on_wires(cell) == lstm_wires(a, t, 20)
        expect(equations(cell)).to_have_text(lstm_equations(a, t, 20))
        for letter in "ifo":
            mean = sum(a[letter][t]) / 64
            slider = cell.locator(f".slider:has(input[name={letter}])")
            expect(slider.locator("output")).to_have_text(shown(mean, 2))
            assert float(slider.locator("input").input_value()) == pytest.approx(mean, abs=0.0051)
    assert [url for url in urls if "/api/" in url or "/first-screen" in url] == []


def test_the_push_of_a_unit_is_its_weight_times_h(page: Page, server: httpx2.Client) -> None:
    weights = load_model(data_folder("models") / "sentiment-lstm").network.head.weight.detach()[0]
    h = layer_of(server, "sentiment-lstm", SENTENCE)["h"]
    opened(page, f"/?text={SENTENCE}#step=4&unit=11")
    push, before = (float(weights[11]) * h[t][11] for t in (4, 3))
    told = cell_at(page, 4, 11).locator(".arithmetic p")
    signed = [f"{'+' if round(each, 2) > 0 else ''}{shown(each, 2)}" for each in (push, before)]
    expect(told.nth(2)).to_contain_text(f"≈ {signed[0]}")
    expect(told.nth(3)).to_contain_text(f"one word earlier {signed[1]}: a step of")


def test_the_unit_before_and_the_next_one_are_shown(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-lstm", SENTENCE)
    opened(page, f"/?text={SENTENCE}#step=3&unit=0")
    cell = cell_at(page, 3, 0)
    cell.get_by_role("button", name="the unit before").click()
    assert on_wires(cell_at(page, 3, 63)) == lstm_wires(a, 3, 63)
    page.locator("#first-screen").get_by_role("button", name="the next unit").click()
    assert on_wires(cell_at(page, 3, 0)) == lstm_wires(a, 3, 0)
    expect(page.locator(".inspector h3")).to_have_text("unit 0 at not pinned")


def test_gru_shows_its_numbers(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-gru", SENTENCE)
    r, z, n, h = (value(a, letter, 3, 5) for letter in "rznh")
    before = value(a, "h", 2, 5)
    opened(page, f"/?model=sentiment-gru&text={SENTENCE}#step=3&unit=5")
    cell = cell_at(page, 3, 5)
    assert on_wires(cell) == [
        f"hₜ₋₁ {shown(before, 2)}", f"z·h {shown(z * before, 2)}", f"hₜ {shown(h, 2)}", f"r {shown(r, 2)}",
        f"z {shown(z, 2)}", f"1−z {shown(1 - z, 2)}", f"n {shown(n, 2)}", shown((1 - z) * n, 2),
    ]  # fmt: skip
    expect(equations(cell).locator("[data-of=h]")).to_have_text(shown(h, 2))


def test_rnn_shows_its_numbers(page: Page, server: httpx2.Client) -> None:
    a = layer_of(server, "sentiment-rnn", SENTENCE)
    opened(page, f"/?model=sentiment-rnn&text={SENTENCE}#step=2&unit=5")
    h = value(a, "h", 2, 5)
    assert on_wires(cell_at(page, 2, 5)) == [
        f"hₜ₋₁ {shown(value(a, 'h', 1, 5), 2)}", f"a {shown(math.atanh(h), 2)}", f"hₜ {shown(h, 2)}",
    ]  # fmt: skip


def test_backward_layer_comes_from_the_word_behind(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    layers = trace(keeper, "deep", TEXT)["layers"]
    opened(page, f"{zoo}/?model=deep#step=1&layer=2&unit=2")
    names = ["0 forward (first)", "0 backward (first)", "1 forward (last)", "1 backward (last)"]
    expect(page.locator("#layer option")).to_have_text(names)
    expect(page.locator("#layer")).to_have_value("2")
    for at, before in ((0, 0), (1, 2), (3, 2)):
        page.locator("#layer").select_option(str(at))
        expected = layers[at]["activations"]["c"][before][2]
        expect(page.locator("#first-screen .figure[data-of='c-']")).to_have_text(f"cₜ₋₁ {shown(expected, 2)}")
        cell_at(page, 1, 2)


def test_cell_of_a_later_page_knows_the_step_before(page: Page, server: httpx2.Client) -> None:
    text = "good bad " * 400
    opened(page)
    page.locator("#text").fill(text)
    expect(page.locator("#page")).to_have_text("words 1–390 of 800")
    page.locator("#later").click()
    expect(page.locator("#page")).to_have_text("words 391–780 of 800")
    page.locator(".token").first.click()
    cell = page.locator("#first-screen .cell[data-t='0']")
    cell.wait_for(state="attached")
    unit = int(cell.get_attribute("data-unit") or "")
    expected = layer_of(server, "sentiment-lstm", text)["c"][389][unit]
    expect(cell.locator(".figure[data-of='c-']")).to_have_text(f"cₜ₋₁ {shown(expected, 2)}")


def test_the_unit_that_moves_the_verdict_most_is_shown_until_one_is_pinned(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    weights = load_model(data_folder("models") / "sentiment-lstm").network.head.weight.detach()[0].tolist()
    h = layer_of(server, "sentiment-lstm", SENTENCE)["h"]
    moves = [abs(weight * (now - before)) for weight, now, before in zip(weights, h[3], h[2], strict=True)]
    cell_at(page, 3, moves.index(max(moves)))  # the finding speaks of “not” first
    expect(page.locator("#first-screen .which")).to_contain_text("its push changes most")
    page.mouse.click(*place_of(page, "o", 1, 7, 5, 64))
    page.mouse.move(5, 5)
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at movie pinned")
    expect(page.locator(".panel .mark:visible")).to_have_count(12)
    expect(page).to_have_url(re.compile("&step=1&unit=7#sha="))
    cell_at(page, 1, 7)
    page.locator(".token").nth(3).hover()
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at not")
    page.reload()
    expect(page.locator(".inspector h3")).to_have_text("unit 7 at movie pinned")
    cell_at(page, 1, 7)


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
    expect(page).to_have_url(re.compile("order=similarity"))


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
        cell = cell_at(page, t, unit)
        expect(equations(cell)).to_contain_text(f"= tanh({shown(a[t][unit], 2)}) ≈ {shown(h[t][unit], 2)}")
        assert f"a {shown(a[t][unit], 2)}" in on_wires(cell)
        page.goto("about:blank")


def test_relu_shows_a_negative_sum(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    h = layer_of(keeper, "letters-relu", LINES)["h"]
    options = {"text": LINES, "pre_activations": True}
    a = keeper.post("/api/v1/models/letters-relu/traces", json=options).json()["layers"][0]["activations"]["a_h"]
    t, unit = next((t, unit) for t, row in enumerate(h) for unit, value in enumerate(row) if t > 0 and value == 0)
    assert a[t][unit] < 0
    opened(page, f"{zoo}/?model=letters-relu#step={t}&unit={unit}")
    expect(equations(cell_at(page, t, unit))).to_contain_text(f"= max(0, {shown(a[t][unit], 2)}) ≈ 0.00")


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
        expect(cell_at(page, 3, 20).locator(".arithmetic")).to_be_in_viewport()
