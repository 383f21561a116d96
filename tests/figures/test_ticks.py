"""Ticks of steps are regular, as close as they can be, and do not overlap."""

from dataclasses import replace
from itertools import pairwise

import gatescope
import numpy as np
import pytest
import torch
from gatescope.figures.columns import columns_of
from gatescope.figures.subject import Subject, Terms, subject_of
from gatescope.figures.text_width import text_width
from gatescope.figures.ticks import GAP, SIZE, ticks_of
from gatescope.notebook.labels import with_labels
from gatescope.recurrent.trace import Trace


def subject(steps: int, labels: list[str] | None = None, start: int = 0) -> Subject:
    trace = gatescope.trace_module(torch.nn.RNN(1, 2), torch.zeros(steps, 1))
    assert isinstance(trace, Trace)
    trace = replace(trace, start=start)
    return subject_of(trace if labels is None else with_labels(trace, labels), None, None, Terms(noun="step"))


@pytest.mark.parametrize("width", [180.0, 700.0, 1500.0])
@pytest.mark.parametrize("steps", [1, 7, 30, 500])
@pytest.mark.parametrize("kind", ["numbers", "short", "long", "uneven"])
def test_no_two_overlap_and_one_more_would(kind: str, steps: int, width: float) -> None:
    labels = {
        "numbers": None,
        "short": [f"{t % 60:02d}" for t in range(steps)],
        "long": [f"Monday, {t} o'clock in the evening" for t in range(steps)],
        "uneven": ["W" * (t % 5 + 1) for t in range(steps)],
    }[kind]
    of = subject(steps, labels)
    columns = columns_of(of.words, width, longest=0)
    ticks = ticks_of(of, columns)
    spans = [
        (x - text_width(name, SIZE, bold=True) / 2, x + text_width(name, SIZE, bold=True) / 2) for _, name, x in ticks
    ]
    assert all(b[0] - a[1] >= GAP - 1e-6 for a, b in pairwise(spans))
    assert spans[0][0] >= -1e-6
    assert spans[-1][1] <= width + 1e-6
    places = [t for t, *_ in ticks]
    assert places[0] == 0
    apart = set(np.diff(places).tolist())
    assert len(apart) <= 1
    if kind == "short" and (closest := min(apart, default=1)) > 1:
        wide = text_width("00", SIZE, bold=True) + GAP
        assert (closest - 1) * width / steps < wide + text_width("00", SIZE, bold=True) / 2  # the first is moved in


@pytest.mark.parametrize(("start", "steps"), [(0, 200), (37, 200), (1234, 80), (7, 2)])
def test_numbers_are_round_and_count_from_where_a_part_begins(start: int, steps: int) -> None:
    of = subject(steps, start=start)
    ticks = ticks_of(of, columns_of(of.words, 300.0, longest=0))
    assert [name for _, name, _ in ticks] == [str(start + t) for t, *_ in ticks]
    apart = {int(b[1]) - int(a[1]) for a, b in pairwise(ticks)}
    assert len(apart) == 1
    assert str(apart.copy().pop()).rstrip("0") in {"1", "2", "5"}
    assert all(int(name) % min(apart) == 0 for _, name, _ in ticks)
