"""Write the findings of all shipped models into docs/findings.md: `python scripts/findings.py`.

Each text is read by every model of its task. A test recomputes the page, so run this after models have changed.
"""

from collections.abc import Iterator
from pathlib import Path

from gatescope.figures.finding.rule import finding_of
from gatescope.figures.numbers import word_of
from gatescope.figures.subject import subject_of
from gatescope.figures.terms import terms_of
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.training.tasks import features_of
from gatescope.web.invitation import called

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/findings.md"
LONG = (
    "I went in expecting very little, and for the first hour the film was slow and rather boring; the dialogue felt "
    "wooden and the jokes were not funny. But then the lead actress walks on, and everything changes: she is "
    "brilliant, warm and honest, and the last scene is one of the best endings I have seen this year"
)
# By task, besides the examples of its models.
TEXTS: dict[str, tuple[str, ...]] = {
    "sentiment": (
        "good",
        "bad",
        "the the the the",
        "the movie",
        "what a waste of time",
        "the plot makes no sense but the songs are lovely",
        "I loved every minute of it",
        "it is not without charm",
        "a dull, lifeless film",
        "the cast is great, the script is awful",
        "not good, not bad, just boring",
        "never a dull moment",
        "I can't say I hated it",
        "the waiter was friendly and the soup was cold",
        "great",
        "zxqv zxqv",
        LONG,
    ),
    "anbn": ("a", "aabb", "aaabbbb", "ba"),
    "anbncn": ("aabbcc", "aabbc", "a"),
    "brackets": ("()", "((", "no brackets"),
    "flag": ("+?", "-a?", "+zzzzzzzzzz?"),
    "prose": ("The end.", "hello", "It was the best of times, it was the worst of times."),
    "code": ("x = 1", "for i in range(10):\n    print(i)\n"),
    "agreement": ("the dog barks.", "the dogs near the tree are old."),
}
INTRODUCTION = """\
# Findings of the shipped models

What the [first screen](first-screen.md) says about {texts} texts, each read by every shipped model of its task.
`scripts/findings.py` writes this page, and a test recomputes it.
"""


def models() -> list[Model]:
    """Return the shipped models, in the order of their names."""
    return [load_model(path) for path in sorted((ROOT / "models").iterdir()) if (path / "config.json").is_file()]


def texts_of(task: str, of_task: list[Model]) -> list[str]:
    """Return the texts of a task, each once."""
    return list(dict.fromkeys([*(text for each in of_task for text in each.config.examples), *TEXTS.get(task, ())]))


def page() -> str:
    """Return the page."""
    by_task: dict[str, list[Model]] = {}
    for model in models():
        by_task.setdefault(model.config.task, []).append(model)
    count = sum(len(texts_of(task, of_task)) for task, of_task in by_task.items())
    sections = ("\n".join(section(task, of_task)) for task, of_task in by_task.items())
    return "\n".join([INTRODUCTION.format(texts=count), *sections])


def section(task: str, of_task: list[Model]) -> Iterator[str]:
    """Yield the lines of one task."""
    yield f"## {task}\n"
    yield "| text | model | row | finding |"
    yield "|---|---|---|---|"
    for text in texts_of(task, of_task):
        for model in of_task:
            has_memory = model.config.network.cell_definition.memory is not None
            trace = model.trace(**model.input_of(text))
            parts = decompose(trace) if has_memory else None
            found = finding_of(
                subject_of(trace, parts, model.statistics, terms_of(model, features_of(model.config.task)))
            )
            title = called(model, text)
            name = cell("".join(word_of(each) if each != " " else each for each in title[:60])) + "…" * (
                len(title) > 60
            )
            yield f"| {name} | {model.id} | {found.rule} | {cell(found.text)} |"
    yield ""


def cell(text: str) -> str:
    """Return text as it stands in a cell of a Markdown table."""
    for character in "\\`*_[]|<>#":
        text = text.replace(character, f"\\{character}")
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE}")
