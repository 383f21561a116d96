"""The unit that tracks something in held-out text, where it does so in this text, too."""

import numpy as np
from numpy.typing import NDArray

from ...recurrent.decomposition.state_edits import tokens_read
from ..subject import Array, Subject
from .statement import Part, Spot

FOLLOWS = 0.8  # the least r of a unit with what it tracks, in the text that is shown
GAP = 0.5  # of the unit's range, by which its means with and without it are apart


def tracked(subject: Subject) -> list[Part]:
    """Return the sentence about the unit that is shown; [] if what it tracks does not begin and end in this text.

    A text that only begins a quotation, or has none, says nothing about a unit that tracks quotations: whatever drifts
    would fit.
    """
    unit = subject.unit
    if unit is None or (feature := _feature(subject, unit.feature)) is None:
        return []
    values = unit.sign * subject.layer[unit.activation][:, unit.unit].astype(np.float64)
    known = np.isfinite(feature)
    low, high = np.min(feature[known], initial=np.inf), np.max(feature[known], initial=-np.inf)
    is_on = known & (feature > (low + high) / 2)
    ends = is_on[:-1] & known[1:] & ~is_on[1:]
    if not ends.any() or not _follows(values[known], feature[known], is_on[known]):
        return []
    step = int(np.argmax(np.where(is_on, values, -np.inf)))
    return [" ", (f"Unit {unit.unit} tracks", Spot("unit", step)), f" “{unit.feature}”."]


def _feature(subject: Subject, name: str) -> Array | None:
    """Return what is tracked, at each step (T,); None where that is not known."""
    trace = subject.trace
    if subject.terms.features is None or not trace.tokens or trace.start:
        return None
    text = ("" if subject.terms.is_character else " ").join(tokens_read(trace))
    for each in subject.terms.features(text):
        if each.name == name and len(each.values) == len(subject):
            return each.values.astype(np.float64)
    return None


def _follows(values: Array, feature: Array, is_on: NDArray[np.bool_]) -> bool:
    """Whether a unit rises and falls with what it tracks, with a clear gap."""
    if not np.ptp(values):
        return False
    apart = values[is_on].mean() - values[~is_on].mean()
    return bool(np.corrcoef(values, feature)[0, 1] >= FOLLOWS and apart >= GAP * np.ptp(values))
