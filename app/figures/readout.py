"""What is told of the chosen step, in a sentence below the picture."""

from .numbers import percent, plain
from .subject import Subject


def readout(subject: Subject, t: int) -> str:
    """Return what is told of the chosen step."""
    told = []
    if (parts := subject.parts) is not None:
        if t and parts.remaining[t] == parts.remaining[t]:
            told.append(f"{percent(parts.remaining[t])} of the old memory remains")
        if parts.new[t] == parts.new[t]:
            told.append(f"{percent(parts.new[t])} of the memory is new")
    if subject.verdict is not None:
        told.append(f"the verdict is {plain(subject.verdict.values[t])}")
    return f"At {subject.named(t)}: {', '.join(told)}." if told else f"At {subject.named(t)}."
