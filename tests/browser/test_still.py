"""A still picture in a notebook and in a file: it is drawn, answers to the theme, and leaves all around it alone."""

from pathlib import Path

import gatescope
import torch
from gatescope.figures.push_colours import LIGHT, STEPS, colour
from playwright.sync_api import Browser, Page, expect

from .axe import violations
from .driving import SENTENCE, another_page, opened

AROUND = "<p class='word number value cell p5 bar'>out</p>"
STYLE = """each => {
  const style = getComputedStyle(each);
  return [style.fontWeight, style.color, style.fill, style.getPropertyValue('--push')];
}"""
SHIPPED = Path(gatescope.__file__).parents[1] / "models"


def rgb(hexadecimal: str) -> str:
    """Return #rrggbb as a browser tells it."""
    return f"rgb({', '.join(str(int(hexadecimal[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_a_still_picture_styles_nothing_but_itself(page: Page) -> None:
    shown = gatescope.show(gatescope.load_model(SHIPPED / "sentiment-lstm"), "the story was good but not the acting")
    around = f"<!doctype html><body>{AROUND}"
    page.set_content(around)
    before = page.locator("p.word").evaluate(STYLE)
    page.set_content(f"{around}{shown._repr_html_()}")
    assert page.locator("body > p.word").evaluate(STYLE) == before
    assert page.locator(".gatescope-still .picture:visible").count() == 1
    stops = page.locator(".gatescope-still .wide stop[class^=p]:not([class^=positive])")
    colours = stops.evaluate_all("all => all.map((each) => [each.className.baseVal, getComputedStyle(each).stopColor])")
    light = {f"p{step}": rgb(colour(step, LIGHT)) for step in range(-STEPS, STEPS + 1)}
    assert len({step for step, _ in colours}) > 5
    assert [shown for _, shown in colours] == [light[step] for step, _ in colours]


def test_a_still_picture_is_dark_where_the_notebook_is(page: Page) -> None:
    torch.manual_seed(0)
    html = gatescope.show(torch.nn.GRU(4, 8), torch.randn(3, 4))._repr_html_()
    inks = []
    for attributes in ("data-jp-theme-light=true", "data-jp-theme-light=false", "class=vscode-dark"):
        page.set_content(f"<!doctype html><body {attributes}>{html}")
        of = page.locator(".gatescope-still").evaluate("each => getComputedStyle(each).backgroundColor")
        ink = page.locator(".gatescope-still .finding").evaluate("each => getComputedStyle(each).color")
        inks.append((of, ink))
    assert inks[0] == ("rgb(252, 252, 253)", "rgb(27, 27, 31)")
    assert inks[1] == inks[2] == ("rgb(20, 20, 22)", "rgb(236, 236, 241)")


def told(page: Page) -> list[str]:
    """What is said of the chosen step, below the picture and in the cell."""
    parts = [".readout", ".cell h2", ".cell .which span", ".cell .circuit", ".cell .arithmetic", ".cell .shares"]
    return [page.locator(part).text_content() or "" for part in parts]


def test_steps_are_chosen_in_a_file_without_a_network_as_on_the_page(
    browser: Browser, page: Page, tmp_path: Path
) -> None:
    path = tmp_path / "x.html"
    gatescope.show(gatescope.load_model(SHIPPED / "sentiment-lstm"), SENTENCE, path=path)
    opened(page, f"/?text={SENTENCE}")
    with another_page(browser, offline=True) as file:
        wrong: list[str] = []
        file.on("pageerror", lambda error: wrong.append(str(error)))
        file.on("console", lambda message: wrong.append(message.text))
        file.goto(path.as_uri())
        for step, key in ((3, ""), (4, "ArrowRight"), (2, "click"), (1, "ArrowLeft"), (0, "Enter")):
            if key.startswith("Arrow"):
                file.keyboard.press(key)
            elif key == "click":
                file.locator(".links:visible a[data-t='2']").click()
            elif key == "Enter":
                file.locator(".links:visible a[data-t='0']").focus()
                file.keyboard.press("Enter")
            page.locator(f".links:visible a[data-t='{step}']").click()
            expect(page.locator(".readout")).to_have_text(file.locator(".readout").inner_text())
            assert told(file) == told(page)
            chosen = file.locator(".column.chosen:visible").get_attribute("data-t")
            assert chosen == str(step)
        assert file.locator("button, input, fieldset").count() == 0
        assert file.url == path.as_uri()
        assert wrong == []


def test_a_script_in_a_label_does_not_run_in_a_file(browser: Browser, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "x.html"
    labels = ["</script><script>document.title = 'hit'</script>", "<img src=x onerror=\"document.title = 'hit'\">"]
    gatescope.show(torch.nn.GRU(4, 8), torch.randn(2, 4), labels=labels, path=path)
    with another_page(browser, offline=True) as file:
        file.goto(path.as_uri())
        file.keyboard.press("ArrowLeft")
        expect(file.locator(".readout")).to_contain_text("document.title")
        assert file.title().startswith("Gatescope: </script>")
        assert file.locator("img").count() == 0


def test_a_file_is_drawn_without_a_network(browser: Browser, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "x.html"
    inputs = {("rain", "mm"): 0, "temperature": 1}
    gatescope.show(torch.nn.LSTM(4, 8), torch.randn(3, 4), labels=["a", "<b>", "c"], inputs=inputs, path=path)
    with another_page(browser, offline=True, bypass_csp=True) as page:
        for width, dark in ((360, "light"), (1300, "dark")):
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=dark)  # type: ignore[arg-type]
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("path.curve.input:visible").count() == 2
            assert violations(page) == []
        page.set_viewport_size({"width": 360, "height": 700})
        expect(page.locator(".narrow tbody th").nth(1)).to_have_text("<b>")
