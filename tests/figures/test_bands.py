"""Bands: their heights are amounts on one scale, in the numbers and in the paths that are drawn."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from gatescope.figures.bands import MOST, ageing_bands, band_paths, pushing_bands, word_names, words_in
from gatescope.figures.columns import columns_of
from gatescope.figures.screen import first_screen
from gatescope.figures.subject import Subject, subject_of
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.recurrent.trace import trace as trace_of
from networks import random_network, random_tokens

from .pictures import BUT, NOT_GOOD, subject

NUMBER = r"-?\d+(?:\.\d)?"


@pytest.mark.parametrize("text", [NOT_GOOD, BUT])
@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru"])
def test_the_heights_of_paths_are_amounts(name: str, text: str) -> None:
    of = subject(name, text)
    assert of.parts is not None
    scale, base = 7.3, 400.0
    bands, columns = pushing_bands(of, scale, 3.0, base), columns_of(of.words, 800)
    drawn = {
        int(k): d for svg in band_paths(bands, columns, "x") for k, d in re.findall(r'data-k="(\d+)".*d="(.*?)"', svg)
    }
    last = len(of) - 1
    for k in range(len(of)):
        if k not in drawn:
            assert (of.parts.amounts[:, k] * scale < bands.thin).all()
            continue
        upper, lower = edges_at(drawn[k], columns.starts[k])
        below = base - scale * of.parts.amounts[k, :k].sum()
        assert lower == pytest.approx(below, abs=0.11)
        assert lower - upper == pytest.approx(scale * of.parts.amounts[k, k], abs=0.11)
        if of.parts.amounts[last, k] * scale >= bands.thin:
            [_, end, low] = re.findall(rf"(H)({NUMBER})V({NUMBER})", drawn[k])[-1]
            assert float(end) == pytest.approx(columns.ends[last], abs=0.06)
            assert float(low) == pytest.approx(base - scale * of.parts.amounts[last, :k].sum(), abs=0.11)


def edges_at(path: str, x: float) -> tuple[float, float]:
    """Return the y of the upper and of the lower edge where a band's first plateau begins."""
    first = re.match(rf"M{NUMBER} {NUMBER}C{NUMBER} {NUMBER} {NUMBER} {NUMBER} ({NUMBER}) ({NUMBER})", path)
    back = re.search(rf"H({NUMBER})C{NUMBER} ({NUMBER}) {NUMBER} {NUMBER} {NUMBER} {NUMBER}Z$", path)
    assert first
    assert back
    assert float(first[1]) == float(back[1]) == pytest.approx(x, abs=0.06)
    return float(first[2]), float(back[2])


def test_what_is_too_thin_is_drawn_as_the_ground() -> None:
    of = subject("sentiment-lstm", " ".join([BUT] * 12))
    assert of.parts is not None
    assert of.shares is not None
    bands = pushing_bands(of, 1.0, 3.0, 300.0)
    assert np.count_nonzero(bands.heights >= bands.thin) <= MOST
    [ground] = [svg for svg in band_paths(bands, columns_of(of.words, 800), "x") if 'class="ground' in svg]
    assert ground.count("<path") == 1
    for band in range(len(bands.names)):
        drawn = bands.last(band)
        assert (bands.heights[(drawn or -1) + 1 :, band] < bands.thin).all()


@pytest.mark.parametrize(("columns", "kind"), [(900, "band"), (700, "band dense")])
def test_bands_closer_than_their_outlines_can_be_told_apart_have_none(columns: float, kind: str) -> None:
    of = subject("sentiment-lstm", " ".join([BUT] * 15))  # 135 words
    bands = pushing_bands(of, 40.0, 3.0, 300.0)
    drawn = "".join(band_paths(bands, columns_of(of.words, columns), "x"))
    assert set(re.findall(r'<path class="(band(?: dense)?)', drawn)) == {kind}


def test_words_of_characters_end_where_letters_end() -> None:
    of = subject("prose-lstm", '"You are, she said.')
    starts = words_in(of)
    assert word_names(of, starts) == ["You", "are", "she", "said", "."]
    assert starts.tolist() == [0, 4, 8, 13, 18]


def test_ageing_bands_hold_all_that_was_written_during_a_word() -> None:
    of = subject("prose-lstm", '"You are, she said.')
    assert of.parts is not None
    bands = ageing_bands(of, 2.0, 100.0)
    np.testing.assert_allclose(bands.heights.sum(axis=1), 2 * of.parts.amounts.sum(axis=1))
    np.testing.assert_allclose(bands.heights[:, 2], 2 * of.parts.amounts[:, 4:8].sum(axis=1))
    assert bands.colours[-1].tolist() == [2, 2, 2, 2, 1, 0]


@pytest.fixture
def backward() -> Subject:
    """A network that reads in both directions, by what it reads from the end."""
    network = random_network(cell="lstm", bidirectional=True, outputs=1)
    trace = trace_of(network, random_tokens(6))
    return subject_of(trace, decompose(trace, direction="backward"), None)


def test_bands_that_are_read_from_the_end_go_on_to_the_left(backward: Subject) -> None:
    assert backward.parts is not None
    scale, base, steps = 9.0, 300.0, len(backward)
    bands, columns = pushing_bands(backward, scale, 3.0, base), columns_of(backward.words, 600)
    assert [bands.firsts[band] for band in range(1, steps + 1)] == [5, 4, 3, 2, 1, 0]
    assert list(bands.steps(1)) == [5, 4, 3, 2, 1, 0]
    svg = "".join(band_paths(bands, columns, "x"))
    assert svg.startswith('<g transform="matrix(-1 0 0 1 600 0)">')
    drawn = {int(k): d for k, d in re.findall(r'data-k="(\d+)"[^>]* d="(.*?)"', svg)}
    for k, path in drawn.items():
        upper, lower = edges_at(path, columns.mirrored().starts[steps - 1 - k])
        assert lower == pytest.approx(base - scale * backward.parts.amounts[k, k + 1 : steps].sum(), abs=0.11)
        assert lower - upper == pytest.approx(scale * backward.parts.amounts[k, k], abs=0.11)


def test_what_the_other_direction_pushes_has_a_line_of_its_own(backward: Subject) -> None:
    fragment = first_screen(backward.trace, backward.parts, None)
    root = ElementTree.fromstring(fragment)
    texts = ["".join(each.itertext()).replace("−", "-") for each in root.iter("text")]
    rest = float(texts[texts.index("other direction") + 1])
    assert backward.parts is not None
    assert backward.parts.shares is not None
    assert backward.parts.bias is not None
    probability = float(backward.trace.outputs[-1, 0])
    logit = np.log(probability / (1 - probability))
    expected = logit - backward.parts.bias - backward.parts.shares[-1].sum()
    assert rest == pytest.approx(expected, abs=0.006)
