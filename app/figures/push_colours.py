"""The colour of a push: from the negative side through neutral to the positive one, in 2 × 20 steps.

A picture holds only the step, as a class (``p-7``), so that one fragment serves the light theme, the dark one and
print; the number next to it is exact. Steps are interpolated in Oklab (Ottosson 2020), where equal steps look equal,
with powers below 1, which keep weak pushes apart from none.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEPS = 20
POWER = 0.8
CHROMA = 0.75  # power of what is not lightness, so that weak pushes are not greyish

_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)  # of linear sRGB
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)  # of the cube roots of LMS


class Theme(NamedTuple):
    """The three colours between which pushes lie, and those of text on them."""

    negative: str
    zero: str
    positive: str
    dark_text: str
    light_text: str


LIGHT = Theme("#963a0b", "#dedee4", "#0b4c92", "#16161a", "#ffffff")
DARK = Theme("#f9aa60", "#3d3d46", "#7bc5ff", "#141416", "#f4f4f8")


def level(push: float, scale: float) -> int:
    """Return the step of a push, from −20 to 20; ``scale`` and beyond is the last one."""
    share = min(abs(push) / scale, 1.0) if scale > 0 else 0.0
    return round(STEPS * share) if push > 0 else -round(STEPS * share)


def levels(pushes: NDArray[np.float64], scale: float) -> NDArray[np.int64]:
    """Return the step of each push."""
    shares = np.clip(pushes / scale, -1, 1) if scale > 0 else np.zeros_like(pushes)
    return np.rint(STEPS * shares).astype(np.int64)


def colour(step: int, theme: Theme) -> str:
    """Return the colour of a step, as #rrggbb."""
    end = theme.positive if step > 0 else theme.negative
    share = (abs(step) / STEPS) ** POWER
    shares = np.array([share, share**CHROMA, share**CHROMA])
    return _hex((1 - shares) * _oklab(theme.zero) + shares * _oklab(end))


def text_colour(step: int, theme: Theme) -> str:
    """Return the colour of text on a step: the one of greater contrast."""
    of_step = colour(step, theme)
    return max((theme.dark_text, theme.light_text), key=lambda text: contrast(text, of_step))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG defines it, from 1 to 21."""
    darker, lighter = sorted(float(np.array([0.2126, 0.7152, 0.0722]) @ _linear(each)) for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def rules() -> Iterator[str]:
    """Yield the CSS rule of each step: ``--push`` is its colour, ``--on`` that of text on it."""
    for step in range(-STEPS, STEPS + 1):
        push, on = (f"light-dark({of(step, LIGHT)}, {of(step, DARK)})" for of in (colour, text_colour))
        yield f".p{step} {{ --push: {push}; --on: {on}; }}"


def _linear(colour: str) -> NDArray[np.float64]:
    srgb = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _oklab(colour: str) -> NDArray[np.float64]:
    lab: NDArray[np.float64] = _LAB @ np.cbrt(_LMS @ _linear(colour))
    return lab


def _hex(lab: NDArray[np.float64]) -> str:
    linear = np.clip(np.linalg.solve(_LMS, np.linalg.solve(_LAB, lab) ** 3), 0, 1)
    srgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return "#" + "".join(f"{round(each):02x}" for each in (255 * srgb).tolist())
