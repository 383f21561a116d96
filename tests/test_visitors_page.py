"""The page on what visitors type says what the shipped models say."""

from pathlib import Path

import visitors
from gatescope.analysis.visitors import sentences

PAGE = Path(__file__).parents[1] / "docs" / "visitors.md"


def test_the_verdicts_are_those_of_the_shipped_models() -> None:
    assert PAGE.read_text(encoding="utf-8") == visitors.page()  # written by scripts/visitors.py


def test_every_sentence_is_listed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{each.text}` | {each.meant}, " in page for each in sentences())
