"""What differs between two texts that one network reads: the words, the verdict, and the pushes behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..alignment import Pair
from ..numbers import percent, plain, signed, spelt
from ..subject import Subject
from .sentence import sentence
from .statement import Finding
from .story import MUCH

RULE = "texts"
LONGEST = 3  # words of a change that are named
TELLING = 0.3  # logit, from which a difference of pushes is told
SECOND = 0.5  # of the largest difference, from which another one is told
VANISHED = 0.1  # of what a push was, below which it has nearly vanished


@dataclass(frozen=True)
class Change:
    """What turns the text ``without`` it into the text ``with`` it: one run of words that come in, go out, or both."""

    words: str  # "With “not”"
    with_it: Subject
    without: Subject
    pairs: Sequence[Pair]  # a step with it, and one without it


def difference(first: Subject, second: Subject, pairs: Sequence[Pair]) -> Finding:
    """Return what differs between two texts; ``pairs`` are their steps, aligned."""
    if first.verdict is None or second.verdict is None:
        return sentence(RULE, _expected(first, second))
    one, other = float(first.verdict.values[-1]), float(second.verdict.values[-1])
    if (change := _change(first, second, pairs)) is None:
        sides = first.verdict.side(one), second.verdict.side(other)
        told = f"The first text ends at {plain(one)} ({sides[0]}), the second at {plain(other)} ({sides[1]})"
        return sentence(RULE, told)
    if not change.words:
        if plain(one) == plain(other):
            return sentence(RULE, f"Both texts are the same, and so is the verdict: {plain(one)}")
        told = f"With your change the verdict is {plain(one)}, without it {plain(other)}"
        return sentence(RULE, f"Both texts are the same. {told}")
    end, start = (one, other) if change.with_it is first else (other, one)
    if plain(start) == plain(end):
        return sentence(RULE, f"{change.words} the verdict stays at {plain(end)}")
    if abs(end - start) < MUCH:
        return sentence(RULE, f"{change.words} the verdict hardly moves, from {plain(start)} to {plain(end)}")
    moves = "rises" if end > start else "falls"
    told = f"{change.words} the verdict {moves} from {plain(start)} to {plain(end)}"
    return sentence(
        RULE, told, *(f"{joint}{each}" for joint, each in zip((": ", ", and "), _pushes(change), strict=False))
    )


def _change(first: Subject, second: Subject, pairs: Sequence[Pair]) -> Change | None:
    """Return the only run of words that differs; None if there are several, or it is long."""
    differs = differing(first, second, pairs)
    if not differs:
        return Change("", first, second, pairs)
    run = pairs[differs[0] : differs[-1] + 1]
    gone = [first.words[a] for a, _ in run if a is not None]
    come = [second.words[b] for _, b in run if b is not None]
    if len(run) > len(differs) or max(len(gone), len(come)) > LONGEST:
        return None
    if not come:
        return Change(f"With {_quoted(gone, first)}", first, second, pairs)
    turned = [(b, a) for a, b in pairs]
    instead = f" instead of {_quoted(gone, first)}" if gone else ""
    return Change(f"With {_quoted(come, second)}{instead}", second, first, turned)


def differing(first: Subject, second: Subject, pairs: Sequence[Pair]) -> list[int]:
    """Return which of ``pairs`` are of two words, or of one."""
    return [n for n, (a, b) in enumerate(pairs) if a is None or b is None or first.words[a] != second.words[b]]


def _quoted(words: Sequence[str], subject: Subject) -> str:
    return f"“{('' if subject.terms.is_character else ' ').join(words)}”"


@dataclass(frozen=True)
class _Push:
    """How a word pushes at the end, with the change and without it."""

    word: str
    now: float
    then: float
    kind: int  # 0: the word comes in; 1: it stays; 2: it goes out

    @property
    def size(self) -> float:
        return abs(self.now - self.then)

    def told(self, *, has_number: bool) -> str:
        """Return what has become of it."""
        if self.kind != 1:
            return f"{self.word} {'no longer pushes' if self.kind else 'pushes'} {signed(self.now or self.then, 1)}"
        now = f", to {signed(self.now, 1)}" if has_number else ""
        if abs(self.now) < VANISHED * abs(self.then):
            return f"the push of {self.word} nearly vanishes{now}"
        if self.now * self.then < 0:
            return f"the push of {self.word} changes sides{now}"
        return f"the push of {self.word} {'grows' if abs(self.now) > abs(self.then) else 'weakens'}{now}"


def _pushes(change: Change) -> list[str]:
    """Return what is told of the pushes that differ most at the end; the first has a number.

    Of two, that of a word that comes in is told first, and that of one that goes out is not.
    """
    now, then = change.with_it.shares, change.without.shares
    if now is None or then is None:
        return []
    pushes: list[_Push] = []
    for a, b in change.pairs:
        if a is not None and b is not None and change.with_it.words[a] == change.without.words[b]:
            pushes.append(_Push(change.with_it.named(a), float(now[-1, a]), float(then[-1, b]), 1))
            continue
        pushes += [] if a is None else [_Push(change.with_it.named(a), float(now[-1, a]), 0.0, 0)]
        pushes += [] if b is None else [_Push(change.without.named(b), 0.0, float(then[-1, b]), 2)]
    ranked = sorted(pushes, key=lambda each: -each.size)[:2]
    ranked = [each for each in ranked if each.size >= max(TELLING, SECOND * ranked[0].size)]
    kept = [each for each in ranked if len(ranked) == 1 or each.kind != 2]
    ordered = sorted(kept, key=lambda each: each.kind)
    # Only a word that stays can be told without its number.
    return [each.told(has_number=n == 0) for n, each in enumerate(ordered) if n == 0 or each.kind == 1]


def _expected(first: Subject, second: Subject) -> str:
    """Return what is expected after each text, where the next symbol is."""
    one, other = first.next_token, second.next_token
    if one is None or other is None:
        return "Two texts, on one scale"
    names = [spelt(token) if token.isspace() else f"“{spelt(token)}”" for token, _ in (one, other)]
    if names[0] == names[1]:
        chances = f"{percent(one[1])} after the first, {percent(other[1])} after the second"
        return f"After both texts it expects {names[0]} next: a chance of {chances}"
    chances = f"({percent(one[1])}), after the second {names[1]} ({percent(other[1])})"
    return f"After the first text it expects {names[0]} next {chances}"
