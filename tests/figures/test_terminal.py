"""The memory line by line in a terminal: its numbers are those of the decomposition, and no text leaves its line."""

import io
import re

import numpy as np
import pytest
from gatescope.figures.invisible import shown
from gatescope.figures.terminal import memory_lines, plain_text, print_lines
from hostile import HOSTILE
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from .pictures import BUT, NOT_GOOD, subject

WORD = re.compile(r"(\S+) (\d+) % ([−+]?\d\.\d\d|now|\d+ ago)")


def number(text: str) -> float:
    return float(text.replace("−", "-"))


def steps(text: str, count: int) -> list[list[str]]:
    """Return the two lines of each step, of a narrow terminal."""
    lines = text.split("\n\n")[1].split("\n")
    assert len(lines) == 2 * count
    return [lines[2 * t : 2 * t + 2] for t in range(count)]


@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru"])
@pytest.mark.parametrize("text", [NOT_GOOD, BUT])
def test_the_numbers_of_each_line_are_those_of_the_decomposition(name: str, text: str) -> None:
    of = subject(name, text)
    parts, trace = of.parts, of.trace
    assert parts is not None
    assert parts.shares is not None
    words = text.split()
    told = steps(plain_text(memory_lines(of, 60)), len(words))
    for t, (line, below) in enumerate(told):
        held = [(each[1], int(each[2]), number(each[3])) for each in WORD.finditer(below)]
        assert held
        shares = 100 * parts.amounts[t] / parts.amounts[t].sum()
        for word, percent, push in held:
            close = [
                k
                for k in range(t + 1)
                if words[k] == word and abs(shares[k] - percent) <= 0.5 and abs(parts.shares[t, k] - push) <= 0.0051
            ]
            assert close, (below, word)
        assert line.split()[0] == words[t]
        assert float(line.split()[-1]) == pytest.approx(trace.outputs[t, 0], abs=0.0051)
        assert f"{round(100 * parts.new[t])} % new" in line
        assert "remains" in line if t else "remains" not in line
        assert t == 0 or f"{round(100 * parts.remaining[t])} % remains" in line
    end = plain_text(memory_lines(of, 60)).split("pushes at the end: ")[1]
    pushes = [number(each) for each in re.findall(r"[−+]\d\.\d\d", end.partition(". All")[0])]
    logit = np.log(trace.outputs[-1, 0] / (1 - trace.outputs[-1, 0]))
    assert sum(pushes) == pytest.approx(logit, abs=0.03)


@pytest.mark.parametrize("width", [32, 60, 80, 140])
@pytest.mark.parametrize(
    ("name", "text"), [("sentiment-lstm", BUT), ("sentiment-rnn", NOT_GOOD), ("prose-gru", "It was a truth")]
)
def test_lines_of_steps_fit_the_terminal(name: str, text: str, width: int) -> None:
    of = subject(name, text)
    _, lines, _ = plain_text(memory_lines(of, width)).split("\n\n")
    assert max(map(cell_len, lines.split("\n"))) <= width


def test_the_bar_is_as_long_as_the_memory_is_large() -> None:
    of = subject("sentiment-lstm", NOT_GOOD)
    assert of.parts is not None
    of_last = of.parts.amounts.sum(axis=1) / of.parts.amounts.sum(axis=1).max()
    lines = steps(plain_text(memory_lines(of, 60)), len(of))
    for (line, _), whole, new in zip(lines, of_last, of.parts.new, strict=True):
        assert line.count("█") + line.count("▒") == pytest.approx(22 * whole, abs=0.5)
        assert line.count("█") == pytest.approx(22 * whole * new, abs=0.5)


def test_a_plain_rnn_carries_nothing() -> None:
    of = subject("sentiment-rnn", NOT_GOOD)
    text = plain_text(memory_lines(of, 80))
    assert "nothing is carried, each word rewrites all of it" in text
    head = of.trace.head
    assert head is not None
    pushes = of.layer["h"] @ head.weight.tensor[0].numpy()
    assert [number(each) for each in re.findall(r"^  all of h (\S+)$", text, re.MULTILINE)] == pytest.approx(
        pushes.tolist(), abs=0.0051
    )


def test_without_a_verdict_words_have_an_age() -> None:
    text = plain_text(memory_lines(subject("prose-lstm", "It was"), 80))
    last = text.split("\n\n")[1].split("\n")[-1]
    assert re.search(r"was \d+ % now", last)
    assert "P(" not in text
    assert "Next it expects" in text


@pytest.mark.parametrize("hostile", [*HOSTILE, "[bold]good[/bold] [link=file:///x]y[/link] :smile:", "\ud800", "שלום"])
def test_hostile_text_is_printed_as_it_is_and_controls_nothing(hostile: str) -> None:
    of = subject("sentiment-lstm", f"{hostile} good")
    out = io.StringIO()
    print_lines(memory_lines(of, 100), Console(file=out, width=100))
    printed = out.getvalue()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", printed)
    for token in of.trace.tokens:
        word = shown(token.text)
        assert word[:12].rstrip() in printed.replace("\u2068", "").replace("\u2069", "")
    assert printed.count("\u2068") == printed.count("\u2069")
    assert all(line.count("\u2068") == line.count("\u2069") for line in printed.split("\n"))


def test_colour_is_there_only_where_the_terminal_has_it() -> None:
    lines = memory_lines(subject("sentiment-lstm", NOT_GOOD), 80)
    colour, plain = io.StringIO(), io.StringIO()
    print_lines(lines, Console(file=colour, width=80, force_terminal=True, color_system="256"))
    print_lines(lines, Console(file=plain, width=80))
    assert "\x1b[" in colour.getvalue()
    assert plain.getvalue() == plain_text(lines) + "\n"
    unstyled = re.sub(r"\x1b\[[\d;]*m", "", colour.getvalue())
    assert unstyled.split() == plain.getvalue().split()


def test_an_encoding_without_bars_gets_others() -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii", newline="") as out:
        print_lines([Text("a ▒█ −1.80 “é”")], Console(file=out, width=80))
        out.flush()
        assert raw.getvalue().decode("ascii") == 'a =# -1.80 "?"\n'
