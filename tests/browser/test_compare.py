"""Side by side: the cells of a task on one text, and two texts on one model with their difference."""

import httpx2
import pytest
from gatescope.recurrent.cells import CELL_NAMES, cell_named
from playwright.sync_api import Browser, Page, expect

from .axe import violations
from .driving import (
    DRAWN,
    SENTENCE,
    another_page,
    end_of_scale,
    layer_of,
    legend,
    opened,
    point_at,
    shown,
    type_sentence,
)
from .scales import check_scales

MODELS = ["sentiment-lstm", "sentiment-gru", "sentiment-rnn"]


def test_cells_stand_side_by_side_without_asking_for_data(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page, f"/?text={SENTENCE}&compare=cells")
    expect(page.locator(".lane-title")).to_have_text(["LSTM", "GRU", "RNN"])
    expect(page.locator(DRAWN)).to_have_count(11)
    assert not [url for url in asked if "/api/" in url]


def test_typing_moves_every_lane_and_the_address_keeps_them(page: Page) -> None:
    opened(page)
    page.locator("#compare").select_option("cells")
    expect(page.locator(".lane")).to_have_count(3)
    type_sentence(page, "not bad")
    expect(page.locator(".tokens bdi")).to_have_text(["not", "bad"] * 3)
    page.reload()
    expect(page.locator(".tokens bdi")).to_have_text(["not", "bad"] * 3)
    expect(page.locator("#compare")).to_have_value("cells")
    page.locator("#compare").select_option("")
    expect(page.locator(".lane")).to_have_count(1)


def test_what_is_pinned_is_pinned_in_every_lane(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}&compare=cells#step=3&unit=20")
    expect(page.locator(".lit bdi")).to_have_text(["not"] * 3)
    expect(page.locator(".inspector h3")).to_have_text(["unit 20 at not pinned"] * 3)
    for lane, model in enumerate(MODELS):
        h = layer_of(server, model, SENTENCE)["h"][3][20]
        assert f"h = {shown(h, 4)}" in point_at(page, "h", 3, 20, 5, 64, lane)


def test_scale_of_the_cell_state_is_held_for_both_texts(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text=good&compare=text&other={SENTENCE}")
    most = max(
        abs(value) for text in ("good", SENTENCE) for row in layer_of(server, MODELS[0], text)["c"] for value in row
    )
    assert ((-end_of_scale(most), end_of_scale(most)), "cell state") in legend(page.locator("#scales"))


@pytest.mark.parametrize(
    ("letter", "column", "a", "b"), [("f", 0, 0, 0), ("i", 4, 3, 4), ("c", 4, 3, 4), ("h", 2, 2, 2)]
)
def test_difference_is_that_of_the_words_that_stand_against_each_other(
    page: Page, server: httpx2.Client, letter: str, column: int, a: int, b: int
) -> None:
    first, second = "the movie was good", "the movie was not bad"
    opened(page, f"/?text={first}&compare=text&other={second}")
    lanes = page.locator(".lane")
    expect(lanes).to_have_count(3)
    expect(lanes.nth(2).locator(DRAWN)).to_have_count(6)
    expected = layer_of(server, MODELS[0], second)[letter][b][5] - layer_of(server, MODELS[0], first)[letter][a][5]
    assert point_at(page, letter, column, 5, 5, 64, lane=2).endswith(f"{letter} = {shown(expected, 4)}")
    expect(lanes.nth(0).locator(".lit bdi")).to_have_text(first.split()[a])
    expect(lanes.nth(1).locator(".lit bdi")).to_have_text(second.split()[b])


def test_two_texts_are_in_sight_and_a_word_of_either_is_chosen_in_both(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page, f"/?text=the movie was good&compare=text&other={SENTENCE}")
    sections = page.locator("#first-screen .first-screen")
    expect(sections.locator(".whose")).to_have_text(["the movie was good", SENTENCE])
    page.wait_for_function("document.querySelectorAll('#first-screen .one').length === 2")
    for picture in page.locator("#first-screen .picture:visible").all():
        box = picture.bounding_box()
        assert box
        assert box["y"] + box["height"] < 900
    finding = page.locator("#first-screen .finding")
    expect(finding).to_contain_text("With “not” the verdict falls from ")
    assert [each.get_attribute("data-chosen") for each in sections.all()] == [None, "3"]
    sections.nth(1).locator('.links a[data-t="4"]').click()
    assert [each.get_attribute("data-chosen") for each in sections.all()] == ["3", "4"]
    expect(page.locator(".lane").nth(0).locator(".lit bdi")).to_have_text("good")
    expect(page.locator(".lane").nth(1).locator(".lit bdi")).to_have_text("good")
    expect(sections.nth(1).locator('.links a[data-t="4"]')).to_be_visible()
    page.keyboard.press("ArrowLeft")
    assert [each.get_attribute("data-chosen") for each in sections.all()] == [None, "3"]
    page.keyboard.press("ArrowLeft")
    assert [each.get_attribute("data-chosen") for each in sections.all()] == ["2", "2"]
    page.reload()
    expect(sections.nth(1)).to_have_attribute("data-chosen", "2")


def test_word_of_one_text_alone_leaves_a_gap(page: Page) -> None:
    opened(page, "/?text=the movie was good&compare=text&other=the movie was not good")
    assert point_at(page, "f", 3, 5, 5, 64, lane=2).endswith("f = none")
    expect(page.locator(".lane").nth(0).locator(".lit")).to_have_count(0)
    expect(page.locator(".lane").nth(1).locator(".lit bdi")).to_have_text("not")


def test_another_text_is_offered_typed_and_kept(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator("#compare").select_option("text")
    expect(page.locator("#other")).to_have_value("the movie was good")
    with page.expect_response("**/traces"):
        page.locator("#other").fill("")
    expect(page.locator(".lane").nth(1).locator(".verdict")).to_have_text("Type a word, and the gates appear.")
    page.locator("#other").fill("a great film")
    expect(page.locator(".lane").nth(1).locator(".tokens bdi")).to_have_text(["a", "great", "film"])
    page.reload()
    expect(page.locator("#other")).to_have_value("a great film")
    expect(page.locator(".lane").nth(1).locator(".tokens bdi")).to_have_text(["a", "great", "film"])


@pytest.mark.parametrize(("width", "columns"), [(1440, len(CELL_NAMES)), (1280, 3), (390, 1)])
def test_all_cells_of_the_table_fit_side_by_side_or_below(browser: Browser, zoo: str, width: int, columns: int) -> None:
    with another_page(browser, viewport={"width": width, "height": 900}, bypass_csp=True) as page:
        opened(page, f"{zoo}/?model=each-gru&compare=cells#step=3&unit=2&memory=kept&alpha=2")
        expect(page.locator(".memory-cell .triangle .heatmaplayer image")).to_have_count(len(CELL_NAMES) - 1)
        for lanes in ("#picture > .lane", "#memory-cells > *"):
            boxes = [each.bounding_box() for each in page.locator(lanes).all()]
            assert len(boxes) == len(CELL_NAMES)
            assert len({round(box["x"]) for box in boxes if box}) == (columns if width > 960 else 1)
        panels = page.locator(".panels").evaluate_all(
            "all => all.map((each) => [...each.children].map((panel) => panel.dataset.letter).join(''))"
        )
        cells = [cell_named(name) for name in CELL_NAMES]
        assert panels == [cell.panels or cell.activations for cell in cells]
        expect(page.locator(".inspector h3")).to_have_count(len(CELL_NAMES))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"
        scales = {(each.lane, each.letter): (each.low, each.high) for each in check_scales(page)}
        assert scales["EACH-COUPLED_LSTM", "c"] == (-1, 1)
        for letter in "nh":
            low, high = scales["EACH-MINGRU", letter]
            assert low == -high
            assert high not in {0, 1}
        assert violations(page) == []


def test_a_difference_shows_no_unit_of_the_lane_whose_place_it_takes(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}&compare=cells#step=3&unit=20")
    expect(page.locator(".inspector h3")).to_have_count(3)
    page.locator("#compare").select_option("text")
    expect(page.locator(".lane-title").nth(2)).to_contain_text("difference")
    expect(page.locator(".inspector").nth(0)).to_contain_text("unit")
    expect(page.locator(".inspector").nth(2)).to_be_empty()
