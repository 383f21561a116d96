"""The left margin: what each row is, how the memory is read, and the scale of pushes."""

from collections.abc import Iterator, Sequence

from .blocks import pushes_of
from .frame import GUTTER, WORDS, Frame
from .input_curves import names_svg
from .numbers import at, short
from .push_colours import STEPS
from .subject import Subject, Verdict
from .svg import lines, text
from .text_width import fitted, text_width, wrapped

VERB = 16.0
SMALL = 13.0
ROOM = GUTTER - 8
LEGEND = 78.0  # px high
LINE = 16.0  # px, by which it is higher where the names of its sides take two lines

PUSHED = (
    "A band is what was written at one {noun}. Its height, and the size of the {noun} in it: how much of that remains. "
    "Colour and number: which way it pushes the verdict."
)
AGED = "A band is what was written during one {noun}. Its height: how much of that remains. Colour: its age."
REWRITTEN = (
    "One block per {noun}: the whole state, rewritten from the {noun} and the state before. Nothing is carried over "
    "unchanged."
)
SHORT = "Band: written at one {noun}. Height: how much remains."
SHORT_REWRITTEN = "Block: the whole state, rewritten at each {noun}."


def gutter_svg(subject: Subject, frame: Frame, scale: float, *, is_own_scale: bool, name: str) -> Iterator[str]:
    """Yield the left margin."""
    yield from names_svg(subject.inputs, ROOM)
    if subject.verdict is not None:
        yield from _verdict(subject, frame)
    elif frame.verdict:
        yield text(0, frame.verdict_top + 12, VERB, "surprise", "verb")
        yield text(0, frame.verdict_top + 29, SMALL, "in bits", "muted")
    yield text(0, frame.words + 34, VERB, "step" if subject.is_of_steps else "reads", "verb")
    for place, row in enumerate(subject.rows[: frame.rows]):
        y = frame.row(place)
        yield text(0, y + 13, VERB, row.role.verb, "verb") + text(
            0, y + 30, SMALL, fitted(row.name, SMALL, ROOM), "muted"
        )
    yield from _memory(subject, frame, scale, is_own_scale=is_own_scale, name=name)


def _verdict(subject: Subject, frame: Frame) -> Iterator[str]:
    verdict, top, low = subject.verdict, frame.verdict_top, frame.verdict_top + frame.verdict
    if verdict is None:
        return
    for side, value, y in ((verdict.positive, "1", top + 5), (verdict.negative, "0", low + 4)):
        kind = "positive" if value == "1" else "negative"
        named = fitted(side, SMALL, ROOM - text_width(" 1", SMALL, bold=True), bold=True)
        yield text(GUTTER - 8, y, SMALL, f"{named} {value}", f"strong end {kind}")
    middle = (top + low) / 2
    yield text(0, middle - 2, VERB, "says", "verb")
    yield text(0, middle + 15, SMALL, fitted(f"P({verdict.positive})", SMALL, ROOM), "muted")


def _memory(subject: Subject, frame: Frame, scale: float, *, is_own_scale: bool, name: str) -> Iterator[str]:
    title = "the state" if subject.parts is None else "the memory"
    has_pushes = subject.verdict is not None
    noun = subject.noun if has_pushes or subject.parts is None else subject.aged_noun
    told = REWRITTEN if subject.parts is None else PUSHED if has_pushes else AGED
    room = frame.memory - (LEGEND + second_line(subject.verdict) if subject.verdict is not None else 60)
    texts = wrapped(told.format(noun=noun), SMALL, ROOM)
    if 24 + 17 * len(texts) > room:
        texts = wrapped((SHORT_REWRITTEN if subject.parts is None else SHORT).format(noun=noun), SMALL, ROOM)
    if 24 + 17 * len(texts) > room:
        texts = []
    y = frame.memory_top + max(12.0, min(40.0, room - 24 - 17 * len(texts)))
    yield text(0, y, VERB, title, "verb") + lines(0, y + 19, SMALL, texts, "muted", apart=17 / SMALL)
    y += 19 + 17 * len(texts) + 10
    if has_pushes:
        yield from scale_svg([subject], y, scale, is_own_scale=is_own_scale, name=name)
    elif subject.parts is not None:  # a state that is rewritten has nothing older
        for n, of_age in enumerate((f"this {noun}", "the one before", "older")):
            yield f'<rect class="swatch age{n}" y="{at(y + 20 * n)}" width="16" height="13"/>'
            yield text(23, y + 11 + 20 * n, SMALL, of_age)


def scale_svg(subjects: Sequence[Subject], y: float, scale: float, *, is_own_scale: bool, name: str) -> Iterator[str]:
    """Yield the colours of the pushes of ``subjects``, from one side to the other, and where the scale ends."""
    verdict = subjects[0].verdict
    if verdict is None:
        return
    pushes = [pushes_of(each) if each.parts is None else each.shares for each in subjects]
    is_beyond = any(each is not None and float(abs(each).max()) > scale for each in pushes)
    title = "pushes (this text)" if is_own_scale else "pushes (logit)"
    yield text(0, y, SMALL, title)
    sides = (verdict.negative, verdict.positive)
    down = second_line(verdict)
    for side, x, below, kind in zip(sides, (0.0, ROOM), (0.0, down), ("negative", "positive end"), strict=True):
        yield text(x, y + 21 + below, SMALL, fitted(side, SMALL, ROOM, bold=True), f"strong {kind}")
    y += down
    stops = "".join(
        f'<stop offset="{(step + STEPS) / (2 * STEPS):g}" class="p{step}"/>' for step in range(-STEPS, STEPS + 1, 4)
    )
    yield f'<linearGradient id="{name}-scale">{stops}</linearGradient>'
    yield f'<rect y="{at(y + 28)}" width="{at(ROOM)}" height="10" rx="2" fill="url(#{name}-scale)"/>'
    end = short(scale)
    yield text(0, y + 52, SMALL, f"−{end}")
    yield text(ROOM / 2, y + 52, SMALL, "0", "middle")
    if is_beyond:
        yield text(ROOM / 2, y + 68, SMALL, "◂ and beyond ▸", "middle muted")
    yield text(ROOM, y + 52, SMALL, f"+{end}", "end")


def second_line(verdict: Verdict) -> float:
    """Return how far below the name of one side that of the other stands: 0 where both fit on a line."""
    together = sum(text_width(side, SMALL, bold=True) for side in (verdict.negative, verdict.positive)) + 4
    return 0.0 if together <= ROOM else LINE


WORD_LINE = WORDS - 16
"""The baseline of a word, from the top of its row."""
