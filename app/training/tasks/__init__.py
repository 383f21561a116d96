"""The table of tasks: one task, one file, one line. Its module is imported when the task is loaded."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, NamedTuple

from ...analysis.features import Feature
from ..sources.download import DataError
from ..task import Task


class Entry(NamedTuple):
    """A line of the table."""

    loader: str  # module, and the class or function in it that gives the task
    summary: str  # help of ``gatescope train NAME``
    options: Mapping[str, str] = {}  # the options of that command that name its data, with their help
    optional: Mapping[str, str] = {}  # those that may be left out
    features: str = ""  # module, and the function in it that gives the features of a text; empty: they need the data
    own: bool = False  # whether the data are the user's own: models of it are served


TASKS = {
    "sentiment": Entry(
        "sentiment:load",
        "Learn whether the sentence so far is positive, word by word: about a minute a seed on one core.",
    ),
    "prose": Entry(
        "prose:load",
        "Learn Jane Austen's novels, character by character: minutes a seed on one core.",
        optional={"file": "The text; default: the novels in Debian's package."},
        features="prose:features_of",
    ),
    "code": Entry(
        "code:load",
        "Learn the Python standard library's own source, character by character: minutes a seed on one core.",
        features="code:features_of",
    ),
    "anbn": Entry("counting:load_anbn", "Learn to count: as many b's as there were a's."),
    "anbncn": Entry("counting:load_anbncn", "Learn to count twice: as many b's and then c's as there were a's."),
    "brackets": Entry("brackets:Brackets", "Learn whether the brackets so far are balanced."),
    "agreement": Entry(
        "agreement:Agreement", "Learn the next word of sentences whose verb agrees with a noun far before it."
    ),
    "flag": Entry("flag:Flag", "Learn to remember one symbol over a long stretch of noise."),
    "snow": Entry("snow:Snow", "Learn from each day's weather whether snow lies: numbers in place of text."),
    "text": Entry(
        "text:load",
        "Learn a text of your own, character by character. The model is written to the folder of models: it is served.",
        {"file": "The text, in UTF-8: fifty thousand characters or more."},
        features="text:features_of",
        own=True,
    ),
    "labelled": Entry(
        "labelled:load",
        "Learn to tell texts of your own apart, word by word or character by character. The model is written to the "
        "folder of models: it is served.",
        {
            "file": "A table in CSV or TSV, in UTF-8; its first line names the columns.",
            "text": "Name of the column of texts.",
            "label": "Name of the column of labels.",
        },
        {"tokens": "What is read at a time; characters for scripts without blanks between words. Default: word."},
        own=True,
    ),
}


def load(name: str, cache: Path, warn: Callable[[str], None], **options: Path | str | None) -> Task:
    """Load the task called ``name``; the name of its data may follow, as in the task of a model: "text diary".

    ``cache`` is the folder that keeps data, ``warn`` is called with notes on them. ``options`` name the data of some
    tasks: ``file``, the columns ``text`` and ``label``, and the kind of ``tokens``; None where one is not given. A
    loader takes of all these what its parameters name. Raises DataError if there is no such task, if it needs an option
    or does not take one, and if its data cannot be obtained.
    """
    key = name.partition(" ")[0]
    if key not in TASKS:
        raise DataError(f"there is no task {name!r}: the tasks are {', '.join(TASKS)}")
    module, function = TASKS[key].loader.split(":")
    loader: Callable[..., Task] = getattr(import_module(f".{module}", __name__), function)
    parameters = signature(loader).parameters
    given: dict[str, Any] = {option: value for option, value in options.items() if value is not None}
    if surplus := sorted(given.keys() - parameters.keys()):
        raise DataError(f"the task {name!r} takes no --{surplus[0]}")
    given |= {each: value for each, value in {"cache": cache, "warn": warn}.items() if each in parameters}
    for each, parameter in parameters.items():
        if parameter.default is Parameter.empty and each not in given:
            raise DataError(f"the task {name!r} needs --{each}, as it was given when the model was trained")
    return loader(**given)


def features_of(name: str) -> Callable[[str], Sequence[Feature]] | None:
    """Return what gives the features of a text, for units of models of the task ``name``; None if that needs its data.

    The name of its data may follow, as in ``load``.
    """
    entry = TASKS.get(name.partition(" ")[0])
    if entry is None or not entry.features:
        return None
    module, function = entry.features.split(":")
    given: Callable[[str], Sequence[Feature]] = getattr(import_module(f".{module}", __name__), function)
    return given
