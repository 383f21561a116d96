"""The words of a model's task, and what it reads as curves, for its pictures."""

import numpy as np

from ..recurrent.trace import Trace
from ..store.columns import values_of
from ..store.model import Model
from .input_column import InputColumn
from .subject import Features, Terms

MOST_CURVES = 4  # of the input, above one picture


def terms_of(model: Model, features: Features | None = None) -> Terms:
    """Return the words by which pictures speak of the outputs and tokens of ``model``.

    ``features`` gives what its units may track in a text; None: it is not known, and no finding speaks of it.
    """
    config = model.config
    return Terms(
        opposite=config.opposite,
        noun="step" if config.input == "numbers" else "",
        is_character=config.tokenizer == "character",
        units=config.units,
        next_outputs=model.next_outputs,
        cell=config.network.cell_definition,
        features=features,
        language=config.language,
    )


def curves_of(model: Model, trace: Trace) -> list[InputColumn]:
    """Return what stands above a picture of ``trace`` as curves: the first columns of numbers that ``model`` reads.

    Without a head there is no verdict: in its place stands the norm of the h that a head would read.
    """
    columns, curves = model.config.columns, list[InputColumn]()
    if model.tokenizer is None:
        values = values_of(columns, trace.tokens)
        drawn = zip(columns[:MOST_CURVES], values.T, strict=False)
        curves += [InputColumn(each.name, column, each.unit) for each, column in drawn]
    if trace.head is None:
        last = [each["h"] for each in trace.layers if each.layer == trace.layers[-1].layer]
        norm = np.linalg.norm(np.concatenate(last, axis=1).astype(np.float64), axis=1)
        note = "head not imported" if model.leaves_head_out else "there is no head"
        curves.append(InputColumn("norm of h", norm, note=note))
    return curves


def notes_on(model: Model) -> list[str]:
    """Return what to know about the curves of ``model``."""
    count = len(model.config.columns)
    return [f"{MOST_CURVES} of {count:,} columns of the input are drawn"] if count > MOST_CURVES else []
