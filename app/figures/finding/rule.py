"""The rule by which a finding is chosen: the first row of the table that fits. docs/first-screen.md tells it in words.

A row knows only what was written where, what of it remains and what that pushes; it never says "because of". It has no
use for held-out statistics, so that it holds with or without them.
"""

from collections.abc import Callable

import numpy as np

from ..numbers import percent, plain, signed
from ..subject import Subject
from .amounts import amounts, boundaries
from .counting import Count, count_of
from .statement import Finding, Spot, finding, longest_that_fits
from .story import MUCH, NEW, SECOND, story_of
from .surprise import surprise

LONG = 30  # steps, from which it starts with the verdict at the end
SHOWN = 0.05  # logit, from which a push is not written as 0.0
JUMP = 1.0  # logit, from which a push jumps

Row = Callable[[Subject], Finding | None]


def finding_of(subject: Subject) -> Finding:
    """Return what the first screen says about ``subject``."""
    return next(each for row in TABLE if (each := row(subject)) is not None)


def _counting(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or (count := count_of(subject)) is None:
        return None
    last = len(subject) - 1
    sides = {count.up: verdict.positive, count.down: verdict.negative}
    one, other = sorted(sides, key=list(subject.words).index)
    first = ("It counts", Spot("band", last, subject.words.index(one)))
    pushes = f": “{one}” pushes “{sides[one]}”, “{other}” pushes “{sides[other]}”, {_sizes(count)}. "
    before, after = plain(verdict.values[last - 1]), plain(verdict.values[last])
    if not count.turns:
        return finding("counts", first, pushes, (f"The verdict ends at {after}", Spot("verdict", last)), ".")
    word = subject.named(last)
    turn = {"balances": f"At {word} they balance", "tips": f"{_start(word)} tips the sum", "": f"At {word}"}[
        count.sum_at_the_end
    ]

    def told(jumps: str) -> Finding:
        jump = (f"“{verdict.positive}” jumps {jumps}", Spot("verdict", last))
        return finding("counts", first, f"{pushes}{turn}: ", jump, ".")

    return longest_that_fits(told(f"from {before} to {after}"), told(f"to {after}"))


def _sizes(count: Count) -> str:
    """Return by how much the symbols push: about equally, or from where to where."""
    if count.common is not None:
        return f"{'all but one' if count.exceptions else 'each'} by about {plain(count.common, int(count.common < 10))}"
    return f"each by {plain(count.least, 1)} to {plain(count.most, 1)}"


def _nothing(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or np.abs(subject.steps).max() >= MUCH:
        return None
    low, high = plain(verdict.values.min()), plain(verdict.values.max())
    if low == high:
        return finding("nothing", f"Nothing much happens: the verdict is {low} at every {subject.noun}.")
    if np.ptp(verdict.values) >= MUCH:
        return finding(
            "nothing", f"No single {subject.noun} moves the verdict much: it stays between {low} and {high}."
        )
    return finding("nothing", f"Nothing much happens: the verdict stays between {low} and {high}.")


def _undecided(subject: Subject) -> Finding | None:
    """Tell of a verdict that moves to and fro, but has no step toward its final side that moves it much."""
    verdict, story = subject.verdict, story_of(subject)
    if verdict is None or story is None or abs(subject.steps[story.step]) >= MUCH:
        return None
    end, spot = f"ends at {plain(verdict.values[-1])}", Spot("verdict", len(subject) - 1)
    so = f": no single {subject.noun} takes it there."
    if subject.parts is None:
        return finding("undecided", _rewrites(subject), ". ", (f"The verdict {end}", spot), so)
    low, high = plain(verdict.values.min()), plain(verdict.values.max())
    return finding("undecided", f"The verdict moves between {low} and {high} and ", (end, spot), so)


def _rewrites(subject: Subject) -> tuple[str, Spot]:
    """Return the start of what is told of a cell without a path of memory."""
    told = f"Nothing is carried over unchanged: each {subject.noun} rewrites the whole memory"
    return told, Spot("band", len(subject) - 1)


def _rewritten(subject: Subject) -> Finding | None:
    if subject.parts is not None:
        return None
    start = _rewrites(subject)
    if subject.verdict is None or (story := story_of(subject)) is None:
        return finding("rewritten", start, ".", also=surprise(subject))
    t = story.step
    moves = (_moves(subject, t), Spot("verdict", t))
    return finding("rewritten", start, f". At {subject.named(t)} ", moves, f"{_end(subject, t)}.")


def _at_the_end(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or len(subject) < LONG or (story := story_of(subject)) is None:
        return None
    last, t = len(subject) - 1, story.step
    if t == last:  # where every other row ends, too
        return None
    end, then = (f"The verdict ends at {plain(verdict.values[-1])}", Spot("verdict", last)), subject.named(t)
    if (fade := story.fade) is None:
        before = plain(verdict.values[t - 1]) if t else None if subject.start is None else plain(subject.start)
        moves = f"it {_verb(subject, t)}{'' if before is None else f' from {before}'} to {plain(verdict.values[t])}"
        return finding("long", end, f". At {then} ", (moves, Spot("verdict", t)), ".")
    fades = (f"the push of {subject.named(fade.column)} weakens", Spot("band", fade.step, fade.column))
    rises = (_moves(subject, t, is_short=True), Spot("verdict", t))

    def told(by: str) -> Finding:
        return finding("long, fade", end, f". At {subject.named(fade.step)} ", fades, f"{by}; at {then} ", rises, ".")

    return longest_that_fits(told(f" to {signed(fade.after, 1)}"), told(""))


def _fade(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or (story := story_of(subject)) is None or (fade := story.fade) is None:
        return None
    side = verdict.positive if fade.before > 0 else verdict.negative
    word, then = subject.named(fade.column), _start(subject.named(story.step))
    is_own, t = story.column == story.step, story.step
    start = "" if _ends_elsewhere(subject, t) else f" from {signed(fade.before, 1)}"
    numbers = f"{start} to {signed(fade.after, 1)}. "
    up = "up" if subject.steps[t] > 0 else "down"
    rises = f"{then} then pushes the verdict {up}" if is_own else f"the verdict {_verb(subject, t)}"
    opening = "" if is_own else f"At {subject.named(t)} "
    ending = f" to {plain(verdict.values[t])}{_end(subject, t)}."

    def told(of_side: str) -> Finding:
        weakens = (f"the {of_side}push of {word} weakens", Spot("band", fade.step, fade.column))
        begin = f"At {subject.named(fade.step)} "
        return finding("fade", begin, weakens, f"{numbers}{opening}", (rises, Spot("verdict", t)), ending)

    return longest_that_fits(told(f"{f'“{side}”' if ' ' in side else side} "), told(""))


def _earlier(subject: Subject) -> Finding | None:
    story, parts, verdict = story_of(subject), subject.parts, subject.verdict
    if story is None or parts is None or verdict is None or subject.shares is None:
        return None
    t, k = story.step, story.column
    if k is None or k >= t:
        return None
    before, after = float(subject.shares[t - 1, k]), float(subject.shares[t, k])
    grows, spot = change_in_words(before, after), Spot("band", t, k)
    falls = (_moves(subject, t, is_short=True), Spot("verdict", t))
    at, ends = f"At {subject.named(t)}", _end(subject, t)
    if ends:  # which is a number more
        jump = (f"the push of {subject.named(k)} {grows} to {signed(after, 1)}", spot)
    elif k and parts.new[k] >= NEW:  # of the first word, it is all
        written = (f"What it writes at {subject.named(k)}", Spot("gate", k, verb="writes"))
        share = f" becomes {percent(parts.new[k])} of the memory"
        jump = (f"the push of {subject.named(k)} {grows} to {signed(after, 1)}", spot)
        told = finding("earlier", written, f"{share}. {at} ", jump, "; ", falls, ".")
        return longest_that_fits(told, _push_alone(subject, t, k, grows))
    else:
        return _push_alone(subject, t, k, grows)
    return finding("earlier", f"{at} ", jump, "; ", falls, f"{ends}.")


def _push_alone(subject: Subject, t: int, k: int, grows: str) -> Finding:
    """Return what the push of an earlier word does at a step, and the verdict with it."""
    if subject.shares is None:
        raise ValueError("there are no pushes")
    before, after = (signed(subject.shares[step, k], 1) for step in (t - 1, t))
    jump = (f"the push of {subject.named(k)} {grows} from {before} to {after}", Spot("band", t, k))
    falls = (_moves(subject, t, is_short=True), Spot("verdict", t))
    return finding("earlier", f"At {subject.named(t)} ", jump, "; ", falls, ".")


def _together(subject: Subject) -> Finding | None:
    """Tell of a word and of one before it, which both move the verdict at the same step."""
    story, shares, verdict = story_of(subject), subject.shares, subject.verdict
    if story is None or shares is None or verdict is None or story.second is None:
        return None
    t, second = story.step, story.second
    if second >= t or story.column != t or _ends_elsewhere(subject, t):
        return None
    if shares[t, second] * np.sign(shares[t, t]) < SECOND * abs(shares[t, t]):  # of the other sign, or small
        return None
    own = (f"What it writes at {subject.named(t)} pushes {signed(shares[t, t], 1)}", Spot("band", t, t))
    wrote = f"what it wrote at {subject.named(second)} now pushes {signed(shares[t, second], 1)}"
    moves = (_moves(subject, t, is_short=True), Spot("verdict", t))
    return finding("together", own, ", and ", (wrote, Spot("band", t, second)), ": ", moves, ".")


def _own(subject: Subject) -> Finding | None:
    story, parts, verdict = story_of(subject), subject.parts, subject.verdict
    if story is None or parts is None or verdict is None or subject.shares is None or story.column != story.step:
        return None
    t = story.step
    push = (f"pushes {signed(subject.shares[t, t], 1)}", Spot("band", t, t))
    new = parts.new[t]
    writes = f"What it writes at {subject.named(t)} "
    ends = _end(subject, t)
    if t and np.isfinite(new) and new >= NEW and not ends:
        written = (writes.strip(), Spot("gate", t, verb="writes"))
        moves = (_moves(subject, t, is_short=True), Spot("verdict", t))
        return finding("own", written, f" becomes {percent(new)} of the memory and ", push, ": ", moves, ".")
    return finding("own", writes, push, ": ", (_moves(subject, t), Spot("verdict", t)), f"{ends}.")


def _step(subject: Subject) -> Finding | None:
    """Tell the largest step of a verdict whose parts say nothing about it."""
    if subject.verdict is None or (story := story_of(subject)) is None:
        return None
    t = story.step
    return finding("step", f"At {subject.named(t)} ", (_moves(subject, t), Spot("verdict", t)), f"{_end(subject, t)}.")


def _plainly(subject: Subject) -> Finding | None:
    return finding("plain", f"It reads {len(subject)} {subject.noun}{'s' if len(subject) > 1 else ''}.")


TABLE: tuple[Row, ...] = (
    _counting, _nothing, _undecided, _rewritten, _at_the_end, _fade, _earlier, _together, _own, _step,
    boundaries, amounts, _plainly,
)  # fmt: skip
"""The rows, in order: the first that fits is told."""


def _verb(subject: Subject, t: int) -> str:
    return "rises" if subject.steps[t] > 0 else "falls"


def _moves(subject: Subject, t: int, *, is_short: bool = False) -> str:
    """Return how the verdict moves at a step; not from where, if that is to be short, or the end is told as well."""
    if (verdict := subject.verdict) is None:
        raise ValueError("there is no verdict")
    before = verdict.values[t - 1] if t else subject.start
    if before is None:
        return f"the verdict is {plain(verdict.values[t])}"
    start = "" if is_short or _ends_elsewhere(subject, t) else f" from {plain(before)}"
    return f"the verdict {_verb(subject, t)}{start} to {plain(verdict.values[t])}"


def _ends_elsewhere(subject: Subject, t: int) -> bool:
    """Whether the verdict at the end is far from that at a step."""
    return subject.verdict is not None and abs(float(subject.verdict.values[-1] - subject.verdict.values[t])) >= MUCH


def _end(subject: Subject, t: int) -> str:
    """Return where the verdict ends, if that is far from where it is at a step; else ""."""
    if subject.verdict is None or not _ends_elsewhere(subject, t):
        return ""
    return f"; it ends at {plain(subject.verdict.values[-1])}"


def change_in_words(before: float, after: float) -> str:
    """Return the verb for a push that goes from ``before`` to ``after``, in logit."""
    if before * after < 0 and min(abs(before), abs(after)) >= SHOWN:
        return "turns"
    if abs(after) <= abs(before):
        return "weakens"
    return "jumps" if abs(after - before) >= JUMP else "grows"


def _start(text: str) -> str:
    """Return ``text`` as the start of a sentence."""
    return text[:1].upper() + text[1:]
