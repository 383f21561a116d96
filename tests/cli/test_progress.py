"""The bars of gatescope train."""

import io
import re
from collections.abc import Sequence

from gatescope.cli.progress import Bars
from gatescope.training.run import Progress
from rich.console import Console


def drawn(*told: Progress, seeds: Sequence[int] = (0, 1)) -> str:
    """What stands on a terminal after that progress, without colours."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=150, color_system=None)
    with Bars(console, "gru", seeds) as bars:
        for each in told:
            bars.update(each)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())


def test_nothing_is_drawn_before_the_first_progress() -> None:
    assert drawn() == ""


def test_a_bar_shows_where_its_seed_stands() -> None:
    last = drawn(Progress(0, 0.25, 1.5), Progress(0, 0.5, 1.25, judged=0.75)).splitlines()
    first, second = (next(line for line in reversed(last) if f"seed {seed}" in line) for seed in (0, 1))
    assert first.startswith("gru, seed 0")
    assert " 50 % " in first
    assert first.rstrip().endswith("loss 1.250  judged 0.750")
    assert "  0 % " in second
    assert second.rstrip().endswith("loss –  judged –")


def test_it_says_once_for_each_seed_that_it_goes_on() -> None:
    text = drawn(
        Progress(0, 0.2, 1.0),
        Progress(0, 1.0, 1.0),
        Progress(1, 0.678, 1.0, resumed_at=0.678),
        Progress(1, 0.8, 1.0, resumed_at=0.678),
    )
    assert re.findall(r"seed \d: going on.*?%", text) == ["seed 1: going on at 68 %"]


def test_the_bars_stay_when_all_seeds_are_done() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=150, color_system=None)
    with Bars(console, "gru", [4]) as bars:
        bars.update(Progress(4, 0.5, 1.0))
        assert bars.drawing.live.is_started
        bars.update(Progress(4, 1.0, 1.0))
        assert not bars.drawing.live.is_started
    assert "100 %" in file.getvalue()
