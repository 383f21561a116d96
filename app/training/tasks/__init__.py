"""The lessons by name; the module of each is imported when it is asked for."""

from collections.abc import Callable
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from ..sources.download import DataError
from ..task import Lesson

LESSONS = {  # name → module, and what in it gives the lesson: its parameters, by their names, say what it needs
    "sentiment": "sentiment_lesson:load",
    "prose": "prose:load",
    "code": "code:load",
    "anbn": "counting:load_anbn",
    "anbncn": "counting:load_anbncn",
    "brackets": "brackets:Brackets",
    "agreement": "agreement:Agreement",
    "flag": "flag:Flag",
    "text": "text:load",
    "labelled": "labelled:load",
}


def load(task: str, cache: Path, warn: Callable[[str], None], **options: Path | str | None) -> Lesson:
    """The lesson of a task, which may add a name of its data to that of the lesson: "text diary".

    ``options`` are what some lessons take beside the folder ``cache`` and what is told of notes: ``file``, and the
    columns ``text`` and ``label``; None where one is not given. Raises DataError if there is no such lesson, if it
    needs an option or does not take one, and if its data cannot be had.
    """
    name = task.partition(" ")[0]
    if name not in LESSONS:
        raise DataError(f"there is no lesson for the task {task!r}: the lessons are {', '.join(LESSONS)}")
    module, function = LESSONS[name].split(":")
    load_lesson: Callable[..., Lesson] = getattr(import_module(f".{module}", __name__), function)
    wanted = signature(load_lesson).parameters
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    if surplus := sorted(given.keys() - wanted.keys()):
        raise DataError(f"the task {task!r} takes no --{surplus[0]}")
    given |= {key: value for key, value in {"cache": cache, "warn": warn}.items() if key in wanted}
    for key, parameter in wanted.items():
        if parameter.default is Parameter.empty and key not in given:
            raise DataError(f"the task {task!r} needs --{key}, as it was given when the model was trained")
    return load_lesson(**given)
