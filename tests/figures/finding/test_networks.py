"""What differs between networks on one text: short, and true for every task that has several."""

from collections import defaultdict

import numpy as np
import pytest
from gatescope.figures.finding.networks import comparison
from gatescope.figures.finding.statement import MOST_NUMBERS, MOST_WORDS

from ..loops import run
from ..pictures import BUT, NAMES, NOT_GOOD, shipped, subject, traced
from .test_rule import numbers, texts

TASKS: dict[str, list[str]] = defaultdict(list)
for _name in NAMES:
    TASKS[shipped(_name).config.task].append(_name)
SEVERAL = sorted(task for task, names in TASKS.items() if len(names) > 1)
GATED = ("lstm", "gru")


def told(names: list[str], text: str) -> str:
    """Return what is said of the models ``names``."""
    found = comparison([(shipped(name).config.title, subject(name, text)) for name in names])
    titles = [shipped(name).config.title for name in names]
    assert len(found.text.split()) <= MOST_WORDS, found.text
    without_titles = found.text
    for title in titles:
        without_titles = without_titles.replace(title, "")
    assert len(numbers(found)) <= MOST_NUMBERS, found.text
    assert found.text.endswith(".")
    return found.text


def end(name: str, text: str) -> float:
    """Return the probability of the output that the task is about, after the last step."""
    trace = traced(name, text)[0]
    assert trace.head is not None
    output = trace.head.names.index(trace.head.verdict) if trace.head.verdict in trace.head.names else 0
    return float(trace.outputs[-1, output])


@pytest.mark.parametrize("task", SEVERAL)
def test_it_is_short_and_right_for_every_task_and_text(task: str) -> None:
    names = TASKS[task]
    for text in texts(names[0]):
        sentence = told(names, text)
        verdicts = [subject(name, text).verdict for name in names]
        if any(verdict is None for verdict in verdicts):
            assert "verdict" not in sentence
            assert "say" not in sentence
            continue
        ends = [end(name, text) for name in names]
        assert (len({each >= 0.5 for each in ends}) == 1) == sentence.startswith(("All ", "Both "))
        rewriting = [name for name in names if shipped(name).config.network.cell == "rnn"]
        if "only RNN keeps nothing as it was" in sentence:
            assert rewriting == [name for name in names if shipped(name).config.title == "RNN"]
        if "RNN is least sure" in sentence:
            [rnn] = rewriting
            assert abs(end(rnn, text) - 0.5) == min(abs(each - 0.5) for each in ends)


def test_sides_and_values_are_those_of_the_runs() -> None:
    sentence = told(["sentiment-lstm", "sentiment-gru"], NOT_GOOD)
    values = [run(f"sentiment-{cell}", NOT_GOOD).verdict[-1] for cell in ("lstm", "gru")]
    assert sentence == f"Both say negative: LSTM {values[0]:.2f}, GRU {values[1]:.2f}."


def test_where_they_disagree_the_side_of_the_only_one_without_a_memory_is_explained() -> None:
    names = ["flag-lstm", "flag-gru", "flag-rnn"]
    value = float(traced("flag-rnn", "+a?")[0].outputs[-1, 0])
    assert value < 0.5
    assert told(names, "+a?").endswith(f", RNN ({value:.2f}) minus: only RNN keeps nothing as it was.")


def test_where_two_with_a_memory_disagree_it_names_the_word_whose_pushes_differ_most() -> None:
    first, second = (
        subject("sentiment-lstm", BUT),
        subject("sentiment-lstm", "the acting was good but the story was bad"),
    )
    sentence = comparison([("A", first), ("B", second)]).text
    pushes = [run("sentiment-lstm", " ".join(each.words)).pushes[-1] for each in (first, second)]
    most = int(np.argmax(np.abs(pushes[0] - pushes[1])))
    assert sentence.startswith("A (")
    assert f"differ most at {first.named(most)}." in sentence


def test_amounts_are_the_mean_of_what_remains_at_each_step() -> None:
    text = texts("prose-lstm")[0]
    sentence = told(["prose-lstm", "prose-gru", "prose-rnn"], text)
    means = [round(100 * float(np.nanmean(run(f"prose-{cell}", text).remaining))) for cell in GATED]
    space = "\u202f"
    assert sentence == (
        f"Of the old memory, a step on average keeps {means[0]}{space}% in LSTM and {means[1]}{space}% in GRU; "
        "RNN keeps nothing as it was."
    )
    assert told(["prose-rnn", "prose-rnn"], text).startswith("None of them keeps anything as it was")
