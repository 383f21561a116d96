"""What differs between several networks that read the same text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..numbers import percent, plain
from ..subject import Subject
from .sentence import sentence
from .statement import Finding
from .story import MUCH

RULE = "compared"
IN_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
FEW = 3  # networks, each of which is told with its number

Named = tuple[str, Subject]


class End(NamedTuple):
    """What a network says at the end."""

    name: str
    side: str
    value: float


def comparison(networks: Sequence[Named]) -> Finding:
    """Return what differs between ``networks``, each with its name: verdicts, or amounts where there are none."""
    ends = []
    for name, subject in networks:
        if (verdict := subject.verdict) is None:
            return sentence(RULE, *_amounts(networks))
        value = float(verdict.values[-1])
        ends.append(End(name, verdict.side(value), value))
    return _agree(networks, ends) if len({each.side for each in ends}) == 1 else _disagree(networks, ends)


def _agree(networks: Sequence[Named], ends: Sequence[End]) -> Finding:
    told = f"{'Both' if len(ends) == 2 else f'All {_count(len(ends))}'} say {ends[0].side}"
    values = [each.value for each in ends]
    if max(values) - min(values) < MUCH and len(ends) <= FEW:
        return sentence(RULE, f"{told}: {', '.join(f'{each.name} {plain(each.value)}' for each in ends)}")
    told = f"{told}, between {plain(min(values))} and {plain(max(values))}"
    unsure = min(ends, key=lambda each: abs(each.value - 0.5)).name
    if max(values) - min(values) < MUCH:
        return sentence(RULE, told)
    alone = f"; only {unsure} keeps nothing as it was" if _rewriting(networks) == [unsure] else ""
    return sentence(RULE, f"{told}: {unsure} is least sure", alone)


def _disagree(networks: Sequence[Named], ends: Sequence[End]) -> Finding:
    clauses, rewriting = list[str](), _rewriting(networks)
    groups = {side: [each for each in ends if each.side == side] for side in dict.fromkeys(each.side for each in ends)}
    for side, group in groups.items():
        has_numbers = len(ends) <= FEW or len(group) == 1
        names = _listed([f"{each.name} ({plain(each.value)})" if has_numbers else each.name for each in group])
        if len(group) > FEW:
            names = f"{_count(len(group))} others" if clauses else _count(len(group)).capitalize()
        clauses.append(f"{names} {'' if clauses else 'says ' if len(group) == 1 else 'say '}{side}")
    if any([each.name for each in group] == rewriting for group in groups.values()):
        return sentence(RULE, ", ".join(clauses), f": only {_nothing_kept(rewriting)}")
    return sentence(RULE, ", ".join(clauses), _pushed(networks))


def _pushed(networks: Sequence[Named]) -> str:
    """Return the word whose pushes at the end differ most; "" if there are not two networks that have pushes."""
    shares = [subject.shares[-1, : len(subject)] for _, subject in networks if subject.shares is not None]
    if len(shares) < 2:
        return ""
    word = int(np.argmax(np.ptp(np.stack(shares), axis=0)))
    return f": their pushes differ most at {networks[0][1].named(word)}"


def _amounts(networks: Sequence[Named]) -> list[str]:
    """Return how much of the old memory remains at a step, on average."""
    rewriting = _rewriting(networks)
    if len(rewriting) == len(networks):
        return ["None of them keeps anything as it was: each step rewrites the whole state"]
    means = {
        name: float(np.nanmean(subject.parts.remaining))
        for name, subject in networks
        if subject.parts is not None and np.isfinite(subject.parts.remaining).any()
    }
    if not means:
        return [f"{len(networks)} networks read the same text"]
    if len(means) <= FEW:
        told = _listed([f"{percent(mean)} in {name}" for name, mean in means.items()])
    else:
        least, most = min(means, key=lambda each: means[each]), max(means, key=lambda each: means[each])
        told = f"from {percent(means[least])} in {least} to {percent(means[most])} in {most}"
    return [f"Of the old memory, a step on average keeps {told}", f"; {_nothing_kept(rewriting)}" if rewriting else ""]


def _nothing_kept(names: Sequence[str]) -> str:
    return f"{_listed(names)} keep{'s' if len(names) == 1 else ''} nothing as it was"


def _rewriting(networks: Sequence[Named]) -> list[str]:
    """Return the names of those whose cell has no path of memory."""
    return [name for name, subject in networks if subject.cell.memory is None]


def _count(number: int) -> str:
    return IN_WORDS[number] if number < len(IN_WORDS) else str(number)


def _listed(names: Sequence[str]) -> str:
    """Return "a", "a and b", or "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
