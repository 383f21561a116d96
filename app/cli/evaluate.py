"""gatescope evaluate: measure a model on held-out data, and check its card."""

from typing import TYPE_CHECKING

from .common import give_up
from .held_out import Data, File, LabelColumn, ModelName, TextColumn, model_and_task

if TYPE_CHECKING:
    from ..store.fields import Metric

ROUNDING = 1e-6  # relative difference that a figure may have from machine to machine


def evaluate(
    model: ModelName, data: Data = None, file: File = None, text: TextColumn = None, label: LabelColumn = None
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
