"""The first screen of shipped models: whole, exact, escaped, and nothing of it overflows."""

import json
import re
from collections.abc import Sequence
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from gatescope.figures.frame import GUTTER
from gatescope.figures.invisible import shown
from gatescope.figures.push_colours import level
from gatescope.figures.screen import first_screen
from gatescope.figures.stylesheet import stylesheet
from gatescope.figures.terms import terms_of
from gatescope.figures.total import WIDTH as SUM
from gatescope.recurrent.decomposition.measure import decompose
from hostile import HOSTILE

from .pictures import BUT, NAMES, NOT_GOOD, WIDTHS, Placed, placed, screen, shipped, subject, traced

examples = pytest.mark.parametrize("name", NAMES)


def parsed(fragment: str) -> ElementTree.Element:
    """Return a fragment as XML, which it is too."""
    return ElementTree.fromstring(fragment)


def numbers(fragment: str) -> dict:
    """Return what the page's script reads."""
    [script] = parsed(fragment).iter("script")
    return json.loads(script.text or "")


@examples
def test_it_is_well_formed_and_holds_no_style_and_no_handlers(name: str) -> None:
    for text in shipped(name).config.examples:
        for width in (None, 984, 358):
            fragment = screen(name, text, width=width)
            root = parsed(fragment)
            attributes = {attribute for each in root.iter() for attribute in each.attrib}
            assert "style" not in attributes
            assert not {each for each in attributes if each.startswith("on")}
            assert "NaN" not in fragment
            assert "inf" not in re.findall(r'"([^"]*)"', fragment)
            ids = [each.get("id") for each in root.iter() if each.get("id")]
            assert len(ids) == len(set(ids))
            assert set(re.findall(r"url\(#(.*?)\)", fragment)) <= set(ids)


@pytest.mark.parametrize("hostile", [*HOSTILE, "\ud800"])
@pytest.mark.parametrize("width", [None, 984, 358])
def test_text_is_escaped(hostile: str, width: int | None) -> None:
    fragment = screen("sentiment-lstm", f"{hostile} good", width=width)
    root = parsed(fragment)
    kinds = {each.tag for each in root.iter()}
    assert not kinds & {"img", "b:script"}
    assert sum(each.tag == "script" for each in root.iter()) == 1
    told = "".join(root.itertext())
    for token in traced("sentiment-lstm", f"{hostile} good")[0].tokens:
        assert shown(token.text) in told


@examples
@pytest.mark.parametrize("width", [width for width in WIDTHS if width >= 700])
def test_nothing_overflows_in_the_widest_font(name: str, width: int) -> None:
    for text in shipped(name).config.examples:
        root = parsed(screen(name, text, width=width))
        for kind, wide in (("gutter", GUTTER), ("chart", width - GUTTER - SUM), ("sum", SUM)):
            [svg] = (each for each in root.iter("svg") if each.get("class") == kind)
            texts = list(placed(svg, wide))
            assert texts or kind == "sum"
            for each in texts:
                assert each.left >= -12, each
                assert each.right <= wide + 12, each
            assert not overlapping(texts), (text, overlapping(texts))


def overlapping(texts: Sequence[Placed]) -> list[tuple[str, str]]:
    """Return the texts that lie on one another; a mark lies where it likes, on a ground of its own."""
    lying = [each for each in texts if not each.kinds & {"mark", "called"} and each.text.strip()]
    return [
        (one.text, other.text)
        for one, other in combinations(lying, 2)
        if min(one.right, other.right) - max(one.left, other.left) > 1
        and min(one.baseline, other.baseline) - max(one.baseline - 0.7 * one.size, other.baseline - 0.7 * other.size)
        > 1
    ]


@examples
def test_a_line_of_the_narrow_form_fits(name: str) -> None:
    for text in shipped(name).config.examples:
        root = parsed(screen(name, text, width=358))
        for line in root.iter("svg"):
            if line.get("class") == "remembered":
                assert all(each.right <= 345 for each in placed(line, 340)), text


@pytest.mark.parametrize("text", [NOT_GOOD, BUT])
@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru"])
def test_the_numbers_for_the_script_are_those_of_the_decomposition(name: str, text: str) -> None:
    trace, parts = traced(name, text)
    assert parts is not None
    assert parts.change is not None
    assert parts.shares is not None
    data, steps = numbers(screen(name, text, width=984)), len(trace)
    assert data["words"] == [token.text for token in trace.tokens]
    np.testing.assert_allclose(data["verdict"]["values"], trace.outputs[:, 0], atol=5e-5)
    np.testing.assert_allclose(data["verdict"]["logits"], parts.shares.sum(axis=1) + parts.bias, atol=5e-5)
    arrays = {"amounts": parts.amounts, "pushes": parts.shares}
    arrays |= {"forgetting": parts.change.forgetting, "letting_out": parts.change.letting_out}
    for key, array in arrays.items():
        for t, row in enumerate(data[key]):
            expected = [*array[t, : t + 1], *array[t, steps:]]
            np.testing.assert_allclose(np.array(row, dtype=float), expected, atol=5e-5, err_msg=key)
    np.testing.assert_allclose(np.array(data["remaining"], dtype=float), parts.remaining, atol=5e-5)
    np.testing.assert_allclose(data["new"], parts.new, atol=5e-5)
    for row in data["rows"]:
        gate = trace.layer()[row["letter"]].astype(np.float64)
        np.testing.assert_allclose(row["means"], (1 - gate if row["complement"] else gate).mean(axis=1), atol=5e-5)
        [usual] = [s for s in shipped(name).statistics.activations if s.activation == row["letter"]]
        mean = np.mean(usual.mean)
        assert row["usual"] == pytest.approx(1 - mean if row["complement"] else mean)


def texts_of(svg: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()) for each in svg.iter("text")]


def test_the_sum_adds_up_to_the_verdict() -> None:
    trace, parts = traced("sentiment-lstm", NOT_GOOD)
    assert parts is not None
    assert parts.shares is not None
    root = parsed(screen("sentiment-lstm", NOT_GOOD, width=984))
    [svg] = (each for each in root.iter("svg") if each.get("class") == "sum")
    texts = [each.replace("−", "-") for each in texts_of(svg)]
    probability = float(trace.outputs[-1, 0])
    assert f"P = {probability:.2f}" in texts
    assert f"{np.log(probability / (1 - probability)):+.2f}" in texts
    [bias] = [float(texts[n + 1]) for n, each in enumerate(texts) if each == "bias"]
    listed = [float(each) for each in texts if re.fullmatch(r"[+-]?\d\.\d\d", each)][1:-2]
    total = float(texts[texts.index("add up to") + 1])
    assert bias == pytest.approx(parts.bias, abs=0.005)
    assert sum(listed) + bias == pytest.approx(total, abs=0.005 * (len(listed) + 2))


def test_the_memory_is_a_list_of_lines_too() -> None:
    _, parts = traced("sentiment-lstm", NOT_GOOD)
    assert parts is not None
    root = parsed(screen("sentiment-lstm", NOT_GOOD))
    [lines] = (each for each in root.iter("ol"))
    told = ["".join(each.itertext()).replace("\u202f", " ") for each in lines]
    assert [each.split(":")[0] for each in told] == NOT_GOOD.split()
    assert f"{round(100 * parts.new[3])} % of the memory is new" in told[3]
    assert f"{round(100 * parts.remaining[3])} % of the old memory remains" in told[3]


def test_without_statistics_nothing_is_usual() -> None:
    trace, parts = traced("sentiment-lstm", NOT_GOOD)
    fragment = first_screen(trace, parts, None, width=984)
    kinds = {kind for each in parsed(fragment).iter() for kind in (each.get("class") or "").split()}
    assert not kinds & {"usual", "unusual", "usual-line"}
    assert "(this text)" in fragment
    assert "(this text)" not in first_screen(trace, parts, None, width=984, push_scale=3.0)


def test_the_names_of_both_sides_stand_whole_at_the_scale() -> None:
    model = shipped("snow-lstm")
    root = parsed(screen("snow-lstm", model.config.examples[0], width=984))
    [gutter] = (each for each in root.iter("svg") if each.get("class") == "gutter")
    sides = [each for each in placed(gutter, GUTTER) if each.text in ("bare ground", "snow lies")]
    assert [each.text for each in sides] == ["bare ground", "snow lies"]
    assert all(0 <= each.left < each.right <= GUTTER for each in sides)
    assert sides[0].baseline + sides[1].size <= sides[1].baseline + 1


def test_the_chosen_step_is_marked_and_another_is_ignored() -> None:
    def chosen(**options: int) -> list[str | None]:
        root = parsed(screen("sentiment-lstm", NOT_GOOD, width=984, **options))
        return [each.get("data-t") for each in root.iter("rect") if each.get("class") == "column chosen"]

    assert chosen(chosen=2) == ["2"]
    assert chosen(chosen=99) == chosen() == chosen(chosen=-1)


def test_both_forms_or_the_one_that_is_asked_for() -> None:
    def forms(width: int | None) -> list[str]:
        return [
            each
            for each in ("wide picture", "medium picture", "narrow")
            if f'class="{each}"' in screen("sentiment-gru", BUT, width=width)
        ]

    assert forms(None) == ["wide picture", "medium picture", "narrow"]
    assert forms(984) == ["wide picture"]
    assert forms(358) == ["narrow"]


def test_an_edit_leaves_an_outline_of_what_was_there() -> None:
    model = shipped("sentiment-lstm")
    step = NOT_GOOD.split().index("not")
    edited = model.trace(NOT_GOOD, [{"letter": "i", "steps": [step], "hold": 0.0}])
    trace, parts = traced("sentiment-lstm", NOT_GOOD)
    fragment = first_screen(edited, decompose(edited), model.statistics, width=984, before=(trace, parts))
    root = parsed(fragment)
    kinds = [each.get("class") for each in root.iter()]
    assert kinds.count("ghost") == 2
    assert [each.text for each in root.iter("text") if each.get("class") == "hollow"] == ["not"]
    assert f"without your change {trace.outputs[-1, 0]:.2f}" in " ".join(texts_of(root))


@pytest.mark.parametrize("name", ["sentiment-rnn", "prose-lstm", "agreement-gru"])
def test_forms_without_pushes_have_no_sum(name: str) -> None:
    fragment = screen(name, shipped(name).config.examples[0], width=984)
    has_verdict = subject(name, shipped(name).config.examples[0]).verdict is not None
    assert ("add up to" in fragment) is has_verdict


def test_classes_of_pictures_have_rules() -> None:
    css = stylesheet()
    root = parsed(screen("sentiment-lstm", BUT))
    kinds = {kind for each in root.iter() for kind in (each.get("class") or "").split()}
    unstyled = {
        "lean",
        "sum",
        "gates",
        "reads",
        "stretched",
        "gutter",
        "read",
        "note",
        "remembered",
        "lines",
        "numbers",
        "one",
        "line",
    }
    assert not {kind for kind in kinds - unstyled if f".{kind}" not in css}


@pytest.mark.parametrize("name", ["agreement-lstm", "agreement-rnn"])
def test_a_class_that_was_chosen_has_a_verdict_against_another(name: str) -> None:
    model, text = shipped(name), "the keys near the cabinet are old."
    outputs = (model.config.outputs.index("are"), model.config.outputs.index("is"))
    trace = model.trace(text)
    has_memory = model.config.network.cell_definition.memory is not None
    parts = decompose(trace, output=outputs) if has_memory else None
    fragment = first_screen(trace, parts, model.statistics, terms=terms_of(model), width=984, outputs=outputs)
    one, other = (trace.outputs[:, output].astype(float) for output in outputs)
    texts = [each.replace("−", "-") for each in texts_of(parsed(fragment))]
    assert float(texts[texts.index("add up to") + 1]) == pytest.approx(np.log(one[-1] / other[-1]), abs=0.006)
    assert f"P = {one[-1] / (one[-1] + other[-1]):.2f}" in texts
    np.testing.assert_allclose(numbers(fragment)["verdict"]["values"], one / (one + other), atol=6e-5)
    if parts is not None:
        with pytest.raises(ValueError, match=r"^the decomposition is of outputs"):
            first_screen(trace, parts, None, outputs=outputs[::-1])


LONG = " ".join([BUT] * 5)


def test_a_long_text_has_its_turns_as_lines_and_stands_there_in_the_colours_of_its_pushes() -> None:
    _, parts = traced("sentiment-lstm", LONG)
    assert parts is not None
    assert parts.shares is not None
    root = parsed(screen("sentiment-lstm", LONG, width=984))
    [moments] = [each for each in root.iter("div") if each.get("class") == "below moments"]
    assert 2 <= sum(each.tag == "tbody" for each in moments.iter()) <= 4
    [tinted] = [each for each in root.iter("div") if each.get("class") == "below tinted"]
    assert "".join(tinted[1].itertext()) == LONG
    scale = numbers(screen("sentiment-lstm", LONG, width=984))["scale"]
    for t, each in enumerate(tinted.iter("span")):
        step = level(float(parts.shares[-1, t]), scale)
        assert (f"p{step}" in (each.get("class") or "").split()) is (step != 0)
    short = screen("sentiment-lstm", BUT, width=984)
    assert "moments" not in short
    assert "tinted" not in short


@pytest.mark.parametrize(("name", "ages"), [("prose-lstm", 3), ("prose-rnn", 0)])
def test_ages_are_explained_where_there_are_any(name: str, ages: int) -> None:
    root = parsed(screen(name, "It is", width=1400))
    swatches = [each for each in root.iter("rect") if (each.get("class") or "").startswith("swatch")]
    assert len(swatches) == ages
