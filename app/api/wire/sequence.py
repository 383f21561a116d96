"""The text or the numbers of a request, as the model reads them."""

from collections.abc import Mapping
from typing import Any

from ...recurrent.tokenizer import Token
from ...settings import Settings
from ...store.columns import Series, listed, require_labels
from ...store.model import Model
from ...store.series import series_of
from . import problems
from .schemas import Input


def tokens_of(model: Model, given: Input, settings: Settings) -> list[Token]:
    """Return the tokens, or steps, of what is ``given``.

    Raises a problem if it is not what ``model`` reads, if it is too long, or if there is nothing to read.
    """
    if given.text is not None and given.values is not None:
        raise problems.invalid_request("values", "are sent together with a text; send one of the two")
    if given.csv is not None and (other := "text" if given.text is not None else "values" if given.values else ""):
        raise problems.invalid_request("csv", f"is sent together with {other}; send one of the two")
    if given.labels is not None and given.values is None:
        raise problems.invalid_request("labels", "name the steps of values, and there are none; leave them out")
    return _steps(model, given, settings) if model.tokenizer is None else _words(model, given, settings)


def as_written(model: Model, text: str) -> dict[str, Any]:
    """Return the field of an ``Input`` that holds what was written for ``model``: a text, or CSV."""
    return {"csv" if model.tokenizer is None else "text": text}


def sample(model: Model, steps: int) -> Mapping[str, Any]:
    """Return the fields of an ``Input`` of so many steps: any text, or the means of the columns of ``model``."""
    if model.tokenizer is None:
        return {"values": [[each.mean for each in model.config.columns]] * steps}
    return {"text": "a" if steps == 1 else "a " * steps}


def _words(model: Model, given: Input, settings: Settings) -> list[Token]:
    if given.csv is not None:
        raise problems.invalid_request("csv", f"holds numbers, and {model.id} reads text; send a text in its place")
    if given.values is not None:
        raise problems.invalid_request("values", f"are numbers, and {model.id} reads text; send a text in their place")
    if given.text is None:
        raise problems.invalid_request("text", "is required")
    if given.size > settings.max_text:
        raise problems.text_too_long(given.size, settings.max_text)
    if not (tokens := model.tokens(given.text)):
        raise problems.empty_text()
    return tokens


def _steps(model: Model, given: Input, settings: Settings) -> list[Token]:
    columns = f"send values in its place, of its columns, {listed(model.config.columns)}"
    if given.text is not None:
        raise problems.invalid_request("text", f"{model.id} reads numbers; {columns}")
    if given.csv is not None:
        return _rows_of_csv(model, given.csv, settings)
    if given.values is None:
        raise problems.invalid_request(
            "values", f"are required: {model.id} reads the columns {listed(model.config.columns)}"
        )
    if given.size > settings.max_text:
        raise problems.sequence_too_long(given.size, settings.max_text)
    try:
        require_labels(labels := given.labels or (), given.size)
    except ValueError as error:
        raise problems.invalid_request("labels", str(error)) from None
    try:
        return model.tokens(Series(given.values, labels))
    except ValueError as error:
        raise problems.invalid_request("values", str(error)) from None


def _rows_of_csv(model: Model, csv: str, settings: Settings) -> list[Token]:
    try:
        steps = model.tokens(series_of(csv.encode(), "csv", model.config.columns))
    except ValueError as error:
        raise problems.invalid_request("csv", str(error)) from None
    if len(steps) > settings.max_text:
        raise problems.sequence_too_long(len(steps), settings.max_text)
    return steps
