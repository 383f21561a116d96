"""How much of the old memory remains: at spaces, and from step to step.

A superlative stands only where the value is clearly apart from all others, and a number that stands for several is
their mean, and said to be so.
"""

import re

import numpy as np

from ..numbers import percent
from ..subject import Subject
from .statement import Finding, Spot, finding
from .surprise import surprise
from .tracked import tracked

APART = 0.8  # of the next, up to which the least that remains is called the least
APART_BY = 0.05  # of the memory, by which it must be below the next, too
ALIKE = 0.85  # of the most that remains, from which the least is about as much
NEARLY_ALL = 0.9  # of the memory
SPACES = 3  # between words, from which something is said of them
LESS = 0.75  # of what remains elsewhere, below which less remains at spaces
SINGLE_SPACE = re.compile(r"(?<=\S) (?=\S)")  # a longer run of blanks is indentation, or ends a line


def boundaries(subject: Subject) -> Finding | None:
    """Tell what remains at single spaces, where that is much less than at other characters."""
    parts = subject.parts
    if parts is None or not subject.terms.is_character or not subject.trace.tokens:
        return None
    tokens = [token.text for token in subject.trace.tokens]
    known = np.isfinite(parts.remaining)
    is_blank = np.array([token.isspace() for token in tokens])
    is_space = np.zeros(len(tokens), dtype=bool)
    is_space[[match.start() for match in SINGLE_SPACE.finditer("".join(tokens))]] = True
    spaces, others = np.flatnonzero(is_space & known), np.flatnonzero(~is_blank & known)
    if len(spaces) < SPACES or not len(others):
        return None
    here, elsewhere = parts.remaining[spaces], parts.remaining[others]
    if here.mean() > LESS * elsewhere.mean():
        return None
    kind = "space" if is_space.sum() == is_blank.sum() else "single space"
    spot = Spot("gate", int(spaces[np.argmin(here)]), verb="keeps")
    also, on_average = tracked(subject) or surprise(subject), f"on average {percent(here.mean())}"
    where = f"elsewhere {percent(elsewhere.mean())}."
    if here.max() < 0.5 <= elsewhere.mean():
        drops = ("it drops most of its memory", spot)
        return finding("spaces", f"At each {kind} ", drops, f": {on_average} remains, {where}", also=also)
    less = ("less of its memory remains", spot)
    return finding("spaces", f"At {kind}s ", less, f": {on_average}, {where}", also=also)


def amounts(subject: Subject) -> Finding | None:
    """Tell how much of the old memory remains at each step, and where the least, if that is clearly apart."""
    parts = subject.parts
    if parts is None:
        return None
    known = np.flatnonzero(np.isfinite(parts.remaining))
    if not len(known):
        return finding("amounts", f"It has read nothing before this {subject.noun}: all of its memory is new.")
    order = known[np.argsort(parts.remaining[known], kind="stable")]
    least, most = int(order[0]), int(order[-1])
    low, high = float(parts.remaining[least]), float(parts.remaining[most])
    spot, also = Spot("gate", least, verb="keeps"), tracked(subject) or surprise(subject)
    if low > NEARLY_ALL:
        at_least = f"at least {percent(np.floor(100 * low) / 100)}"
        every = f"It keeps nearly everything: at every {subject.noun} "
        return finding("amounts", every, (at_least, spot), " remains.", also=also)
    if least == most:
        remains = (f"{percent(low)} of the old memory remains", spot)
        return finding("amounts", f"At {subject.named(least)} ", remains, ".", also=also)
    if low <= min(APART * parts.remaining[order[1]], parts.remaining[order[1]] - APART_BY):
        drops = (f"At {subject.named(least)} it drops the most", spot)
        return finding("amounts", drops, f": {percent(low)} of the old memory remains.", also=also)
    if low >= ALIKE * high:
        alike = (f"It keeps about as much at every {subject.noun}", spot)
        return finding("amounts", alike, f": {_range(low, high)} of the old memory remains.", also=also)
    lowest = (f"{percent(low)} at {subject.named(least)}", spot)
    highest = (f"{percent(high)} at {subject.named(most)}", Spot("gate", most, verb="keeps"))
    return finding("amounts", "What remains of its memory ranges from ", lowest, " to ", highest, ".", also=also)


def _range(low: float, high: float) -> str:
    """Return two shares as a range in whole percent, or as one where both round alike: "75–80 %"."""
    least, most = percent(low), percent(high)
    return f"about {most}" if least == most else f"{round(100 * low)}–{most}"
