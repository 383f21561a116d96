"""What ``gatescope train`` does with a lesson: training, measuring, and the model with its card."""

import hashlib
import math
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from .. import __version__
from ..analysis import metrics
from ..analysis.saturation import saturation_svg
from ..analysis.statistics import statistics
from ..analysis.units import stands_out
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.trace import trace
from ..store.fields import Start
from ..store.models import CONFIG, Metric, ModelConfig, save_model
from ..training.card import card, figure
from ..training.checkpoint import Checkpoint
from ..training.named_units import tracking_units
from ..training.task import Lesson, Shows
from ..training.trainer import Recipe, one_thread, train
from .options import Options

EVERY = 10.0  # seconds between two writings of a checkpoint
COPIES = 8  # of the weights, in memory and on the disk: gradients, two moments, the best, the checkpoint, the model


class RefusedError(Exception):
    """A training run that is not begun; the message says why."""


class StoppedError(Exception):
    """A training run that was stopped by a person; the message says how it goes on."""


@dataclass(frozen=True)
class Run:
    """The training of one seed: all that makes its weights what they are."""

    lesson: Lesson
    config: NetworkConfig
    recipe: Recipe
    seed: int
    checkpoints: Path

    def checkpoint(self) -> Checkpoint:
        """Where it stands on disk: a file whose name says what the run is."""
        of = repr((sorted(asdict(self.config).items()), sorted(asdict(self.recipe).items()), self.lesson.data))
        digest = hashlib.sha256(of.encode()).hexdigest()[:12]
        task = re.sub(r"[^\w-]+", "-", self.lesson.about.get("task", self.lesson.name))[:60]
        name = f"{task}-{self.config.cell}-seed{self.seed}-{digest}.checkpoint"
        return Checkpoint(self.checkpoints / name, self.lesson.data, EVERY)


class Learned(NamedTuple):
    """What came of a run."""

    network: Network
    seconds: float  # of CPU time


def make(lesson: Lesson, options: Options, folder: Path, cache: Path, command: str, console: Console) -> None:
    """Train one network a seed, measure all, and write the one that is judged best to ``folder``.

    Raises RefusedError before any work for what the machine cannot hold, StoppedError on Ctrl-C, CheckpointError for a
    checkpoint that cannot be gone on from, and OSError if something cannot be written.
    """
    runs = begin(lesson, options, folder, cache)
    try:
        with one_thread():
            learned = _train(runs, console)
            judged = [lesson.judge(network) for network, _ in learned]
            best = min(range(len(runs)), key=lambda at: (not math.isfinite(judged[at]), judged[at]))
            if not math.isfinite(judged[best]):
                raise RefusedError("no network learned anything finite: try a lower --learning-rate")
            _save(runs, learned, judged, best, folder, command, console)
    except KeyboardInterrupt:
        kept = any(run.checkpoint().path.exists() for run in runs)
        fate = f"the same command goes on from at most {EVERY:g} seconds before" if kept else "nothing was kept yet"
        raise StoppedError(f"stopped: {fate}") from None
    for run in runs:
        run.checkpoint().remove()


def begin(lesson: Lesson, options: Options, folder: Path, cache: Path) -> list[Run]:
    """The runs that ``options`` ask for. Raises RefusedError if they, or the machine, cannot be what they need."""
    named = {field.name for field in fields(Recipe)} & {field.name for field in fields(Options)}
    chosen = {name: value for name in named if (value := getattr(options, name)) is not None}
    if options.cell != "lstm" and (alone := sorted({"chrono", "forget_bias"} & chosen.keys())):
        raise RefusedError(
            f"--{alone[0].replace('_', '-')} is of the LSTM alone: the {options.cell} has no forget gate"
        )
    config, recipe = lesson.config(options.cell), replace(lesson.recipe(options.cell), **chosen)
    if options.hidden is not None:
        config = replace(config, hidden_size=options.hidden)
    task = lesson.about.get("task", lesson.name)
    if (old := _task_of(folder)) not in {None, task}:
        raise RefusedError(f"{folder} holds a model of another task, {old!r}: name another --out")
    checkpoints = cache / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    _require_room(config, [folder.parent, checkpoints])
    return [Run(lesson, config, recipe, seed, checkpoints) for seed in options.numbers]


def _require_room(config: NetworkConfig, folders: Sequence[Path]) -> None:
    """Raise RefusedError if the network and its copies do not fit into this machine's memory or onto its disks."""
    with torch.device("meta"):
        parameters = sum(each.numel() for each in Network(config).parameters())
    needed = COPIES * 4 * parameters
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise RefusedError(
            f"a network of {config.hidden_size:,} units has {parameters:,} parameters: to train it takes about "
            f"{needed / 1e9:,.1f} GB of memory, and this machine has {memory / 1e9:,.1f}"
        )
    for folder in folders:
        if (free := shutil.disk_usage(folder).free) < needed:
            raise RefusedError(
                f"the disk of {folder} has {free / 1e6:,.1f} MB free: the model and its checkpoint take up to "
                f"{needed / 1e6:,.1f}"
            )


def _task_of(folder: Path) -> str | None:
    """The task of the model that stands in ``folder``; None if there is none that can be read."""
    try:
        return ModelConfig.model_validate_json((folder / CONFIG).read_bytes()).task
    except (OSError, ValueError):
        return None


def _train(runs: Sequence[Run], console: Console) -> list[Learned]:
    """One network a run, with a bar each."""
    columns = ("{task.description}", BarColumn(), "{task.percentage:>3.0f} %", TimeRemainingColumn())
    numbers = TextColumn("loss {task.fields[loss]:.3f}  judged {task.fields[judged]}")
    with Progress(*columns, numbers, console=console) as progress:
        bars = [
            progress.add_task(f"{run.config.cell}, seed {run.seed}", total=1, start=False, loss=math.nan, judged="–")
            for run in runs
        ]
        return [_train_one(run, progress, bar) for run, bar in zip(runs, bars, strict=True)]


def _train_one(run: Run, progress: Progress, bar: TaskID) -> Learned:
    """The network of one run, gone on with from its checkpoint if there is one."""
    checkpoint = run.checkpoint()
    is_first, goes_on = True, checkpoint.path.exists()

    def report(done: float, loss: float) -> None:
        nonlocal is_first
        if is_first and goes_on:
            progress.console.print(f"seed {run.seed}: going on at {done:.0%}".replace("%", " %"), highlight=False)
        is_first = False
        progress.update(bar, completed=done, loss=loss)

    def judge(network: Network) -> float:
        found = run.lesson.judge(network)
        progress.update(bar, judged=f"{found:.3f}")
        return found

    progress.start_task(bar)
    network = train(run.config, run.lesson.task, run.recipe, run.seed, report, judge, checkpoint)
    progress.update(bar, completed=1)
    return Learned(network, checkpoint.seconds)


def _save(
    runs: Sequence[Run],
    learned: Sequence[Learned],
    judged: Sequence[float],
    best: int,
    folder: Path,
    command: str,
    console: Console,
) -> None:
    """Measure the networks, and write the one that is judged best."""
    run, network = runs[best], learned[best].network
    lesson = run.lesson
    measured = metrics.metrics([lesson.measure(each.network) for each in learned], best)
    tracking = tracking_units(network, lesson, run.recipe)
    found = statistics(trace(network, lesson.tokenizer(text)) for text in lesson.held_out("report"))
    picture = saturation_svg(found)
    about: dict[str, Any] = {
        "task": lesson.name,
        **lesson.about,
        "title": _title(run),
        "metrics": measured,
        "units": [each for each in tracking if stands_out(each)],
        "seed": run.seed,
        "start": {each.name: getattr(run.recipe, each.name) for each in fields(Start)},
    }
    facts = {
        "network": asdict(run.config),
        "parameters": sum(each.numel() for each in network.parameters()),
        "recipe": asdict(run.recipe),
        "facts": lesson.facts(),
        "seeds": [each.seed for each in runs],
        "judged": judged,
        "features": [each.feature for each in tracking],
        "statistics": found,
        "shown": lesson.shows(network) if isinstance(lesson, Shows) else {},
        "minutes": math.ceil(fmean(each.seconds for each in learned) / 60),
        "has_picture": picture != "",
        "command": command,
        "versions": {"gatescope": __version__, "torch": torch.__version__},
    }
    save_model(folder, network, lesson.tokenizer, about, found, card(about | facts), picture)
    console.print(_table(measured, run.seed))
    console.print(f"written to {folder}", soft_wrap=True, markup=False, highlight=False)


def _table(metrics: Sequence[Metric], seed: int) -> Table:
    """The figures for the terminal."""
    table = Table("measured on", "unit", f"seed {seed} (95 %)", "all seeds", "simpler means")
    for metric in metrics:

        def shown(value: float, unit: str = metric.unit) -> str:
            return figure(value, unit)

        spread = f" ({' to '.join(map(shown, metric.interval))})" if metric.interval else ""
        table.add_row(
            metric.name,
            metric.unit,
            shown(metric.value) + spread,
            ", ".join(map(shown, metric.seeds)),
            ", ".join(f"{name} {shown(value)}" for name, value in metric.baselines.items()),
        )
    return table


def _title(run: Run) -> str:
    """The cell, and how it was started where that is not the lesson's own way."""
    title, usual = run.config.cell.upper(), run.lesson.recipe(run.config.cell)
    if run.recipe.chrono != usual.chrono:
        return f"{title}, chrono {run.recipe.chrono}"
    if run.recipe.forget_bias != usual.forget_bias:
        return f"{title}, forget bias {run.recipe.forget_bias:g}"
    return title
