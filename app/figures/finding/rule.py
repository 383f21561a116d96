"""The rule by which a finding is chosen: the first row of the table that fits. docs/first-screen.md tells it in words.

A row knows only what was written where, what of it remains and what that pushes; it never says "because of". It has no
use for held-out statistics, so that it holds with or without them.
"""

from collections.abc import Callable

import numpy as np

from ..numbers import percent, plain, signed
from ..subject import Subject
from .counting import count_of
from .statement import MOST_WORDS, Finding, Spot, finding
from .story import MUCH, NEW, story_of
from .surprise import surprise
from .tracked import tracked

LONG = 30  # steps, from which it starts with the verdict at the end

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
    each = ("each", "each but one", "each but two")[count.exceptions]
    pushes = f": “{one}” pushes “{sides[one]}”, “{other}” “{sides[other]}”, {each} by about {plain(count.size, 1)}"
    after = plain(verdict.values[last])
    if not count.balances:
        return finding("counts", first, f"{pushes}. “{verdict.positive}” ends at {after}.")
    jump = (f"“{verdict.positive}” jumps from {plain(verdict.values[last - 1])} to {after}", Spot("verdict", last))
    return finding("counts", first, f"{pushes}. At {subject.named(last)} ", jump, ".")


def _nothing(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or np.abs(subject.steps).max() >= MUCH:
        return None
    low, high = plain(verdict.values.min()), plain(verdict.values.max())
    if low == high:
        return finding("nothing", f"Nothing much happens: the verdict is {low} at every {subject.noun}.")
    if np.ptp(verdict.values) >= MUCH:
        return finding("nothing", f"No single {subject.noun} moves the verdict much: it goes between {low} and {high}.")
    return finding("nothing", f"Nothing much happens: the verdict stays between {low} and {high}.")


def _rewritten(subject: Subject) -> Finding | None:
    if subject.parts is not None:
        return None
    units = subject.layer["h"].shape[1]
    start = (
        f"Nothing is carried over: each {subject.noun} rewrites all {units} numbers",
        Spot("band", len(subject) - 1),
    )
    if subject.verdict is None or (story := story_of(subject)) is None:
        return finding("rewritten", start, " of its memory.", also=surprise(subject))
    t = story.step
    moves = (_moves(subject, t), Spot("verdict", t))
    return finding("rewritten", start, f". At {subject.named(t)} ", moves, ".")


def _at_the_end(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or len(subject) < LONG or (story := story_of(subject)) is None:
        return None
    end = (f"It ends at {plain(verdict.values[-1])}", Spot("verdict", len(subject) - 1))
    rises = f"the verdict {_verb(subject, story.step)} to {plain(verdict.values[story.step])}"
    moves, then = (rises, Spot("verdict", story.step)), subject.named(story.step)
    if (fade := story.fade) is None:
        return finding("long", end, f". Its decisive step is at {then}: ", moves, ".")
    fades = (f"the push of {subject.named(fade.column)} weakens", Spot("band", fade.step, fade.column))

    def told(by: str) -> Finding:
        return finding("long, fade", end, f". At {subject.named(fade.step)} ", fades, f"{by}; at {then} ", moves, ".")

    with_push = told(f" to {signed(fade.after, 1)}")
    return with_push if len(with_push.text.split()) <= MOST_WORDS else told("")


def _fade(subject: Subject) -> Finding | None:
    if (verdict := subject.verdict) is None or (story := story_of(subject)) is None or (fade := story.fade) is None:
        return None
    side = verdict.positive if fade.before > 0 else verdict.negative
    word, then = subject.named(fade.column), _start(subject.named(story.step))
    numbers = f" from {signed(fade.before, 1)} to {signed(fade.after, 1)}. "
    is_own, t = story.column == story.step, story.step
    up = "up" if subject.steps[t] > 0 else "down"
    rises = f"{then} then pushes the verdict {up}" if is_own else f"the verdict {_verb(subject, t)}"
    opening, ending = "" if is_own else f"At {subject.named(t)} ", f" to {plain(verdict.values[t])}."

    def told(of_side: str) -> Finding:
        weakens = (f"the {of_side}push of {word} weakens", Spot("band", fade.step, fade.column))
        begin = f"At {subject.named(fade.step)} "
        return finding("fade", begin, weakens, f"{numbers}{opening}", (rises, Spot("verdict", t)), ending)

    with_side = told(f"{side if side.isalpha() else f'“{side}”'} ")
    return with_side if len(with_side.text.split()) <= MOST_WORDS else told("")


def _earlier(subject: Subject) -> Finding | None:
    story, parts, verdict = story_of(subject), subject.parts, subject.verdict
    if story is None or parts is None or verdict is None or subject.shares is None:
        return None
    t, k = story.step, story.column
    if k is None or k >= t:
        return None
    before, after = float(subject.shares[t - 1, k]), float(subject.shares[t, k])
    grows = "jumps" if abs(after) > abs(before) else "goes"
    falls = (f"the verdict {_verb(subject, t)} to {plain(verdict.values[t])}", Spot("verdict", t))
    spot = Spot("band", t, k)
    if parts.new[k] >= NEW:
        written = f"What it writes at {subject.named(k)} becomes"
        share = (f"{percent(parts.new[k])} of its memory", Spot("gate", k, verb="writes"))
        jump = (f"that memory's push {grows} to {signed(after, 1)}", spot)
        return finding("earlier", f"{written} ", share, f". At {subject.named(t)}, ", jump, "; ", falls, ".")
    jump = (f"the push of {subject.named(k)} {grows} from {signed(before, 1)} to {signed(after, 1)}", spot)
    return finding("earlier", f"At {subject.named(t)} ", jump, "; ", falls, ".")


def _together(subject: Subject) -> Finding | None:
    """Tell of a word and of one before it, which both move the verdict at the same step."""
    story, shares, verdict = story_of(subject), subject.shares, subject.verdict
    if story is None or shares is None or verdict is None or story.second is None:
        return None
    t, second = story.step, story.second
    if second >= t or story.column != t or shares[t, t] * shares[t, second] <= 0:
        return None
    own = (f"What it writes at {subject.named(t)} pushes {signed(shares[t, t], 1)}", Spot("band", t, t))
    wrote = f"what it wrote at {subject.named(second)} now {signed(shares[t, second], 1)}"
    moves = (f"the verdict {_verb(subject, t)} to {plain(verdict.values[t])}", Spot("verdict", t))
    return finding("together", own, ", ", (wrote, Spot("band", t, second)), ": ", moves, ".")


def _own(subject: Subject) -> Finding | None:
    story, parts, verdict = story_of(subject), subject.parts, subject.verdict
    if story is None or parts is None or verdict is None or subject.shares is None or story.column != story.step:
        return None
    t = story.step
    push = (f"pushes {signed(subject.shares[t, t], 1)}", Spot("band", t, t))
    new = parts.new[t]
    writes = f"What it writes at {subject.named(t)} "
    if t and np.isfinite(new) and new >= NEW:
        share = (f"{percent(new)} of its memory", Spot("gate", t, verb="writes"))
        moves = (f"the verdict {_verb(subject, t)} to {plain(verdict.values[t])}", Spot("verdict", t))
        return finding("own", f"{writes}becomes ", share, " and ", push, ": ", moves, ".")
    return finding("own", writes, push, ": ", (_moves(subject, t), Spot("verdict", t)), ".")


def _step(subject: Subject) -> Finding | None:
    """Tell the largest step of a verdict whose parts say nothing about it."""
    if subject.verdict is None or (story := story_of(subject)) is None:
        return None
    return finding(
        "step", f"At {subject.named(story.step)} ", (_moves(subject, story.step), Spot("verdict", story.step)), "."
    )


def _boundaries(subject: Subject) -> Finding | None:
    """Tell what remains after each space, where that is much less than inside words."""
    parts = subject.parts
    if parts is None or not subject.terms.is_character or not subject.trace.tokens:
        return None
    is_space = np.array([token.text.isspace() for token in subject.trace.tokens])
    known = np.isfinite(parts.remaining)
    if (is_space & known).sum() < 3 or not (~is_space & known).any():
        return None
    at_spaces, inside = parts.remaining[is_space & known].mean(), parts.remaining[~is_space & known].mean()
    if at_spaces > 0.75 * inside:
        return None
    lowest = int(np.flatnonzero(is_space & known)[np.argmin(parts.remaining[is_space & known])])
    much = "most" if at_spaces < 0.5 else "much"
    drops = (f"it drops {much} of its memory", Spot("gate", lowest, verb="keeps"))
    where = "At each space" if parts.remaining[is_space & known].max() < 0.5 else "At spaces"
    return finding(
        "spaces",
        f"{where} ",
        drops,
        f": about {percent(at_spaces)} remains.",
        also=tracked(subject) or surprise(subject),
    )


def _amounts(subject: Subject) -> Finding | None:
    """Tell where most of the old memory goes."""
    parts = subject.parts
    if parts is None:
        return None
    remaining = np.where(np.isfinite(parts.remaining), parts.remaining, np.inf)
    if len(subject) < 2 or not np.isfinite(remaining).any():
        return finding("amounts", f"This is its first {subject.noun}: all of its memory is new.")
    t = int(np.argmin(remaining))
    spot = Spot("gate", t, verb="keeps")
    if remaining[t] > 0.9:
        at_least = percent(np.floor(100 * remaining[t]) / 100)
        return finding(
            "amounts",
            "It keeps nearly everything: at every step ",
            (f"at least {at_least}", spot),
            " remains.",
            *surprise(subject),
        )
    drops = (f"At {subject.named(t)} it drops the most", spot)
    return finding(
        "amounts",
        drops,
        f": {percent(remaining[t])} of the old memory remains.",
        also=tracked(subject) or surprise(subject),
    )


def _plainly(subject: Subject) -> Finding | None:
    return finding("plain", f"It reads {len(subject)} {subject.noun}{'s' if len(subject) > 1 else ''}.")


TABLE: tuple[Row, ...] = (
    _counting, _nothing, _rewritten, _at_the_end, _fade, _earlier, _together, _own, _step,
    _boundaries, _amounts, _plainly,
)  # fmt: skip
"""The rows, in order: the first that fits is told."""


def _verb(subject: Subject, t: int) -> str:
    return "rises" if subject.steps[t] > 0 else "falls"


def _moves(subject: Subject, t: int) -> str:
    """Return how the verdict moves at a step."""
    if (verdict := subject.verdict) is None:
        raise ValueError("there is no verdict")
    before = verdict.values[t - 1] if t else subject.start
    if before is None:
        return f"the verdict is {plain(verdict.values[t])}"
    return f"the verdict {_verb(subject, t)} from {plain(before)} to {plain(verdict.values[t])}"


def _start(text: str) -> str:
    """Return ``text`` as the start of a sentence."""
    return text[:1].upper() + text[1:]
