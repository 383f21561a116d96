"""The finding: short, plain, and true by what the trace and the decomposition say."""

import re

import findings
import numpy as np
import pytest
from gatescope.figures.finding.rule import TABLE, change_in_words, finding_of
from gatescope.figures.finding.statement import MOST_MARKS, MOST_NUMBERS, MOST_WORDS, Finding

from ..pictures import BUT, NAMES, NOT_GOOD, shipped, subject, traced
from .loops import amounts_and_pushes

NUMBER = re.compile(r"(?<![\w“])[+−]?\d+(?:\.\d+)?(?!\d|st|nd|rd|th)")  # the 11th “a” is a name


def texts(name: str) -> list[str]:
    """Return what the page of findings has for a model."""
    task = shipped(name).config.task
    return list(dict.fromkeys([*shipped(name).config.examples, *findings.TEXTS.get(task, ())]))


def outside_quotes(text: str) -> str:
    """Return a finding without the words of the text, or the labels such as 8 Jan, that it names."""
    return re.sub(r"“[^”]*”|\b\w+\u00a0\w+", "“”", text)


def numbers(found: Finding) -> list[float]:
    """Return the numbers of a finding, in order."""
    return [float(each.replace("−", "-")) for each in NUMBER.findall(outside_quotes(found.text))]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_short_and_its_marks_stand_somewhere(name: str) -> None:
    for text in texts(name):
        of = subject(name, text)
        found = finding_of(of)
        told = outside_quotes(found.text)
        assert len(found.text.split()) <= MOST_WORDS, found.text
        assert len(numbers(found)) <= MOST_NUMBERS, found.text
        assert len(found.spots) <= MOST_MARKS
        assert "because" not in told
        assert not re.search(r"\ba (?:8|11|18|8\d)\b", told)
        assert told[0].isupper() or told[0] == "“"
        assert told.endswith(".")
        assert "  " not in told
        for spot in found.spots:
            assert 0 <= spot.step < len(of)
            assert of.parts is None or 0 <= spot.column < len(of.parts.columns)
            assert spot.kind != "gate" or of.row(spot.verb) is not None


def test_what_not_writes_becomes_the_memory_and_turns_the_verdict() -> None:
    trace, parts = traced("sentiment-lstm", NOT_GOOD)
    assert parts is not None
    assert parts.shares is not None
    found = finding_of(subject("sentiment-lstm", NOT_GOOD))
    assert "“not”" in found.text
    if found.rule == "earlier":
        new, push, verdict = numbers(found)
        assert new == round(100 * parts.new[3])
        assert push == pytest.approx(parts.shares[4, 3], abs=0.05)
        assert verdict == pytest.approx(trace.outputs[4, 0], abs=0.005)


@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru"])
def test_a_push_that_fades_is_told_with_what_comes_after(name: str) -> None:
    trace, parts = traced(name, BUT)
    assert parts is not None
    assert parts.shares is not None
    found, words = finding_of(subject(name, BUT)), BUT.split()
    if found.rule != "fade":
        pytest.fail(f"the example of a fade shows none: {found.text}")
    fade, verdict = found.spots
    before, after, end = numbers(found)
    assert before == pytest.approx(parts.shares[fade.step - 1, fade.column], abs=0.05)
    assert after == pytest.approx(parts.shares[fade.step, fade.column], abs=0.05)
    assert end == pytest.approx(trace.outputs[verdict.step, 0], abs=0.005)
    assert f"At “{words[fade.step]}”" in found.text
    assert f"push of “{words[fade.column]}”" in found.text


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_are_those_of_the_trace_and_the_decomposition(name: str) -> None:
    for text in texts(name):
        trace, parts = traced(name, text)
        found = finding_of(subject(name, text))
        units = [unit.unit for unit in shipped(name).config.units]
        exact = [
            units,
            trace.outputs.ravel(),
            100 * trace.outputs.ravel(),
            [len(trace), trace.layers[-1]["h"].shape[1]],
        ]
        head = trace.head
        if head is not None and head.function == "sigmoid":
            exact.append(1 / (1 + np.exp(-head.bias.numbers("bias"))))
        if parts is not None:
            exact += [100 * parts.new, 100 * parts.remaining, [100, 1]]
            exact += [] if parts.shares is None else [parts.shares.ravel()]
        known = np.concatenate([np.asarray(each, dtype=float) for each in exact])
        for number in numbers(found):
            if found.rule != "spaces":  # which tells a mean, as "about"
                assert np.nanmin(np.abs(known - number)) <= 0.5 if number == int(number) else 0.05, (found.text, number)


COUNTED = [
    ("anbn-lstm", "ab", text) for text in ("aaaaabbbbb", "aaabbb", "aaaaaaaabbbbbbbb", "aaaaabbb", "aaabbbb")
] + [
    ("brackets-lstm", "()", text)
    for text in ("f(a, g(b, h(c)), d)", "((((()))))", "(one (two (three (four) three) two) one)", "((()))")
]


@pytest.mark.parametrize(("name", "symbols", "text"), COUNTED)
def test_counting_tells_how_much_symbols_push_and_what_happens_at_the_end(name: str, symbols: str, text: str) -> None:
    of = subject(name, text)
    assert of.verdict is not None
    [output] = of.verdict.outputs
    _, pushes = amounts_and_pushes(name, text, output)
    found = finding_of(of)
    assert found.rule == "counts"
    down, up = ([push for each, push in zip(text, pushes[-1], strict=True) if each == symbol] for symbol in symbols)
    assert np.median(down) < 0 < np.median(up)
    assert f"“{symbols[0]}” pushes “{of.verdict.negative}”, “{symbols[1]}” pushes “{of.verdict.positive}”" in found.text
    sizes = np.abs([*down, *up])
    unlike = int((np.abs(sizes / np.median(sizes) - 1) > 0.1).sum())
    told = numbers(found)
    if "about" in found.text:
        assert ("all but one by about" in found.text) is (unlike == 1)
        assert ("each by about" in found.text) is (unlike == 0)
        assert told[0] == pytest.approx(np.median(sizes), abs=0.05 if told[0] < 10 else 0.5)
    else:
        assert unlike > 1
        assert told[:2] == [round(sizes.min(), 1), round(sizes.max(), 1)]
    values = of.trace.outputs[:, output]
    assert told[-1] == pytest.approx(values[-1], abs=0.005)
    before, after = pushes[-2:].sum(axis=1)
    jumps = values[-2] < 0.5 <= values[-1]
    assert ("jumps" in found.text) is bool(jumps)
    assert ("balance:" in found.text) is bool(jumps and abs(after) <= 0.1 * sizes.max())
    assert ("tips the sum" in found.text) is bool(jumps and abs(after) > 0.1 * sizes.max() and before < 0 < after)


@pytest.mark.parametrize("name", NAMES)
def test_the_step_that_is_told_moves_the_verdict(name: str) -> None:
    for text in texts(name):
        of = subject(name, text)
        found = finding_of(of)
        if of.verdict is None or of.trace.head is None or found.rule in ("nothing", "undecided", "counts"):
            continue
        bias = float(of.trace.head.bias.numbers("bias")[of.verdict.outputs[0]])
        values = [1 / (1 + np.exp(-bias)), *of.trace.outputs[:, of.verdict.outputs[0]].tolist()]
        t = [spot.step for spot in found.spots if spot.kind == "verdict"][-1]
        assert abs(values[t + 1] - values[t]) >= 0.1, found.text


def test_a_verdict_that_no_word_decides_is_called_so() -> None:
    """Words move it to and fro, but none of them much toward the side where it ends."""
    of = subject("sentiment-rnn", "not bad at all")
    assert of.trace.head is not None
    bias = float(of.trace.head.bias.numbers("bias")[0])
    values = np.array([1 / (1 + np.exp(-bias)), *of.trace.outputs[:, 0]])
    side = np.sign(values[-1] - 0.5)
    since = 1 + max(t for t in range(len(values)) if side * (values[t] - 0.5) < 0)
    assert (side * np.diff(values))[since - 1 :].max() < 0.1
    assert np.abs(np.diff(values)).max() >= 0.1
    found = finding_of(of)
    assert found.text.endswith(f"The verdict ends at {values[-1]:.2f}: no single word takes it there.")
    assert numbers(found) == [round(float(values[-1]), 2)]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_of_the_middle_says_where_the_verdict_ends(name: str) -> None:
    for text in texts(name):
        of = subject(name, text)
        found = finding_of(of)
        if of.verdict is None or found.rule in ("nothing", "undecided", "counts", "long", "long, fade"):
            continue
        told = [spot.step for spot in found.spots if spot.kind == "verdict"]
        end = float(of.verdict.values[-1])
        if abs(float(of.verdict.values[told[-1]]) - end) >= 0.1:
            assert found.text.endswith(f"; it ends at {end:.2f}."), found.text
        else:
            assert "ends at" not in found.text, found.text


def test_a_step_counts_as_far_as_the_verdict_is_not_clear() -> None:
    """The logit of a flag moves most after it is set, where its verdict is as good as certain."""
    for name in ("flag-lstm", "flag-lstm-forget-bias-0", "flag-mingru"):
        for text in shipped(name).config.examples:
            assert f"at “{text[0]}”" in finding_of(subject(name, text)).text.replace("At", "at")


@pytest.mark.parametrize(
    ("before", "after", "verb"),
    [(-0.1, -1.8, "jumps"), (0.2, 0.6, "grows"), (2.0, 0.4, "weakens"), (-0.4, 1.2, "turns"), (-0.01, 0.5, "grows")],
)
def test_the_verb_says_how_a_push_changes(before: float, after: float, verb: str) -> None:
    assert change_in_words(before, after) == verb


def test_a_text_in_which_nothing_happens() -> None:
    trace, _ = traced("sentiment-lstm", "the the the the")
    found = finding_of(subject("sentiment-lstm", "the the the the"))
    values = trace.outputs[:, 0]
    if np.ptp(values) < 0.1:
        assert found.text.startswith("Nothing much happens: the verdict stays between ")
        assert numbers(found) == [round(float(values.min()), 2), round(float(values.max()), 2)]


def test_a_plain_network_carries_nothing() -> None:
    found = finding_of(subject("sentiment-rnn", NOT_GOOD))
    assert found.text.startswith("Nothing is carried over unchanged: each word rewrites the whole memory.")


def test_statistics_change_no_finding() -> None:
    import dataclasses

    for name in ("sentiment-lstm", "prose-gru"):
        of = subject(name, shipped(name).config.examples[0])
        assert finding_of(dataclasses.replace(of, statistics=None)).text == finding_of(of).text


def test_the_last_row_fits_any_text() -> None:
    of = subject("sentiment-rnn", "good")
    assert TABLE[-1](of) is not None


def test_the_page_of_findings_is_what_the_models_give() -> None:
    assert findings.PAGE.read_text(encoding="utf-8") == findings.page(), "run scripts/findings.py"
