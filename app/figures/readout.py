"""What is told below the picture: of the chosen step, and of what an account by pushes does not say."""

from collections.abc import Sequence

from .numbers import percent, plain
from .subject import Subject


def readout(subject: Subject, t: int) -> str:
    """Return what is told of the chosen step."""
    told = [each.told(t) for each in subject.inputs]
    if (parts := subject.parts) is not None:
        if t and parts.remaining[t] == parts.remaining[t]:
            told.append(f"{percent(parts.remaining[t])} of the old memory remains")
        if parts.new[t] == parts.new[t]:
            told.append(f"{percent(parts.new[t])} of the memory is new")
    if subject.verdict is not None:
        told.append(f"the verdict is {plain(subject.verdict.values[t])}")
    return f"At {subject.named(t)}: {', '.join(told)}." if told else f"At {subject.named(t)}."


def not_causal(subject: Subject) -> str:
    """Return what an account by pushes does not say; "" where there are no pushes."""
    if subject.shares is None:
        return ""
    noun = subject.noun
    told = f"Exact, but not causal: a band is what was written at its {noun}"
    return f"{told}, and gates depend on all {noun}s before it."


def sentences(notes: Sequence[str]) -> list[str]:
    """Return notes, which begin in small letters, as sentences."""
    return [f"{note[:1].upper()}{note[1:]}." for note in notes]
