"""The chapters of the story, in order, and where the chapters of the tour that was here before have gone."""

from collections.abc import Collection, Sequence
from typing import Any

from ..look import Look
from .chapter import Chapter, Hold, Measure, Number, Pick, Show

NOT_GOOD = "the movie was not good"
TURN = "the acting was terrible but the story was wonderful"
COUNTED = "aaabbb"
NOVEL = "It is a truth universally acknowledged, that a single man"

CARRIED = '.charted .band, g.gates[data-verb="keeps"] svg'
LSTM, GRU = "sentiment-lstm", "sentiment-gru"


def _column(step: int) -> tuple[str, str]:
    """Return selectors of a step: of its column, or of its line on a phone."""
    return f'.column[data-t="{step}"]', f'.narrow tbody[data-t="{step}"]'


def _look(number: int, model: str, text: str, **more: Any) -> Look:
    return Look(chapter=number, model=model, text=text, **more)


def _mean(shown: str, model: str, text: str, letter: str, step: int) -> Number:
    return Number(shown, {"model": model, "text": text, "letter": letter, "step": str(step)})


def _gradient(shown: str, model: str) -> Number:
    return Number(shown, {"model": model, "text": NOVEL, "distance": "40"})


CHAPTERS: Sequence[Chapter] = (
    Chapter(
        "“not” opens the input gates",
        _look(1, LSTM, NOT_GOOD, step=3),
        _column(3),
        "Input gates decide how much of the candidate is written. At “not” they open to {i}, and its band is most of "
        "the memory.",
        Hold("Shut them:", "i", 0, 3, most=0.1),
        "hardly anything is written at “not”, and the verdict flips to {verdict}.",
        {"i": _mean("0.78", LSTM, NOT_GOOD, "i", 3)},
    ),
    Chapter(
        "“but” lowers the forget gates",
        _look(2, LSTM, TURN, step=4),
        _column(4),
        "A forget gate is a sigmoid: near one it keeps, near zero it drops. At “but” it is lowest, {f}, and older "
        "bands shrink.",
        Hold("Hold it open:", "f", 1, 4, least=0.95),
        "“terrible” stays in the memory, and the verdict ends at {verdict}.",
        {"f": _mean("0.39", LSTM, TURN, "f", 4)},
        lit=".charted .band",
    ),
    Chapter(
        "Two ways to remember",
        _look(3, "anbn-lstm", COUNTED, step=5),
        (CARRIED, '.narrow tbody[data-t="5"]'),
        "Kept: forget gates at {f} carry every letter’s band to the end. Rewritten through h: a flag, fifty letters "
        "old; a plain RNN has lost it.",
        Hold("Forget a little:", "f", 0.8, most=0.8),
        "bands fade, and it expects the end one “b” too early, at {verdict 4}.",
        {"f": _mean("1.00", "anbn-lstm", COUNTED, "f", 5)},
        figure="flag",
    ),
    Chapter(
        "The output gate lets out",
        _look(4, LSTM, NOT_GOOD, step=4),
        _column(4),
        "The next step and the verdict see only h: as much of the cell state as the output gate lets out, {o} at "
        "“good”.",
        Hold("Shut it there:", "o", 0, 4, most=0.05),
        "the memory is as large as before, but the verdict hardly sees it: {verdict}.",
        {"o": _mean("0.53", LSTM, NOT_GOOD, "o", 4)},
    ),
    Chapter(
        "A GRU: one gate for two jobs",
        _look(5, LSTM, NOT_GOOD, step=3),
        ('g.gates[data-verb="writes"] svg', 'g.gates[data-verb="keeps"] svg', '.narrow tbody[data-t="3"]'),
        "An LSTM writes by i, {i} at “not”, and keeps by f. A GRU has no cell state; its update gate z does both.",
        Show("Show the GRU", GRU),
        "at “not”, z keeps {keeps 3} of h on average; the rest is written anew.",
        {"i": _mean("0.78", LSTM, NOT_GOOD, "i", 3)},
        controls="#models",
    ),
    Chapter(
        "The reset gate: how much of the past",
        _look(6, GRU, NOT_GOOD, step=4),
        _column(4),
        "What a GRU may write, its candidate, sees the past through the reset gate: {r} at “good”.",
        Hold("Shut it there:", "r", 0, 4, most=0.1),
        "“good” is read without “not”. Its push turns positive, and the verdict rises to {verdict}.",
        {"r": _mean("0.34", GRU, NOT_GOOD, "r", 4)},
    ),
    Chapter(
        "Why training needs gates",
        _look(7, "prose-rnn", NOVEL, step=56),
        (".charted .band", ".narrow tbody:first-of-type"),
        "A plain RNN rewrites its state at each step. Forty steps back, {rewritten} of a gradient is left; in the "
        "LSTM, {gated}.",
        Pick("Recurrent weights", ("trained", "doubled")),
        "gradients explode, gates or not. Clipping bounds that, and brings back nothing that vanished.",
        {"rewritten": _gradient("3.0 · 10⁻⁵", "prose-rnn"), "gated": _gradient("0.0063", "prose-lstm")},
        figure="gradients",
    ),
    Chapter(
        "LSTM against GRU",
        _look(8, LSTM, NOT_GOOD, compare="cells", step=4),
        ('.column[data-t="4"]', "div.narrow:nth-of-type(-n + 2) div.says"),
        "Both read “not good”. A GRU has three blocks of weights, an LSTM four: a quarter less to store and multiply. "
        "Is it faster?",
        Measure("Measure a step in PyTorch", (LSTM, GRU)),
        "here, LSTM {0} µs, GRU {1} µs. Fewer operations need not be faster.",
    ),
)

# By the chapters of the tour, which older addresses name, those that now tell the same.
TOUR = {1: 7, 2: 7, 3: 2, 4: 1, 5: 4, 6: 5, 7: 5, 8: 6, 9: 8, 10: 1}


def models() -> set[str]:
    """Return the ids of the models that the story needs."""
    shown = {each.look.model for each in CHAPTERS}
    for each in CHAPTERS:
        if isinstance(each.action, Show):
            shown.add(each.action.model)
        if isinstance(each.action, Measure):
            shown.update(each.action.models)
    return shown


def chapters_for(models_here: Collection[str]) -> Sequence[Chapter]:
    """Return the chapters that a server with some models can tell: all of them, or none."""
    return CHAPTERS if models() <= set(models_here) else ()
