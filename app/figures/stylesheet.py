"""The stylesheet of pictures: for the page, and for files that stand by themselves."""

from functools import cache
from pathlib import Path

from .push_colours import rules


@cache
def stylesheet() -> str:
    """Return the CSS of everything that this package draws, in the light and the dark theme."""
    own = Path(__file__).with_name("first_screen.css").read_text(encoding="utf-8")
    return (
        f"{own}\n/* The colours of pushes, from the negative side to the positive one. */\n" + "\n".join(rules()) + "\n"
    )
