"""The hue of a cell, by which its curves are told from those of others, light and dark alike."""

from typing import NamedTuple


class Hue(NamedTuple):
    """A colour on light and on dark paper, each with a contrast of at least 4.5 to it."""

    light: str  # "#rrggbb"
    dark: str
