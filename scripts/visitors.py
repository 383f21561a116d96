"""Write what the shipped sentiment models say of the hundred sentences that visitors type: ``docs/visitors.md``."""

from pathlib import Path

from gatescope import load_model
from gatescope.analysis.visitors import EASY, IRONY, Verdict, judged, sentences, wrong
from gatescope.settings import data_folder

PAGE = Path(__file__).parents[1] / "docs" / "visitors.md"
CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "plain RNN"}
HEAD = """# What visitors type

A hundred sentences as people type them into the page, and what the sentiment models say of them at their ends: the
probability that they are positive. The list, with the ranges that are right, was written before any model was trained
for it, and has not changed since. It is not a test: recipes were chosen by it, and the templates that the models
learn from were written with it in view. No sentence of it was added as it stands, but some were with a mark at the
end (`hello !`), and others with another word. It says what a visitor meets, and not how the models do on sentences
that nobody thought of. A verdict in **bold** is outside its range. Irony is listed, not required.
"""


def page() -> str:
    """Return the page, in Markdown."""
    answers = {}
    for cell, title in CELLS.items():
        model = load_model(data_folder("models") / f"sentiment-{cell}")
        answers[title] = judged(model.network, model.tokenizer)
    counts = {title: wrong(each) for title, each in answers.items()}
    listed = sentences()
    parts = [HEAD, _table(["", *answers], _totals(counts))]
    for group in dict.fromkeys(each.group for each in listed):
        rows = [
            [
                f"`{each.text}`",
                f"{each.meant}, {each.low:g} to {each.high:g}",
                *(_shown(verdicts[at]) for verdicts in answers.values()),
            ]
            for at, each in enumerate(listed)
            if each.group == group
        ]
        parts += [f"## {group[0].upper()}{group[1:]}\n", _table(["sentence", "right", *answers], rows)]
    return "\n".join(parts)


def _totals(counts: dict[str, dict[str, int]]) -> list[list[str]]:
    groups = list(next(iter(counts.values())))
    rows = [[f"wrong, {group}", *(str(each[group]) for each in counts.values())] for group in groups]
    sums = {"the first two groups": EASY, "all but irony": set(groups) - {IRONY}, "all 100": groups}
    return rows + [
        [f"wrong, {name}", *(str(sum(each[group] for group in chosen)) for each in counts.values())]
        for name, chosen in sums.items()
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(verdict: Verdict) -> str:
    low, high = verdict.sentence.low, verdict.sentence.high
    hidden = (low <= round(verdict.positive, 2) <= high) != verdict.is_right  # by rounding
    shown = f"{verdict.positive:.3f}" if hidden else f"{verdict.positive:.2f}"
    return shown if verdict.is_right else f"**{shown}**"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
