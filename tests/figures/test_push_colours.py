"""Colours of pushes: their ends, their order, and text that can be read on each of them."""

import re

import pytest
from gatescope.figures.push_colours import DARK, LIGHT, STEPS, Theme, colour, contrast, level, rules, text_colour

both = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


@both
def test_the_ends_and_the_middle_are_the_colours_of_the_theme(theme: Theme) -> None:
    assert [colour(step, theme) for step in (-STEPS, 0, STEPS)] == [theme.negative, theme.zero, theme.positive]


@both
def test_colours_move_away_from_zero_step_by_step(theme: Theme) -> None:
    for sign in (-1, 1):
        distances = [contrast(colour(sign * step, theme), theme.zero) for step in range(STEPS + 1)]
        assert distances == sorted(distances)


@both
def test_text_on_every_colour_has_a_contrast_of_4(theme: Theme) -> None:
    for step in range(-STEPS, STEPS + 1):
        assert contrast(text_colour(step, theme), colour(step, theme)) >= 4


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#ffffff", "#000000") == 21
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(
    ("push", "step"), [(0, 0), (0.1, 1), (-0.1, -1), (1, 10), (2, 20), (7, 20), (-7, -20), (0.04, 0)]
)
def test_the_step_of_a_push(push: float, step: int) -> None:
    assert level(push, 2.0) == step


def test_each_step_has_a_rule() -> None:
    named = [re.match(r"\.p(-?\d+) \{ --push: light-dark\(#\w{6}, #\w{6}\); --on: ", rule) for rule in rules()]
    assert [int(each[1]) for each in named if each] == list(range(-STEPS, STEPS + 1))
