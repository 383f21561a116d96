"""Memory and gradients on the page: what the API says stands there, and the knobs move it."""

import math
import re
from typing import Any

import httpx2
import pytest
from gatescope.recurrent.cells import CELL_NAMES, cell_named
from playwright.sync_api import Page, Route, expect

from .driving import SENTENCE, opened, shown, side, trace, type_sentence

CELLS = ["lstm", "gru", "rnn"]
SHOWN = {"states": "log10_norms", "kept": "log10_kept", "inputs": "log10_norms"}


def ask(server: httpx2.Client, model: str, text: str = SENTENCE, **options: Any) -> dict[str, Any]:
    answer: dict[str, Any] = server.post(f"/api/v1/models/{model}/memory", json={"text": text, **options}).json()
    return answer


def remembered(page: Page, path: str, cells: int = 3) -> Page:
    """The page with the picture of memory drawn."""
    opened(page, path)
    expect(page.locator(".memory-cell .triangle .plot > *")).to_have_count(cells)
    return page


def held_back(page: Page) -> None:
    """The page with a picture of memory, and the request for that of a shorter text unanswered."""
    remembered(page, f"/?text={SENTENCE}#memory=states")
    page.route("**/memory", lambda _: None)
    type_sentence(page, "good")
    expect(page.locator("#memory-progress")).to_be_visible()


def rows(page: Page, chart: str, cell: int = 0) -> list[tuple[str, list[str]]]:
    """The numbers of a chart, each row with its name."""
    details = page.locator(".memory-cell").nth(cell).locator(f".{chart} details")
    if details.get_attribute("open") is None:
        details.locator("summary").click()
    table_rows = details.locator("tbody tr")
    expect(table_rows.first).to_be_visible()
    return [(row.locator("th").inner_text(), row.locator("td").all_inner_texts()) for row in table_rows.all()]


def table(page: Page, chart: str, cell: int = 0) -> list[list[str]]:
    """The numbers of a chart."""
    return [cells for _, cells in rows(page, chart, cell)]


def magnitude(log10: float | None) -> str:
    """A number by its logarithm, as the page writes it: to two digits, as a power of ten if very small or large."""
    if log10 is None:
        return "0"
    mantissa, exponent = f"{10**log10:.1e}".split("e")
    if -3 < log10 < 4:
        return f"{float(f'{mantissa}e{exponent}'):,g}"
    return f"{mantissa} · 10{str(int(exponent)).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def relative(rows: list[list[float | None]], cell: str, what: str, units: int = 64) -> list[list[float | None]]:
    """Norms of states as the page gives them: by that of a state by itself, the root of its size."""
    size = {"states": 2 * units if cell == "lstm" else units, "kept": units}.get(what, 1)
    return [[None if value is None else value - math.log10(size) / 2 for value in row] for row in rows]


def test_nothing_is_asked_until_it_is_opened_and_the_address_keeps_it(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(page)
    assert not [url for url in asked if url.split("?")[0].endswith(("/memory", "/cost"))]
    page.locator("#memory summary").first.click()
    expect(page.locator(".memory-cell .triangle .plot > *")).to_have_count(3)
    expect(page).to_have_url(re.compile("memory=states"))
    page.reload()
    expect(page.locator(".memory-cell .triangle .plot > *")).to_have_count(3)
    page.locator("#memory summary").first.click()
    expect(page).not_to_have_url(re.compile("memory"))


@pytest.mark.parametrize("what", SHOWN)
def test_triangle_and_curves_are_what_the_api_says(page: Page, server: httpx2.Client, what: str) -> None:
    remembered(page, f"/?text={SENTENCE}#memory={what}&step=3&unit=2", cells=2 if what == "kept" else 3)
    for at, cell in enumerate(CELLS):
        part = "inputs" if what == "inputs" else "states"
        [layer] = ask(server, f"sentiment-{cell}", parts=[part, "spectral"], step=3)["layers"]
        if what == "kept" and cell == "rnn":
            expect(page.locator(".memory-cell").nth(at)).to_contain_text("no gate keeps its state")
            continue
        matrix = relative(layer[part][SHOWN[what]], cell, what)
        assert table(page, "triangle", at) == [[magnitude(value) for value in row] for row in matrix]
        back = table(page, "back", at)
        assert back[0] == [
            magnitude(value)
            for value in (matrix if what != "kept" else relative(layer["states"]["log10_norms"], cell, "states"))[3]
        ]
        if what != "inputs":
            assert back[1] == [magnitude(value) for value in layer["log10_spectral"]]


def test_outputs_by_words(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=words")
    matrix = ask(server, "sentiment-gru", parts=["words"])["words"]["log10_norms"]
    assert table(page, "triangle", 1) == [[magnitude(value) for value in row] for row in matrix]


def test_half_lives_and_medians_are_told_cell_by_cell(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=inputs")
    page.locator("#memory-charts .distance details summary").click()
    columns = page.locator("#memory-charts .distance tbody tr")
    for at, cell in enumerate(CELLS):
        inputs = ask(server, f"sentiment-{cell}", parts=["inputs"])["layers"][0]["inputs"]
        life = inputs["half_life"]
        said = "> 4 steps" if life is None else f"{life} step{'s' * (life != 1)}"
        expect(page.locator(".memory-cell h3 em").nth(at)).to_have_text(f" half-life in this text {said}")
        assert [row.locator("td").nth(at).inner_text() for row in columns.all()] == [
            magnitude(value) for value in inputs["log10_medians"]
        ]


def test_knob_scales_the_recurrent_weights_live(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    page.locator("#memory-alpha").fill("0.3")  # its decadic logarithm
    expect(page.locator("#memory-alpha-value")).to_have_text("2.00")
    [layer] = ask(server, "sentiment-rnn", parts=["states", "spectra"], alpha=1.995)["layers"]
    largest = shown(layer["spectra"][0]["largest_singular_value"], 2)
    expect(page.locator(".memory-cell").nth(2).locator(".gates td").first).to_have_text(largest)
    assert table(page, "triangle", 2)[4] == [
        magnitude(value) for value in relative(layer["states"]["log10_norms"], "rnn", "states")[4]
    ]
    expect(page).to_have_url(re.compile(re.escape("alpha=1.995")))
    page.reload()
    expect(page.locator(".memory-cell").nth(2).locator(".gates td").first).to_have_text(largest)
    page.locator("#memory-reset").click()
    expect(page.locator(".memory-cell").nth(2).locator(".gates td").first).not_to_have_text(largest)
    expect(page).not_to_have_url(re.compile("alpha"))


def test_untrained_weights_with_the_forget_gates_open_or_not(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    page.locator("#memory-weights").select_option("as PyTorch initialises a network, forget bias 1")
    for at, (cell, weights) in enumerate(
        zip(CELLS, ["untrained, forget bias 1", "untrained", "untrained"], strict=True)
    ):
        [layer] = ask(server, f"sentiment-{cell}", parts=["spectra"], weights=weights)["layers"]
        radius = shown(layer["spectra"][0]["spectral_radius"], 2)
        expect(page.locator(".memory-cell").nth(at).locator(".gates table").last.locator("td").nth(1)).to_have_text(
            radius
        )


def test_weights_as_each_model_started(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=inputs")
    page.locator("#memory-weights").select_option("as this model started")
    for at, cell in enumerate(CELLS):
        [layer] = ask(server, f"sentiment-{cell}", parts=["spectra"], weights="untrained, as it started")["layers"]
        assert [round(each["largest_singular_value"], 4) for each in layer["spectra"]] == [1.0] * len(layer["spectra"])
        expect(page.locator(".memory-cell").nth(at).locator(".gates table").last.locator("td").first).to_have_text(
            "1.00"
        )
    expect(page).to_have_url(re.compile("weights=start"))


def test_training_step_before_and_after_clipping(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states&alpha=2")
    for at, cell in enumerate(CELLS):
        learning = ask(server, f"sentiment-{cell}", parts=["loss"], alpha=2, target=0)["learning"]
        expect(page.locator("#memory-learning tbody tr").nth(at).locator("td")).to_have_text(
            [shown(learning["loss"], 3), *(magnitude(learning[f"log10_{each}"]) for each in ("norm", "clipped"))]
        )


def test_shares_of_the_words_add_up(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    attribution = ask(server, "sentiment-lstm", parts=["attribution"])["attribution"]
    shares = dict(rows(page, "shares"))
    assert shares["integrated gradients"] == [shown(value, 3) for value in attribution["integrated_gradients"]]
    assert shares["gradient × input"] == [shown(value, 3) for value in attribution["gradient_times_input"]]
    expect(page.locator(".memory-cell .shares").first).to_contain_text(
        f"those of all words add up to {shown(attribution['difference'], 3)}"
    )


def test_occlusion_stands_in_for_shares_that_do_not_converge(page: Page, server: httpx2.Client) -> None:
    text = "It is a truth universally acknowledged, that a single man"
    remembered(page, f"/?model=prose-lstm&text={text}#memory=states")
    cell = page.locator(".memory-cell").nth(CELLS.index("lstm"))
    expect(cell.locator(".shares")).to_contain_text("Bars: occlusion, what P(")
    expect(cell.locator(".shares")).to_contain_text("Integrated gradients do not converge here")
    occlusion = ask(server, "prose-lstm", text, parts=["occlusion"])["occlusion"]
    cell.locator(".shares details summary").click()
    assert cell.locator(".shares tbody tr td").all_inner_texts() == [shown(each, 3) for each in occlusion["losses"]]
    expect(cell.locator(".shares .barlayer .point")).to_have_count(len(text))
    for each in ("#memory-charts .distance", "#memory-charts .loss", ".memory-cell .back"):
        expect(page.locator(each).first).to_contain_text("Logarithmic axis: on it, a straight line means exponential")


def test_time_scales_and_saturation(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    [layer] = ask(server, "sentiment-lstm", parts=["time_scales", "saturation"])["layers"]
    scales = layer["time_scales"]
    slowest = scales["ranking"][0]
    tau = scales["tau"][slowest]
    named = page.locator(".slowest button").first
    expect(named).to_have_text(f"{slowest}: {'> 5' if tau is None else shown(tau, 1)}")
    usual = layer["saturation"][0]
    expect(page.locator(".memory-cell .gates").first.locator("tbody tr").first.locator("td")).to_have_text(
        [f"{100 * sum(usual[key]) / 64:.0f} %" for key in ("left", "usual_left", "right", "usual_right")]
    )
    named.click()
    expect(page.locator(".inspector h3")).to_have_text(re.compile(f"unit {slowest} at .* pinned"))


def test_pinned_word_is_looked_back_from_and_a_click_in_the_triangle_pins(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    expect(page.locator(".back h4").first).to_have_text("Seen from “good”")
    page.locator(".token").nth(3).click()
    expect(page.locator(".back h4").first).to_have_text("Seen from “not”")
    triangle = page.locator(".triangle").nth(2)
    triangle.scroll_into_view_if_needed()
    box = triangle.locator(".heatmaplayer image").bounding_box()
    assert box
    x, y = box["x"] + 1.5 / 5 * box["width"], box["y"] + 2.5 / 5 * box["height"]
    page.mouse.move(x, y)
    norms = ask(server, "sentiment-rnn", parts=["states"])["layers"][0]["states"]["log10_norms"]
    norm = relative(norms, "rnn", "states")[2][1]
    expect(page.locator("#tooltip")).to_have_text(f"was by movie: {magnitude(norm)}")
    page.mouse.click(x, y)
    expect(page.locator(".back h4").first).to_have_text("Seen from “was”")
    expect(page.locator(".lit bdi")).to_have_text("was")


def test_typing_moves_it(page: Page) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    type_sentence(page, "bad")
    expect(page.locator(".back h4").first).to_have_text("Seen from “bad”")
    expect(page.locator(".memory-cell h3 em").first).to_have_text(" half-life in this text > 0 steps")
    page.locator("#text").fill("")
    expect(page.locator("#memory-message")).to_have_text("Type a word, and what is remembered appears.")


def test_work_that_lasts_shows_progress_and_can_be_stopped(page: Page) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    held: list[Route] = []
    page.route("**/memory", lambda route: held.append(route))
    page.locator("#memory-shown").select_option("words")
    expect(page.locator("#memory-progress")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="stop", exact=True).click()
    expect(page.locator("#memory-message")).to_have_text("Stopped. Whatever you change next asks again.")
    expect(page.locator("#memory-progress")).to_be_hidden()
    page.unroute("**/memory")
    page.locator("#memory-shown").select_option("inputs")
    expect(page.locator(".triangle h4").first).to_have_text("‖∂hₜ/∂xₖ‖")
    expect(page.locator("#memory-message")).to_have_text("")


def test_cell_that_cannot_answer_says_why_next_to_those_that_can(page: Page, expected_console: list[str]) -> None:
    expected_console.append("the server responded with a status of 413")
    page.route(
        re.compile("sentiment-gru/memory"),
        lambda route: route.fulfill(status=413, json={"detail": "This takes too much."}),
    )
    opened(page, f"/?text={SENTENCE}#memory=states")
    expect(page.locator(".memory-cell .message")).to_have_text(["", "This takes too much.", ""])
    expect(page.locator(".memory-cell .triangle:visible")).to_have_count(2)


@pytest.mark.parametrize("model", ["letters-lstm", "words", "deep", "counts", "labels"])
def test_every_kind_of_model(page: Page, zoo: str, keeper: httpx2.Client, model: str) -> None:
    opened(page, f"{zoo}/?model={model}#memory=inputs&layer=1")
    expect(page.locator(".memory-cell .message").first).to_have_text("")
    text = page.locator("#text").input_value()
    card, answer = keeper.get(f"/api/v1/models/{model}").json(), ask(keeper, model, text, parts=["inputs", "words"])
    layer = answer["layers"][min(1, len(answer["layers"]) - 1)]
    at = page.locator("#models input").evaluate_all(
        "(inputs, id) => inputs.findIndex(({ value }) => value === id)", model
    )
    matrix = layer["inputs"]["log10_norms"]
    assert table(page, "triangle", at) == [[magnitude(value) for value in row] for row in matrix], card
    page.locator("#memory-shown").select_option("words")
    expect(page.locator(".triangle h4").nth(at)).to_have_text("‖∂yₜ/∂eₖ‖")
    matrix = answer["words"]["log10_norms"]
    assert table(page, "triangle", at) == [[magnitude(value) for value in row] for row in matrix]


def test_states_that_pass_all_floats_are_said(page: Page, zoo: str, expected_console: list[str]) -> None:
    expected_console.append("the server responded with a status of 422")
    opened(page, f"{zoo}/?model=letters-relu&text={'ab' * 30}#memory=states&alpha=3")
    expect(page.locator(".memory-cell .message", has_text="Lower alpha")).to_be_visible()


def test_long_text_is_shown_in_part(page: Page) -> None:
    remembered(page, f"/?text={'good ' * 150}#memory=inputs&step=120&unit=0")
    expect(page.locator("#memory-message")).to_have_text("Of this long text: words 22 to 121.")
    expect(page.locator(".back h4").first).to_have_text("Seen from “good”")


def test_cost_is_counted_and_measured(page: Page, server: httpx2.Client) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    costs = page.locator("#memory-cost tbody tr")
    expect(costs).to_have_count(3)
    for at, (cell, ratio) in enumerate(zip(CELLS, (4, 3, 1), strict=True)):
        cost = server.get(f"/api/v1/models/sentiment-{cell}/cost").json()
        cells = costs.nth(at).locator("td").all_inner_texts()
        assert cells[:2] == [f"{cost['recurrent_parameters']:,} (× {ratio})", f"{cost['multiply_adds']:,}"]
        assert all(re.fullmatch(r"\d+\.\d \(\d+\.\d–\d+\.\d\)", each) for each in cells[2:])
    expect(page.locator("#memory-cost p")).to_contain_text("of the forward pass only")
    expect(page.locator("#memory-cost p")).to_contain_text("over 500 steps")
    for cell in CELLS:
        with page.expect_response(f"**/sentiment-{cell}/cost?steps=500"):
            if cell == "lstm":
                page.get_by_role("button", name="measure again").click()
    expect(costs).to_have_count(3)


def test_loss_is_that_of_one_target_for_all_cells(page: Page, server: httpx2.Client) -> None:
    text = "I never thought it would be this good"  # of which the cells say different things
    remembered(page, f"/?text={text}#memory=states")
    said = side(trace(server, "sentiment-lstm", text))
    expect(page.locator(".loss figcaption")).to_contain_text(f"if “{said}” were to be learned")
    for at, cell in enumerate(CELLS):
        learning = ask(server, f"sentiment-{cell}", text, parts=["loss"], target=int(said == "positive"))["learning"]
        expect(page.locator("#memory-learning tbody tr").nth(at).locator("td").first).to_have_text(
            shown(learning["loss"], 3)
        )


def test_arrow_keys_move_the_slider_at_every_place(page: Page) -> None:
    remembered(page, f"/?text={SENTENCE}#memory=states")
    slider = page.locator("#memory-alpha")
    for key, end in (("Home", "0.10"), ("End", "3.00")):
        slider.press(key)
        expect(page.locator("#memory-alpha-value")).to_have_text(end)
    slider.press("Home")
    for _ in range(3):
        before = slider.input_value()
        with page.expect_response("**/memory"):
            slider.press("ArrowRight")
        expect(page.locator("#memory-busy")).to_be_hidden()
        assert float(slider.input_value()) > float(before)


def test_what_was_stopped_leaves_nothing_that_breaks(page: Page) -> None:
    held_back(page)
    page.get_by_role("button", name="stop", exact=True).click()
    page.set_viewport_size({"width": 1000, "height": 900})
    box = page.locator(".triangle .heatmaplayer image").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.9 * box["height"])  # a word that is there no more
    page.locator(".token").first.click()
    expect(page.locator(".inspector h3")).to_contain_text("at good")
    page.unroute("**/memory")


def test_blank_text_ends_what_is_under_way(page: Page) -> None:
    held_back(page)
    page.locator("#text").fill("")
    expect(page.locator("#memory-message")).to_have_text("Type a word, and what is remembered appears.")
    expect(page.locator("#memory-progress")).to_be_hidden()


def test_a_factor_is_offered_only_where_there_are_recurrent_weights(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=scanned#memory=states&alpha=2")
    expect(page.locator("#memory-cells")).to_contain_text("A minGRU has no recurrent weights")
    expect(page.locator("#memory-unscaled")).to_have_text("no recurrent weights to scale")
    expect(page.locator("#memory-alpha")).to_be_hidden()
    expect(page.locator("#memory-reset")).to_be_hidden()
    expect(page.locator(".memory-cell .gates table")).to_have_count(1)
    page.locator("#task").select_option("each")
    expect(page.locator("#memory-alpha")).to_be_visible()
    expect(page.locator("#memory-unscaled")).to_be_hidden()
    expect(page.locator(".memory-cell")).to_have_count(5)
    expect(page.locator(".memory-cell", has_text="no recurrent weights")).to_have_count(1)


def test_the_share_kept_is_named_by_the_cell(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=scanned#memory=kept")
    expect(page.locator("#memory-says")).to_contain_text("∏ (1 − z): ")
    expect(page.locator(".memory-cell .scales")).to_contain_text("m the geometric mean of (1 − z) up to each word")
    page.goto(f"{zoo}/?model=lstm#memory=kept")
    expect(page.locator("#memory-says")).to_contain_text("∏ f, ∏ z: ")
    expect(page.locator(".memory-cell").nth(2)).to_contain_text(
        "A plain RNN has no such path: no gate keeps its state."
    )


def test_each_cell_has_the_hue_and_line_of_its_description(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=each-lstm#memory=inputs")
    expect(page.locator(".memory-cell .triangle .heatmaplayer image")).to_have_count(5)
    lines = page.locator(".distance .plot").evaluate("(plot) => plot.data.map(({ line }) => [line.color, line.dash])")
    dashes = {"solid": "solid", "dashed": "6px,3px", "dotted": "1.5px,3px", "dash-dotted": "7px,3px,1.5px,3px"}
    cells = [cell_named(name) for name in CELL_NAMES]
    assert lines == [[cell.hue.light, dashes.get(cell.line, "12px,4px")] for cell in cells]
    swatches = page.locator(".distance .swatch")
    for at, cell in enumerate(cells):
        expected = f"rgb({', '.join(str(int(cell.hue.light[i : i + 2], 16)) for i in (1, 3, 5))})"
        expect(swatches.nth(at)).to_have_css("border-top-color", expected)
        expect(swatches.nth(at)).to_have_attribute("data-line", cell.line)
