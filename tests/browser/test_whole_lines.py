"""What does not fit is cut between two lines, not through one, at rest; what goes under a bar fades."""

import pytest
from playwright.sync_api import Page, expect

from .driving import SENTENCE, opened

LONG = "the movie was not good but the story was wonderful . " * 20  # 200 words
WHOLE = """(box, lines) => {
  const style = getComputedStyle(box);
  const inner = box.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom);
  return [box.clientHeight / parseFloat(style.lineHeight), inner / parseFloat(style.lineHeight)];
}"""


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("address", [f"/?text={LONG}", "/?model=snow-lstm"], ids=["text", "numbers"])
def test_the_box_shows_whole_lines(page: Page, address: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, address)
    box = page.locator("#text")
    for lines in (3, 7):
        seen, fitting = box.evaluate(WHOLE)
        assert seen == pytest.approx(fitting), "in a padding the next line would show"
        assert seen == pytest.approx(lines, abs=0.06)
        box.focus()
        expect(box).to_have_attribute("data-open", "")


def test_boxes_of_the_share_sheet_show_whole_lines(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator("#show-share").click()
    for box in page.locator("#share textarea").all():
        seen, fitting = box.evaluate(WHOLE)
        assert seen == pytest.approx(fitting)
        assert seen == pytest.approx(round(seen), abs=0.06)
        assert box.evaluate("each => each.value.split('\\n').length") == round(seen)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_strip_of_words_ends_below_a_whole_row(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, f"/?text={LONG}")
    strip = page.locator(".tokens")
    assert strip.evaluate("each => each.scrollHeight > each.clientHeight + 20"), "there are more rows"
    cut = """strip => {
      const { bottom } = strip.getBoundingClientRect();
      const boxes = [...strip.children].map((each) => each.getBoundingClientRect());
      return boxes.filter((box) => box.top < bottom - 1 && box.bottom > bottom + 1).length;
    }"""
    assert strip.evaluate(cut) == 0


def test_what_goes_under_the_bar_of_the_cell_fades(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, f"/?text={SENTENCE}")
    bar, paper = page.locator(".first-screen .cell"), page.evaluate("getComputedStyle(document.body).backgroundColor")
    expect(page.locator(".opener")).to_be_visible()
    assert bar.evaluate("each => getComputedStyle(each).boxShadow") == f"{paper} 0px -10px 10px 0px"
