"""The hues of activations: a letter has the same one in every cell, light and dark alike."""

from typing import NamedTuple


class Hue(NamedTuple):
    """A colour on light and on dark paper, each with a contrast of at least 4.5 to it."""

    light: str  # "#rrggbb"
    dark: str


RED = Hue("#ad524d", "#f69b94")
GREEN = Hue("#2b7a41", "#82cb92")
YELLOW = Hue("#7c6600", "#cdb760")
BLUE = Hue("#3d73b6", "#87bafd")
PURPLE = Hue("#90589d", "#d7a0e3")
CYAN = Hue("#007a81", "#4eccd3")
PINK = Hue("#a4517b", "#ed9ac1")
ORANGE = Hue("#9a5812", "#eba66d")
OLIVE = Hue("#5f7016", "#aec26f")
