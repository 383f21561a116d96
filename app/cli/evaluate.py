"""gatescope evaluate: measure a model on held-out data, and say whether its card is right."""

from typing import TYPE_CHECKING

from .common import give_up
from .held_out import Data, File, Label, ModelName, Text, model_and_lesson

if TYPE_CHECKING:
    from ..store.fields import Metric

ROUNDING = 1e-6  # share of a figure by which it may differ from machine to machine


def evaluate(model: ModelName, data: Data = None, file: File = None, text: Text = None, label: Label = None) -> None:
    """Measure a model on the held-out data of its task; exit status 1 if its card says something else."""
    from rich.console import Console
    from rich.table import Table

    from ..analysis.metrics import metrics
    from ..training.card import figure
    from ..training.trainer import one_thread

    found, lesson = model_and_lesson(model, data, file, text, label)
    try:
        with one_thread():
            measured = {each.name: each for each in metrics([lesson.measure(found.network)], 0)}
    except ValueError as error:
        give_up(f"{model}: {error}")
    said = {each.name: each for each in found.config.metrics}
    table = Table("measured on", "unit", "examples", "measured", "95 %", "in the card", "95 %", "simpler means")
    for name in measured | said:
        metric = measured.get(name) or said[name]
        simpler = ", ".join(f"{by} {figure(value, metric.unit)}" for by, value in metric.baselines.items())
        here, there = _shown(measured.get(name)), _shown(said.get(name))
        table.add_row(name, metric.unit, f"{metric.examples:,}", *here, *there, simpler)
    Console().print(table)
    outside = [name for name in measured if name in said and not _within(measured[name].value, said[name])]
    if outside:
        give_up(f"{model}: outside the interval of its card: {', '.join(outside)}")


def _shown(metric: "Metric | None") -> tuple[str, str]:
    """A figure and its interval, for the table."""
    from ..training.card import figure

    if metric is None:
        return "–", "–"
    between = " to ".join(figure(end, metric.unit) for end in metric.interval or ())
    return figure(metric.value, metric.unit), between or "–"


def _within(value: float, metric: "Metric") -> bool:
    """Whether ``value`` lies in the interval of what a card says, or is what it says where there is none."""
    low, high = metric.interval or (metric.value, metric.value)
    slack = ROUNDING * max(abs(low), abs(high))
    return low - slack <= value <= high + slack
