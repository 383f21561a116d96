"""What edits change, in words, as the beginning of a sentence."""

from collections.abc import Sequence

from ...recurrent.edits.edit import Edit
from ...recurrent.edits.hold import Hold
from ..subject import Subject

FEW = 2  # words that are named one by one


def with_edits(edits: Sequence[Edit], subject: Subject) -> str:
    """Return "With the input gate at “not” held at 0", or "With your change" where that would not be plain."""
    if len(edits) > 1:
        return "With your changes"
    return f"With {_held(edits[0], subject) or 'your change'}" if edits else "With your change"


def _held(edit: Edit, subject: Subject) -> str:
    """Return what is held where, and at what; "" if it is not one value for all units of a gate of this layer."""
    layer, operation, letter = subject.layer, edit.operation, edit.letter
    if not isinstance(operation, Hold) or isinstance(operation.values, tuple):
        return ""
    if edit.units is not None or letter is None or letter not in subject.cell.activations:
        return ""
    if edit.layer not in (None, layer.layer) or edit.direction not in (None, layer.direction):
        return ""
    number = f"{operation.values:.4g}".replace("-", "−")
    name = f"the {subject.cell[letter].name}"
    if edit.steps is None:
        return f"{name} held at {number} throughout"
    steps = [step - subject.trace.start for step in edit.steps]
    if not all(0 <= step < len(subject) for step in steps):
        return ""
    if len(steps) > FEW:
        return f"{name} at some {subject.noun}s held at {number}"
    return f"{name} at {' and '.join(map(subject.named, steps))} held at {number}"
