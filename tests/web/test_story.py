"""The story says what the shipped models do: every number in it is held to them."""

import html
import re
import runpy
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import orjson
import pytest
from gatescope.main import create_app
from gatescope.recurrent import cost
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.recurrent.edits.short_form import from_listed_form
from gatescope.recurrent.trace import ENGINES
from gatescope.settings import Settings
from gatescope.store.loading import load_model
from gatescope.web.look import Look
from gatescope.web.screen import Run, run
from gatescope.web.story.chapter import Chapter, Hold, Measure, Show
from gatescope.web.story.chapters import CHAPTERS, TOUR
from gatescope.web.story.figures import MEASURED
from serving import client
from starlette.testclient import TestClient

from .embedded import embedded, notice

MODELS = Path(__file__).parents[2] / "models"
MEASURE = runpy.run_path(str(Path(__file__).parents[2] / "scripts/story.py"))
NUMBERED = [pytest.param(each, id=str(number)) for number, each in enumerate(CHAPTERS, 1)]
WORDS, NUMBERS = 40, 2


@pytest.fixture(scope="module")
def site() -> TestClient:
    return TestClient(create_app(Settings()))


def seen(chapter: Chapter, edits: str | None = None, model: str = "") -> Run:
    """What the picture of a chapter shows, or that of the same with other edits."""
    look = chapter.look
    shown = load_model(MODELS / (model or look.model))
    applied = from_listed_form(look.edits if edits is None else edits)
    return run(shown, look.text or "", applied, Look(), Settings())


def verdicts(run: Run) -> Sequence[float]:
    verdict = run.subject.verdict
    assert verdict is not None
    return [float(each) for each in verdict.values]


def plain_text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", markup))


@pytest.mark.parametrize("chapter", NUMBERED)
def test_a_card_is_short(chapter: Chapter) -> None:
    before = [chapter.title, plain_text(chapter.told), chapter.action.label, *getattr(chapter.action, "choices", ())]
    outcome = re.sub(r"<span class=.live.[^>]*>", "0.00", chapter.outcome)
    after = [plain_text(chapter.told), "Done:", plain_text(outcome)]
    for card in (before, after):
        assert len(" ".join(card).split()) <= WORDS, card
    assert chapter.told.count("<data") + chapter.outcome.count('class="live"') <= NUMBERS


@pytest.mark.parametrize("chapter", NUMBERED)
def test_every_number_is_marked_and_right(chapter: Chapter) -> None:
    bare = plain_text(re.sub(r"<data[^>]*>[^<]*</data>", "", chapter.told)) + plain_text(chapter.outcome)
    assert not re.search(r"\d", bare), "a number that nothing holds"
    assert re.findall(r'<data value="([^"]*)"', chapter.told) == [each.shown for each in chapter.numbers.values()]
    for number in chapter.numbers.values():
        model = load_model(MODELS / number.of["model"])
        if "distance" in number.of:
            for engine in ENGINES:
                cell = model.config.network.cell
                value = 10 ** MEASURE["gradients"](cell, 1.0, engine)[int(number.of["distance"])]
                assert number.shown == written(value)
        else:
            row = model.trace(number.of["text"]).layer()[number.of["letter"]][int(number.of["step"])]
            assert number.shown == f"{row.mean():.2f}"


def written(value: float) -> str:
    """A small number to two digits, as the page writes it."""
    mantissa, exponent = f"{value:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{value:.2g}" if value >= 1e-3 else f"{mantissa} · 10{raised}"


def test_what_the_chapters_say_is_true() -> None:
    """In the order of the chapters; what a action brings about holds wherever it counts as done."""
    shut, older, kept, letting, update, reset, _, both = CHAPTERS
    amounts = seen(shut).parts.amounts[3]  # type: ignore[union-attr]
    assert amounts[3] > 0.5 * amounts.sum(), "the band of “not” is most of the memory"
    assert verdicts(seen(shut))[-1] < 0.5
    assert all(verdicts(seen(shut, f"i@3={value}"))[-1] > 0.5 for value in (0, 0.05, 0.1)), "the verdict flips"

    assert seen(older).trace.layer()["f"].mean(axis=1).argmin() == 4, "it is lowest at “but”"
    before = seen(older).parts.amounts  # type: ignore[union-attr]
    assert before[4, 3] < 0.5 * before[3, 3], "older bands shrink"
    for value in (0.95, 1):
        held = seen(older, f"f@4={value}")
        amounts = held.parts.amounts  # type: ignore[union-attr]
        assert amounts[4, 3] > 0.9 * amounts[3, 3], "“terrible” stays"
        assert verdicts(held)[-1] < verdicts(seen(older))[-1] - 0.3

    parts = seen(kept).parts
    assert parts is not None
    written_at = np.diag(parts.amounts)[:6]
    assert (parts.amounts[-1, :6] > 0.99 * written_at).all(), "every band reaches the end"
    for value in (0.8, 0.7):
        faded = seen(kept, f"f={value}")
        assert verdicts(faded)[4] > 0.5 > verdicts(seen(kept))[4], "it expects the end one “b” too early"
    flag = load_model(MODELS / "flag-lstm").trace(MEASURE["FLAG"])
    share = decompose(flag).amounts[-1]
    assert share[0] < 0.01 * share.sum(), "the flag is rewritten through h: its band is gone"
    ends = {cell: MEASURE["flag"](cell)[-1] for cell in ("lstm", "gru", "rnn")}
    assert ends["lstm"] > 0.99
    assert ends["gru"] > 0.99
    opposite = load_model(MODELS / "flag-rnn").trace("-" + MEASURE["FLAG"][1:]).outputs[-1, 0]
    assert ends["rnn"] == pytest.approx(float(opposite), abs=1e-3), "the plain RNN says the same of either flag"
    assert len(MEASURE["FLAG"]) == 52

    for value in (0, 0.05):
        closed = seen(letting, f"o@4={value}")
        assert closed.parts.amounts[4] == pytest.approx(seen(letting).parts.amounts[4])  # type: ignore[union-attr]
        assert abs(verdicts(closed)[-1] - 0.5) < 0.06, "the verdict hardly sees it"

    assert isinstance(update.action, Show)
    gru = seen(update, model=update.action.model)
    assert gru.model.config.network.cell_definition.states == "h", "no cell state"
    verbs = {row.role.verb: row for row in gru.subject.rows}
    assert verbs["keeps"].means + verbs["writes"].means == pytest.approx(1)

    for value in (0, 0.1):
        blind = seen(reset, f"r@4={value}")
        assert blind.parts.shares[4, 4] > 0 > seen(reset).parts.shares[4, 4], "its push turns positive"  # type: ignore[union-attr, index]
        assert verdicts(blind)[-1] > verdicts(seen(reset))[-1] + 0.1

    for cell in ("lstm", "gru", "rnn"):
        for engine in ENGINES:
            assert MEASURE["gradients"](cell, 2.0, engine)[-1] > 3, "they explode, gates or not"

    assert isinstance(both.action, Measure)
    models = [load_model(MODELS / each) for each in both.action.models]
    assert all(verdicts(seen(both, model=each))[-1] < 0.1 for each in both.action.models), "both read “not good”"
    for count in (cost.parameters, cost.multiply_adds):
        lstm, gru = (count(each.network) for each in models)
        assert 4 * gru == 3 * lstm


def test_the_figures_show_what_was_measured() -> None:
    """Where states are chaotic, a curve depends on the last digit of a sum: only how it begins and how far it gets."""
    saved = orjson.loads(MEASURED.read_bytes())
    fresh = MEASURE["measured"]()
    assert {name: [*each] for name, each in saved["gradients"].items()} == {
        name: [*each] for name, each in fresh["gradients"].items()
    }
    for cell, curve in saved["gradients"]["as trained"].items():
        assert curve == pytest.approx(fresh["gradients"]["as trained"][cell], abs=0.01)
        doubled, again = saved["gradients"]["doubled"][cell], fresh["gradients"]["doubled"][cell]
        assert doubled[:4] == pytest.approx(again[:4], abs=0.1)
        assert doubled[-1] > 3
        assert again[-1] > 3
    for cell, curve in saved["flag"].items():
        assert curve == pytest.approx(fresh["flag"][cell], abs=0.002)


@pytest.mark.parametrize("number", range(1, len(CHAPTERS) + 1))
def test_a_chapter_stands_in_the_page_without_a_script(site: TestClient, number: int) -> None:
    page = site.get(f"/?chapter={number}").text
    assert notice(page) == ""
    cards = re.findall(r'<article data-chapter="(\d)"[^>]*?( hidden)?>', page)
    assert [int(card) for card, hidden in cards if not hidden] == [number]
    assert page.index(f'data-chapter="{number}"') < page.index('id="first-screen"')
    card = page[page.index(f'data-chapter="{number}"') :].split("</article>")[0]
    turns = {name: int(to) for name, to in re.findall(r'rel="(prev|next)" href="\?chapter=(\d)"', card)}
    around = {"prev": number - 1, "next": number + 1}
    assert turns == {name: to for name, to in around.items() if 1 <= to <= len(CHAPTERS)}
    look = CHAPTERS[number - 1].look
    boot = embedded(page, "boot")
    assert (boot["model"], boot["text"], boot["compare"]) == (look.model, look.text, look.compare)
    assert f'data-chosen="{look.step}"' in page


@pytest.mark.parametrize("chapter", [each for each in NUMBERED if isinstance(each.values[0].action, Hold | Show)])  # type: ignore[union-attr]
def test_the_link_of_a_deed_leads_to_it(site: TestClient, chapter: Chapter) -> None:
    page = site.get("/" + chapter.link).text
    assert notice(page) == ""
    assert f'href="{html.escape(chapter.link)}"' in page
    action = chapter.action
    if isinstance(action, Show):
        assert embedded(page, "boot")["model"] == action.model
        return
    assert isinstance(action, Hold)
    [edit] = from_listed_form(parse_qs(urlsplit(chapter.link).query)["edits"][0])
    assert edit.letter == action.letter
    assert action.most is None or action.value <= action.most
    assert action.least is None or action.value >= action.least
    assert "without your change" in page


def test_what_an_address_states_besides_its_chapter_is_kept(site: TestClient) -> None:
    boot = embedded(site.get("/?chapter=2&model=sentiment-gru&text=my+own+words").text, "boot")
    assert (boot["model"], boot["text"]) == ("sentiment-gru", "my own words")
    assert 'data-chosen="2"' in site.get("/?chapter=2&step=2").text


@pytest.mark.parametrize("chapter", ["0", "9", "99", "-1", "two", "1.5", ""])
def test_an_unknown_chapter_is_named_and_ignored(site: TestClient, chapter: str) -> None:
    page = site.get(f"/?chapter={chapter}").text
    assert notice(page) == f"The address says chapter={chapter}, which means nothing here."
    assert re.search(r'id="story"[^>]* hidden', page)


def test_addresses_of_the_tour_lead_to_the_chapter_that_tells_the_same(site: TestClient) -> None:
    assert embedded(site.get("/").text, "boot")["tour"] == {str(old): new for old, new in TOUR.items()}
    assert [*TOUR] == [*range(1, 11)]
    told = {
        1: "plain RNN rewrites",
        2: "gates",
        3: "forget gate",
        4: "Input gates",
        5: "output gate",
        6: "no cell state",
        7: "update gate",
        8: "reset gate",
        9: "three blocks of weights",
        10: "not",
    }
    for old, words in told.items():
        chapter = CHAPTERS[TOUR[old] - 1]
        assert words in f"{chapter.title} {plain_text(chapter.told)}", old


def test_story_is_not_offered_without_its_models(models: Path) -> None:
    page = client(models).get("/").text
    assert re.search(r'id="start-story" hidden', page)
    assert embedded(page, "boot")["chapters"] == []
    assert "chapter=1" in notice(client(models).get("/?chapter=1").text)
