"""Whatever a model's outputs mean, the page says it: verdicts, next symbols, counts, labels."""

import re

import httpx2
import pytest
from gatescope.settings import data_folder
from playwright.sync_api import Page, expect

from .driving import end_of_scale, from_menu, legend, opened, point_at, trace, type_sentence
from .zoo import LINES, TEXT, ZOO


def test_tasks_are_chosen_with_a_fitting_text_and_an_own_one_is_kept(page: Page, zoo: str) -> None:
    opened(page, zoo)
    assert page.locator("#task option").all_inner_texts() == sorted({task for task, *_ in ZOO.values()} | {"weather"})
    page.locator("#task").select_option("verdicts")
    type_sentence(page, "bad movie")
    page.locator("#task").select_option("letters")
    expect(page.locator("#text")).to_have_value(LINES)
    expect(page.locator("#models span")).to_have_text(["LETTERS-LSTM", "LETTERS-RELU"])
    expect(page.locator("#models :checked")).to_have_value("letters-lstm")
    expect(page.locator(".tokens bdi")).to_have_text(["a", "␣", "b", "↵", "⇥", "a", "b"])
    page.locator("#task").select_option("verdicts")
    expect(page.locator("#text")).to_have_value("bad movie")
    expect(page.locator(".prediction .verdict")).to_contain_text("P(positive)")


@pytest.mark.parametrize(("model", "unit"), [("letters-lstm", "character"), ("words", "word"), ("many", "word")])
def test_next_token_is_ranked_and_what_came_is_judged(
    page: Page, zoo: str, keeper: httpx2.Client, model: str, unit: str
) -> None:
    text = LINES if unit == "character" else TEXT
    answer = trace(keeper, model, text)
    names, values = answer["outputs"]["names"], answer["outputs"]["values"]
    ids = [token["id"] for token in answer["tokens"]]
    opened(page, f"{zoo}/?model={model}&step={len(ids) - 1}")

    def best(t: int) -> list[str]:
        ranked = sorted(range(len(names)), key=lambda output: -values[t][output])[:3]
        seen = {" ": "␣", "\n": "↵", "\t": "⇥"}
        return [f"{seen.get(names[output], names[output])}{values[t][output]:.2f}" for output in ranked]

    rows = page.locator(".ranking li")
    expect(rows).to_have_text(best(-1))
    expect(page.locator(".came")).to_have_text("here the text ends")
    page.locator(".token").nth(1).hover()
    expect(rows).to_have_text(best(1))
    expect(page.locator(".prediction .after")).to_contain_text(f"{unit} 2 of {len(ids)}")
    expect(page.locator(".came")).to_contain_text(f": {values[1][ids[2]]:.2f}")
    tinted = page.locator(".token span").all_text_contents()
    assert tinted == [f"{values[t - 1][ids[t]]:.2f}" for t in range(1, len(ids))]


def test_of_many_outputs_only_those_that_are_drawn_are_sent(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    edits = [{"letter": "n", "steps": [3], "hold": 0.5}]
    answers = [keeper.post("/api/v1/models/many/traces", json={"text": TEXT, "edits": each}) for each in ([], edits)]
    plain, edited = (each.json()["outputs"] for each in answers)
    sizes: list[int] = []
    page.on("response", lambda answer: sizes.append(len(answer.body())) if answer.url.endswith("/traces") else None)
    opened(page, f"{zoo}/?model=many&step=3&edits=n@3=0.5")
    after, before = edited["values"][3], plain["values"][3]
    best = sorted(range(len(after)), key=lambda output: -after[output])[:3]

    def said(output: int) -> str:
        was, now = f"{before[output]:.2f}", f"{after[output]:.2f}"
        return f"{plain['names'][output]}{now if was == now else f'{was} → {now}'}"

    expect(page.locator(".ranking li")).to_have_text([said(output) for output in best])
    assert any("→" in said(output) for output in best)
    first = plain["names"][before.index(max(before))]
    without = "" if first == plain["names"][best[0]] else f"; without edits {first}"
    expect(page.locator(".prediction .after")).to_have_text(f"after not, word 4 of 5{without}:")
    assert sizes
    assert max(sizes) < 5_000  # all outputs would be 24,000 bytes of numbers alone
    assert "word1199" not in page.locator("#boot").inner_text()


def test_what_may_come_next_is_said_of_each_symbol_and_the_end(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=counts&step=3")
    [last] = trace(keeper, "counts", "aabb")["outputs"]["values"][-1:]
    expected = sorted(zip(["a", "b", "end"], last, strict=True), key=lambda each: -each[1])
    expect(page.locator(".ranking li")).to_have_text([f"{name}{value:.2f}" for name, value in expected])
    first = trace(keeper, "counts", "aabb")["outputs"]["values"][0]
    expect(page.locator(".token span").first).to_have_text(f"{first[0]:.2f}")


def test_a_token_is_tinted_by_the_output_of_its_name(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=reordered")
    values = trace(keeper, "reordered", "aabxb")["outputs"]["values"]
    came = [values[0][1], values[1][0], values[3][0]]  # a, b and b; the outputs know nothing of x
    expect(page.locator(".token span")).to_have_text([f"{value:.2f}" for value in came])
    page.locator(".token").nth(2).hover()
    expect(page.locator(".came")).to_have_text("then came x, which the model does not know")


def test_classes_are_no_next_tokens_even_if_there_are_as_many(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=classes#memory=states")
    values = trace(keeper, "classes", "aabb")["outputs"]["values"]
    winner = values[-1].index(max(values[-1]))
    expect(page.locator(".token span")).to_have_text([f"{value[winner]:.2f}" for value in values])
    expect(page.locator(".loss figcaption")).to_contain_text(
        f"if “{['low', 'middle', 'high'][winner]}” were to be learned"
    )


def test_labels_are_ranked_and_words_tinted_by_the_winner(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=labels")
    values = trace(keeper, "labels", TEXT)["outputs"]["values"]
    winner = values[-1].index(max(values[-1]))
    expect(page.locator(".ranking bdi").first).to_have_text(["good", "bad", "neither"][winner])
    expect(page.locator(".token span")).to_have_text([f"{value[winner]:.2f}" for value in values])
    expect(page.locator(".came")).to_have_count(0)


def test_named_unit_is_offered_found_and_said(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=letters-lstm")
    offered = page.locator("#units button", has_text="line position")
    expect(offered).to_have_text("line position c3, one of 3")
    page.locator("#presets summary").click()
    offered.click()
    expect(page.locator(".inspector h3")).to_contain_text("unit 3 at")
    said = "c tracks “line position”, falling as it rises (r 0.91; one of 3 units with |r| ≥ 0.82)"
    expect(page.locator(".inspector .named")).to_have_text(said)
    expect(page.locator(".panel .mark:visible")).to_have_count(12)
    c = trace(keeper, "letters-lstm", LINES)["layers"][0]["activations"]["c"]
    assert point_at(page, "f", 0, 3, len(c), len(c[0])).startswith("a unit 3, forget gate f = ")
    expect(page.locator("#tooltip small")).to_have_text(said)
    page.mouse.move(5, 5)
    changes = [abs(row[3] - before) for row, before in zip(c, [0, *(row[3] for row in c)], strict=False)]
    t = changes.index(max(changes))
    expect(page.locator(".lit bdi")).to_have_text(list("a␣b↵⇥ab")[t])
    page.locator("#task").select_option("verdicts")
    expect(page.locator("#named")).to_be_hidden()


def test_relu_network_has_a_scale_of_its_own(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?model=letters-relu")
    h = trace(keeper, "letters-relu", LINES)["layers"][0]["activations"]["h"]
    assert legend(page.locator("#scales")) == [((0, end_of_scale(max(map(max, h)))), "hidden state")]
    expect(page.locator("#first-screen .circuit .layer text")).to_have_text("relu")


def test_model_card_shows_figures_and_leads_back_to_its_units(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=letters-lstm")
    from_menu(page, "#card")
    expect(page.locator("h1")).to_have_text("LETTERS-LSTM")
    page.get_by_role("link", name="line position").click()
    expect(page.locator(".inspector h3")).to_contain_text("unit 3")


def test_card_of_a_shipped_model_is_laid_out(page: Page) -> None:
    card = (data_folder("models") / "sentiment-lstm" / "README.md").read_text(encoding="utf-8")
    page.goto("/models/sentiment-lstm/card")
    expect(page.locator("h1")).to_have_text(card.splitlines()[0].removeprefix("# "))
    assert page.locator("table").count() == len(re.findall(r"^\|[-: |]*---[-: |]*\|$", card, re.MULTILINE))
    for picture in page.locator("main img").all():
        assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
