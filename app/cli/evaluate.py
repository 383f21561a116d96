"""gatescope evaluate: measure a model on held-out data, and check its card."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from .common import give_up
from .held_out import Data, File, LabelColumn, ModelName, TextColumn, model_and_task, save_measured

if TYPE_CHECKING:
    from ..store.fields import Metric
    from ..store.model import Model
    from ..training.task import Task

SAME = 1e-4  # difference up to which two figures are of the same examples
SAVED = {"baselines", "interval", "standard_error"}  # of a figure; its value is that of the network that was saved
ROUNDING = 1e-6  # relative difference that a figure may have from machine to machine


def evaluate(
    model: ModelName,
    *,
    save: Annotated[
        bool,
        typer.Option(
            "--save", help="Write baselines and intervals to the model's config.json and to its card, with remarks."
        ),
    ] = False,
    data: Data = None,
    file: File = None,
    text: TextColumn = None,
    label: LabelColumn = None,
) -> None:
    """Measure a model on the held-out data of its task; exit status 1 if its card says otherwise."""
    from rich.console import Console
    from rich.table import Table

    from ..analysis.metrics import metrics
    from ..training.card import figure
    from ..training.trainer import one_thread

    loaded, task = model_and_task(model, data, file, text, label)
    try:
        with one_thread():
            measured = {each.name: each for each in metrics([task.measure(loaded.network)], 0)}
    except ValueError as error:
        give_up(f"{model}: {error}")
    in_card = {each.name: each for each in loaded.config.metrics}
    table = Table("measured on", "unit", "examples", "measured", "95 %", "in the card", "95 %", "baselines")
    for name in measured | in_card:
        metric = measured.get(name) or in_card[name]
        baselines = ", ".join(f"{by} {figure(value, metric.unit)}" for by, value in metric.baselines.items())
        here, there = _cells(measured.get(name)), _cells(in_card.get(name))
        table.add_row(name, metric.unit, f"{metric.examples:,}", *here, *there, baselines)
    Console().print(table)
    outside = [name for name in measured if name in in_card and not _within(measured[name].value, in_card[name])]
    if outside:
        give_up(f"{model}: outside the interval of its card: {', '.join(outside)}")
    if save:
        _save(loaded, task, measured)


def _save(model: "Model", task: "Task", measured: "Mapping[str, Metric]") -> None:
    """Write baselines and intervals of the card's figures again; what was measured of networks of other seeds stays."""
    from ..training.card import with_figures

    other = [each.name for each in model.config.metrics if each.name in measured and not _is_of(each, measured)]
    if other:
        give_up(f"{model.id}: not saved: the card is of other examples, or of another machine: {', '.join(other)}")
    metrics = [
        each.model_copy(update=measured[each.name].model_dump(include=SAVED)) if each.name in measured else each
        for each in model.config.metrics
    ]
    facts = {"metrics": metrics, "seed": model.config.seed, "remarks": _remarks(model, task, metrics)}
    save_measured(model, {"metrics": metrics}, lambda card: with_figures(card, facts))


def _remarks(model: "Model", task: "Task", metrics: "Sequence[Metric]") -> list[str]:
    """Return what the task says of the figures of a model, next to those of its other cells in the same folder."""
    from ..store.store import Store
    from ..training.task import Remarks

    if not isinstance(task, Remarks):
        return []
    same = Store(model.folder.parent).task(model.config.task)
    others = {each.config.title: each.config.metrics for each in same if each.id != model.id}
    return list(task.remarks(metrics, others))


def _is_of(card: "Metric", measured: "Mapping[str, Metric]") -> bool:
    """Return whether a figure of the card was measured on as many examples, with the same outcome."""
    here = measured[card.name]
    return here.examples == card.examples and math.isclose(here.value, card.value, rel_tol=SAME, abs_tol=SAME)


def _cells(metric: "Metric | None") -> tuple[str, str]:
    """Return a figure and its interval, for the table."""
    from ..training.card import figure

    if metric is None:
        return "–", "–"
    between = " to ".join(figure(end, metric.unit) for end in metric.interval or ())
    return figure(metric.value, metric.unit), between or "–"


def _within(value: float, metric: "Metric") -> bool:
    """Return whether ``value`` lies in the interval of a card's figure, or equals the figure if it has none."""
    low, high = metric.interval or (metric.value, metric.value)
    slack = ROUNDING * max(abs(low), abs(high))
    return low - slack <= value <= high + slack
