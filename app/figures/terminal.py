"""The memory line by line for a terminal: a bar and the words that each step's memory is made of, in plain text."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from .blocks import amounts_of
from .final_pushes import final_pushes
from .finding.change import change_of
from .finding.rule import finding_of
from .memory_line import LEAST_PUSH, memory_parts
from .numbers import chance_of, plain, signed, spelt
from .readout import not_causal
from .sparklines import sparklines
from .subject import Subject
from .terminal_text import cut, encodable, isolated
from .unknown_words import unknown_notice

LEFT, NEW = "▒", "█"
OF_MEMORY = 0.05  # that a word must hold to be named
MUCH, LITTLE = 0.25, 0.1  # of the memory: words that hold more are bold, those that hold less are dim
LONGEST_WORD = 14  # cells, of the column of words
BAR = (8, 30)  # cells, the least and the most
FIGURES = 24  # cells, of what is new and what remains
SAYS = 5  # cells, of the verdict
BESIDE = 110  # cells of a terminal, from which the words stand next to the bar, not below it
INDENT = 2
GAP = "  "
POSITIVE, NEGATIVE = "color(33)", "color(166)"  # blue and orange that can be read on black and on white


def memory_lines(subject: Subject, width: int, before: Subject | None = None) -> list[Text]:
    """Return what the first screen shows as lines of text at most ``width`` cells wide, but for sentences.

    Sentences are left for the terminal to wrap. ``before`` is the same text without edits.
    """
    finding = (change_of(subject, before) if before is not None else None) or finding_of(subject)
    notice = unknown_notice(subject)
    lines = [*([Text(notice)] if notice else []), Text(finding.text, style="bold")]
    lines += [*(Text(told, style="dim") for told in _legend(subject)), Text()]
    lines += [*sparklines(subject.inputs, width), Text()] if subject.inputs else []
    totals = amounts_of(subject) if subject.parts is None else subject.parts.amounts.sum(axis=1)
    for t in range(len(subject)):
        lines += _step(subject, t, totals / (totals.max() or 1.0), width)
    return [*lines, *_end(subject, before)]


def print_lines(lines: Iterable[Text], console: Console) -> None:
    """Print ``lines``: in colour where the terminal has it, and in ASCII where its encoding has no bars."""
    for line in lines:
        console.print(encodable(line, console.encoding), soft_wrap=not console.is_terminal)


def plain_text(lines: Iterable[Text]) -> str:
    """Return ``lines`` without colours."""
    return "\n".join(line.plain for line in lines)


def _legend(subject: Subject) -> list[str]:
    """Return how the lines are read."""
    says = [] if subject.verdict is None else [f"then P({subject.verdict.positive})"]
    if subject.parts is None:
        told = f"{NEW} the size of the state: nothing is carried, each {subject.noun} rewrites all of it"
        return [", ".join([told, *says])]
    if subject.shares is not None:
        noun, what = subject.noun, "the push of each"
    else:
        noun, what = subject.aged_noun, "how long ago"
    of_words = f"{noun}s that it was written at: how much of the memory, {what}"
    return [", ".join([f"{LEFT} what remains of the memory", f"{NEW} what is new", *says]), of_words]


def _step(subject: Subject, t: int, sizes: np.ndarray[tuple[int], np.dtype[np.float64]], width: int) -> Iterator[Text]:
    """Yield the lines of a step: its word, a bar, the verdict, and the words that the memory is made of."""
    column = min(max(map(cell_len, subject.words)), LONGEST_WORD)
    room = width - column - SAYS - len(GAP)
    has_figures = subject.parts is not None and room >= BAR[0] + FIGURES + len(GAP)
    room -= FIGURES + len(GAP) if has_figures else 0
    line = Text(isolated(cut(subject.words[t], column)), style="bold")
    bar = max(BAR[0], min(BAR[1], room // 2 if width >= BESIDE else room))
    new, figures = 1.0, ""
    if (parts := subject.parts) is not None:
        new = float(np.nan_to_num(parts.new[t]))
        told = [(parts.new[t], "new"), (parts.remaining[t], "remains")]
        figures = " ".join(f"{round(100 * each):3d} % {name}" for each, name in told if np.isfinite(each))
    whole = round(bar * float(sizes[t]))
    fresh = min(whole, round(bar * float(sizes[t]) * new))
    line = Text.assemble(line, " " * (column - cell_len(cut(subject.words[t], column))), GAP)
    line.append(LEFT * (whole - fresh), style="dim").append(NEW * fresh).append(" " * (bar - whole))
    line.append(f"{GAP}{figures:<{FIGURES}}" if has_figures else "")
    if subject.verdict is not None:
        value = float(subject.verdict.values[t])
        line.append(f"{plain(value):>{SAYS}}", style=f"bold {POSITIVE if value >= 0.5 else NEGATIVE}")
    words, is_beside = list(_words(subject, t)), width >= BESIDE
    if words and is_beside:
        line.append(GAP).append_text(_fitted(words, width - cell_len(line.plain) - len(GAP)))
    line.rstrip()
    yield line
    if words and not is_beside:
        yield Text(" " * INDENT).append_text(_fitted(words, width - INDENT))


def _words(subject: Subject, t: int) -> Iterator[tuple[float, Text]]:
    """Yield the words that a step's memory is made of, with what part of it each holds; an empty text for few."""
    amounts, pushes, names, _ = memory_parts(subject, t)
    if subject.parts is None:
        if (push := pushes[0]) is not None:
            yield 1.0, Text(f"all of h {signed(push)}", style=_side(push))
        return
    total = sum(amounts) or 1.0
    is_backward = subject.parts.direction == "backward"
    for place, (amount, push, name) in enumerate(zip(amounts, pushes, names, strict=True)):
        share = amount / total
        ago = place if is_backward else len(names) - 1 - place
        behind = (
            signed(push) if push is not None else "now" if ago == 0 else f"{ago} {'later' if is_backward else 'ago'}"
        )
        weight = "bold " if share >= MUCH else "dim " if share < LITTLE else ""
        yield share, Text(f"{isolated(name)} {round(100 * share)} % {behind}", style=f"{weight}{_side(push)}".strip())


def _fitted(words: Sequence[tuple[float, Text]], room: int) -> Text:
    """Return the words that hold most and fit into ``room`` cells, in their order, with "…" in place of others."""
    ranked = sorted((n for n, (share, _) in enumerate(words) if share >= OF_MEMORY), key=lambda n: -words[n][0])
    kept: list[int] = []
    for n in ranked:
        trial = sorted([*kept, n])
        if cell_len(_joined(words, trial).plain) <= room:
            kept = trial
        elif not kept:
            return _joined([(1.0, _shortened(words[n][1], room))], [0])
    return _joined(words, kept)


def _joined(words: Sequence[tuple[float, Text]], kept: Sequence[int]) -> Text:
    """Return some of the words as one text."""
    pieces, before = list[Text](), -1
    for n in kept:
        pieces += [Text("…", style="dim")] * (n > before + 1) + [words[n][1]]
        before = n
    pieces += [Text("…", style="dim")] * (0 < before + 1 < len(words))
    return Text(GAP).join(pieces)


def _end(subject: Subject, before: Subject | None) -> Iterator[Text]:
    """Yield what follows the last step: the sum of the pushes, or what the network expects next."""
    yield Text()
    if (verdict := subject.verdict) is not None and subject.logits is not None:
        pushes = final_pushes(subject)
        told = ", ".join(f"{isolated(name)} {signed(push)}" for name, push in [*pushes.named, *pushes.others])
        value = float(verdict.values[-1])
        total = f"All pushes add up to {signed(float(subject.logits[-1]))}, which is P = {plain(value)}:"
        yield Text(f"pushes at the end: {told}. {total}")
        last = Text(f"{plain(value)} {verdict.side(value)}", style=f"bold {POSITIVE if value >= 0.5 else NEGATIVE}")
        if before is not None and before.verdict is not None:
            last.append(f", without your change {plain(float(before.verdict.values[-1]))}", style="not bold default")
        yield last
    elif (expected := subject.next_token) is not None:
        yield Text(f"Next it expects {isolated(spelt(expected[0]))}: {chance_of(expected[1])}.")
    if told := not_causal(subject):
        yield Text(told, style="dim")


def _side(push: float | None) -> str:
    """Return the colour of a push; "" if it is small, or nothing pushes."""
    if push is None or abs(push) < LEAST_PUSH:
        return ""
    return POSITIVE if push > 0 else NEGATIVE


def _shortened(text: Text, room: int) -> Text:
    return Text(cut(text.plain, room), style=text.style)
