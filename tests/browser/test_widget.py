"""The widget of a notebook, in a page that stands in for one: what it shows is what Python computes."""

import re
from collections.abc import Iterator
from pathlib import Path

import gatescope
import pytest
import torch
from gatescope.notebook.shown import Shown
from gatescope.store.model import Model
from playwright.sync_api import Browser, Locator, Page, expect

from .axe import violations
from .driving import SENTENCE
from .widget_page import HEAD, Notebook, notebook_page

SHIPPED = Path(gatescope.__file__).parents[1] / "models"
AROUND = "<p class='word number value cell message panel note'>out</p>"


@pytest.fixture(scope="module")
def shared(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what went wrong in it."""
    page, wrong = notebook_page(browser), list[str]()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith("blob:") else wrong.append(request.url))
    yield page, wrong
    page.close()


@pytest.fixture
def sheet(shared: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page, in which nothing may go wrong."""
    page, wrong = shared
    yield page
    assert wrong == []


@pytest.fixture(scope="module")
def model() -> Model:
    return gatescope.load_model(SHIPPED / "sentiment-lstm")


@pytest.fixture(scope="module")
def lstm(model: Model) -> Shown:
    return gatescope.show(model, SENTENCE)


@pytest.fixture(scope="module")
def module() -> tuple[torch.nn.GRU, torch.Tensor]:
    torch.manual_seed(0)
    return torch.nn.GRU(4, 12, num_layers=2), torch.randn(7, 4)


def drawn(notebook: Notebook, at: int = 0) -> Locator:
    """The widget in an output, with its heatmaps."""
    output = notebook.output(at)
    output.locator(".heatmaplayer image").first.wait_for()
    expect(output.locator("#picture[data-behind]")).to_have_count(0)
    return output


def set_to(output: Locator, letter: str, value: float) -> None:
    """Move the slider of a gate in the panel of the cell."""
    output.locator(f".cell .slider input[name={letter}]").fill(str(value))


def final(output: Locator) -> Locator:
    """The verdict at the end, in large type."""
    return output.locator(".wide svg.sum text.verdict")


def mean_at(trace: gatescope.Trace, letter: str, t: int) -> str:
    return f"{trace.layers[-1][letter][t].mean():.2f}".replace("-", "−")


def test_a_word_is_chosen_by_pointer_and_keys(sheet: Page, lstm: Shown, model: Model) -> None:
    trace = model.trace(SENTENCE)
    output = drawn(Notebook(sheet, lstm))
    for choose, t in (
        (lambda: output.locator("a[data-t='1']").click(), 1),
        (lambda: sheet.keyboard.press("ArrowRight"), 2),
        (lambda: sheet.keyboard.press("ArrowLeft"), 1),
        (lambda: output.locator(".token").nth(4).click(), 4),
        (lambda: output.locator("a[data-t='0']").focus(), 4),  # by a script, which no keyboard did
        (lambda: sheet.keyboard.press("ArrowLeft"), 3),
    ):
        choose()
        expect(output.locator(f".cell[data-t='{t}']")).to_be_visible()
        expect(output.locator(".cell h2")).to_have_text(re.compile(f"at “{SENTENCE.split()[t]}”"))
        expect(output.locator(".readout")).to_have_text(
            re.compile(f"^At “{SENTENCE.split()[t]}”.*{trace.outputs[t, 0]:.2f}")
        )
        for letter in "ifo":
            slider = output.locator(f".cell .slider:has(input[name={letter}])")
            expect(slider.locator("output")).to_have_text(mean_at(trace, letter, t))


def test_a_slider_edits_the_run_in_python_and_the_picture_shows_it_against_a_ghost(
    sheet: Page, lstm: Shown, model: Model
) -> None:
    notebook = Notebook(sheet, lstm)
    output = drawn(notebook)
    plain = f"{model.trace(SENTENCE).outputs[-1, 0]:.2f}"
    expect(final(output)).to_have_text(plain)
    output.locator("a[data-t='3']").click()
    expect(output.locator(".wide path.ghost")).to_have_count(0)
    for value in (0.0, 0.35):
        set_to(output, "i", value)
        edited = model.trace(SENTENCE, edits=[gatescope.hold("i", value, steps=[3])])
        expect(final(output)).to_have_text(f"{edited.outputs[-1, 0]:.2f}")
        expect(output.locator(".sum .without")).to_have_text(["without your change", plain])
        expect(output.locator(".wide path.ghost").first).to_be_attached()
        held = output.locator(".cell .slider input[name=i]")
        expect(held).to_have_attribute("aria-valuetext", f"set to {value:.2f} by you")
        slider = output.locator(".inspector .slider[data-letter=i] input")
        expect(slider).to_have_attribute(
            "aria-valuetext", re.compile(f"{value:.2f}, {mean_at(model.trace(SENTENCE), 'i', 3)} without edits")
        )
        expect(output.locator(".inspector .slider[data-letter=o] .value")).to_have_text(
            f"mean {mean_at(edited, 'o', 3)}"
        )
        expect(output.locator(".panel[data-letter=i] .hatching .stroke")).to_have_attribute("d", re.compile("M"))
    output.locator(".cell .where input[value=everywhere]").check()
    set_to(output, "f", 1.0)
    both = [gatescope.hold("i", 0.35, steps=[3]), gatescope.hold("f", 1.0)]
    expect(final(output)).to_have_text(f"{model.trace(SENTENCE, edits=both).outputs[-1, 0]:.2f}")
    output.locator(".cell .reset").click()
    expect(final(output)).to_have_text(plain)
    expect(output.locator(".wide path.ghost")).to_have_count(0)


def test_a_slider_moves_by_keys_and_keeps_the_focus(sheet: Page, lstm: Shown, model: Model) -> None:
    output = drawn(Notebook(sheet, lstm))
    output.locator("a[data-t='3']").click()
    slider = output.locator(".cell .slider input[name=f]")
    slider.press("Home")
    shut = model.trace(SENTENCE, edits=[gatescope.hold("f", 0.0, steps=[3])])
    expect(final(output)).to_have_text(f"{shut.outputs[-1, 0]:.2f}")
    slider.press("ArrowRight")
    expect(slider).to_be_focused()
    expect(slider).to_have_attribute("aria-valuetext", "set to 0.01 by you")
    expect(output.locator(".cell[data-t='3']")).to_be_visible()  # the arrow moved the slider, not the chosen word
    output.locator("a[data-t='3']").focus()
    sheet.keyboard.press("Escape")
    expect(final(output)).to_have_text(f"{model.trace(SENTENCE).outputs[-1, 0]:.2f}")


def test_the_experiment_next_to_the_finding_is_tried_and_undone(sheet: Page, lstm: Shown, model: Model) -> None:
    output = drawn(Notebook(sheet, lstm))
    output.get_by_role("link", name="Stop it remembering “not”").click()
    unwritten = model.trace(SENTENCE, edits=[gatescope.hold("i", 0, steps=[3])])
    expect(final(output)).to_have_text(f"{unwritten.outputs[-1, 0]:.2f}")
    expect(output.locator(".cell[data-t='3'] .slider:has(input[name=i]) small")).to_have_text("set to 0.00 by you")
    output.get_by_role("link", name="Undo your changes").click()
    expect(final(output)).to_have_text(f"{model.trace(SENTENCE).outputs[-1, 0]:.2f}")


def test_an_edit_of_a_module_acts_on_the_layer_that_is_shown(
    sheet: Page, module: tuple[torch.nn.GRU, torch.Tensor]
) -> None:
    gru, x = module
    notebook = Notebook(sheet, gatescope.show(gru, x))
    output = drawn(notebook)
    output.locator("a[data-t='2']").click()
    set_to(output, "z", 1.0)
    edited = gatescope.trace_module(gru, x, edits=[gatescope.hold("z", 1.0, layer=1, steps=[2])])
    of_both = gatescope.trace_module(gru, x, edits=[gatescope.hold("z", 1.0, steps=[2])])
    assert isinstance(edited, gatescope.Trace)
    assert isinstance(of_both, gatescope.Trace)
    output.locator(".panel[data-letter=h] summary").click()
    told = output.locator(".panel[data-letter=h] .numbers td")
    for trace, is_shown in ((edited, True), (of_both, False)):
        cells = [f"{value:.3f}".replace("-", "−") for value in trace.layer(1)["h"].T.ravel()]
        cells = ["0.000" if each == "−0.000" else each for each in cells]
        if is_shown:
            expect(told).to_have_text(cells)
        else:
            assert told.all_inner_texts() != cells


def test_widgets_stand_next_to_each_other_and_load_plotly_once(
    sheet: Page, lstm: Shown, module: tuple[torch.nn.GRU, torch.Tensor], model: Model
) -> None:
    sheet.evaluate("globalThis.Plotly = 'another'")
    notebook = Notebook(sheet, lstm, gatescope.show(*module), lstm, process="a new kernel")
    first, second, third = (drawn(notebook, at) for at in range(3))
    loaded = [each["name"] for each in notebook.asked if each["kind"] == "asset"]
    assert sorted(loaded) == ["plotly", "program", "style"]
    assert sheet.evaluate("[Plotly, delete globalThis.Plotly]") == ["another", True]
    own = second.locator(".cell").get_attribute("data-t")
    first.locator("a[data-t='4']").click()
    set_to(third, "o", 0.5)
    expect(third.locator(".wide path.ghost").first).to_be_attached()
    expect(first.locator(".cell[data-t='4']")).to_be_visible()
    expect(first.locator(".wide path.ghost")).to_have_count(0)
    expect(second.locator(".cell")).to_have_attribute("data-t", own or "")
    expect(final(first)).to_have_text(f"{model.trace(SENTENCE).outputs[-1, 0]:.2f}")
    assert sheet.locator(".still:visible").count() == 0
    sheet.evaluate("removes[0]()")


def test_a_widget_styles_nothing_around_it_and_nothing_styles_it(sheet: Page, lstm: Shown) -> None:
    style = "each => JSON.stringify([...getComputedStyle(each)].map((name) => [name, getComputedStyle(each)[name]]))"
    sheet.set_content(f"{HEAD}<body><main><h1></h1>{AROUND}")
    before = sheet.locator("main > p.word").evaluate(style)
    output = drawn(Notebook(sheet, lstm, around=AROUND))
    assert sheet.locator("main > p.word").evaluate(style) == before
    own = output.locator(".cell h2").evaluate(style)
    sheet.add_style_tag(
        content="h2 { color: red !important; font-size: 3px !important } .cell { display: none !important }"
    )
    assert output.locator(".cell h2").evaluate(style) == own
    assert sheet.evaluate("[typeof Plotly, document.querySelectorAll('main [id]').length]") == ["undefined", 0]


def test_a_widget_is_dark_where_the_notebook_is_and_accessible_in_both(sheet: Page, lstm: Shown) -> None:
    output = drawn(Notebook(sheet, lstm))
    output.locator("a[data-t='3']").click()
    set_to(output, "i", 0.2)
    expect(output.locator(".wide path.ghost").first).to_be_attached()
    ground = "each => getComputedStyle(each).backgroundColor"
    host = output.locator(".gatescope-widget")
    image = output.locator(".panel[data-letter=f] .heatmaplayer image")
    assert host.evaluate(ground) == "rgb(252, 252, 253)"
    light = image.get_attribute("href")
    assert violations(sheet) == []
    sheet.evaluate("document.body.dataset.jpThemeLight = 'false'")
    expect(host).to_have_css("background-color", "rgb(20, 20, 22)")
    expect(image).not_to_have_attribute("href", light or "")
    assert violations(sheet) == []
    sheet.evaluate("delete document.body.dataset.jpThemeLight")


def test_a_widget_is_drawn_for_the_width_that_it_has_and_not_while_it_is_hidden(sheet: Page, lstm: Shown) -> None:
    notebook = Notebook(sheet, lstm)
    output = drawn(notebook)
    expect(output.locator(".drawn > .wide")).to_be_visible()
    asked = len(notebook.asked)
    output.evaluate("each => each.style.display = 'none'")
    sheet.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    output.evaluate("each => { each.style.display = ''; each.style.width = '600px'; }")
    expect(output.locator(".drawn > .narrow")).to_be_visible()
    assert [each["width"] for each in notebook.asked[asked:]] == [600]
    expect(output.locator(".tokens.columned")).to_have_count(0)
    assert output.evaluate("each => each.scrollWidth <= each.clientWidth")
    output.evaluate("each => each.style.width = '708px'")  # marimo's column
    expect(output.locator(".drawn > .wide")).to_be_visible()
    expect(output.locator(".aligned .panel").first).to_be_visible()
    assert output.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_a_trace_by_itself_is_shown_without_sliders(sheet: Page, model: Model) -> None:
    notebook = Notebook(sheet, gatescope.show(model.trace(SENTENCE)))
    output = drawn(notebook)
    expect(output.locator(".note")).to_have_text(re.compile("A trace by itself cannot be run again"))
    expect(output.locator("input[type=range]:visible")).to_have_count(0)
    output.locator("a[data-t='1']").click()
    expect(output.locator(".cell[data-t='1']")).to_be_visible()


def test_a_picture_without_heatmaps_can_be_chosen_in_and_edited(sheet: Page) -> None:
    torch.manual_seed(1)
    lstm, x = torch.nn.LSTM(3, 8, proj_size=4), torch.randn(5, 3)
    notebook = Notebook(sheet, gatescope.show(lstm, x))
    output = notebook.output()
    expect(output.locator(".note")).to_have_text("Heatmaps of a layer with a projection are not drawn.")
    output.locator("a[data-t='1']").click()
    sheet.keyboard.press("ArrowRight")
    expect(output.locator(".cell[data-t='2']")).to_be_visible()
    set_to(output, "f", 0.25)
    edited = gatescope.trace_module(lstm, x, edits=[gatescope.hold("f", 0.25, steps=[2])])
    assert isinstance(edited, gatescope.Trace)
    means = output.locator(".wide .gates.keeps text.value, .wide text.value.edited")
    expect(means.filter(has_text="0.25").first).to_be_visible()
    slider = output.locator(".cell .slider:has(input[name=o]) output")
    output.locator("a[data-t='3']").click()
    expect(slider).to_have_text(mean_at(edited, "o", 3))


def test_what_has_changed_since_is_refused_and_the_picture_stays(sheet: Page) -> None:
    torch.manual_seed(1)
    lstm, x = torch.nn.LSTM(3, 8), torch.randn(5, 3)
    output = drawn(Notebook(sheet, gatescope.show(lstm, x)))
    finding = output.locator(".finding").inner_text()
    mean = output.locator(".cell .slider:has(input[name=f]) output").inner_text()
    lstm.bias_hh_l0.data += 1  # as an optimizer may: no counter sees it
    set_to(output, "f", 0.5)
    expect(output.locator(".message")).to_have_text(re.compile("have changed since this was shown.*show it again"))
    expect(output.locator(".finding")).to_have_text(finding)
    expect(output.locator(".cell .slider:has(input[name=f]) output")).to_have_text(mean)
    expect(output.locator("[data-stale]")).to_have_count(0)


def test_a_kernel_that_is_gone_is_said_to_be_and_the_picture_stays(sheet: Page, lstm: Shown) -> None:
    sheet.clock.install()
    output = drawn(Notebook(sheet, lstm))
    finding = output.locator(".finding").inner_text()
    sheet.evaluate("globalThis.isGone = true")
    set_to(output, "f", 0.5)
    sheet.clock.fast_forward(2_000)
    expect(output.locator(".message")).to_have_text("Waiting for the kernel …")
    sheet.clock.fast_forward(8_000)
    expect(output.locator(".message")).to_have_text(re.compile("has not answered.*after a restart, run the cell again"))
    expect(output.locator(".finding")).to_have_text(finding)
    output.locator("a[data-t='0']").click()  # which needs no kernel
    expect(output.locator(".cell[data-t='0']")).to_be_visible()


def test_a_widget_that_cannot_be_opened_says_why_below_the_still_picture(
    sheet: Page, lstm: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_TEXT", "many")
    notebook = Notebook(sheet, lstm)
    expect(notebook.output()).to_contain_text("max_text")
    expect(sheet.locator(".still")).to_be_visible()
