"""A whole training run as one call: train a network for each seed, judge and measure them, save the best with its card.

For example, ``run("flag", "gru", "my-flag", seeds=[0, 1])`` writes a model to the folder ``my-flag`` and returns it.
"""

import hashlib
import math
import os
import re
import shlex
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch
from platformdirs import user_cache_path

from .. import __version__
from ..analysis.metrics import metrics
from ..analysis.saturation import saturation_svg
from ..analysis.statistics import statistics
from ..analysis.units import stands_out
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.trace import trace
from ..store.fields import ModelConfig, Start
from ..store.files import CONFIG, BrokenModelError, parse
from ..store.model import Model
from ..store.saving import save_model
from .card import card
from .checkpoint import Checkpoint
from .named_units import tracking_units
from .options import Options
from .shares import agreement, ends_anywhere, largest_pushes
from .task import Remarks, Shows, Task, reader_of
from .tasks import load
from .trainer import Recipe, one_thread, train

EVERY = 10.0  # seconds between two checkpoints
COPIES = 9  # of the weights, in memory and on disk: gradients, two moments, mean, best, checkpoint, the model


class RefusedError(Exception):
    """A training run that is not started, or gives no model; the message says why."""


class BadArgumentError(RefusedError):
    """An argument that no run can take."""


class StoppedError(Exception):
    """A training run that a person stopped; the message says how to go on."""


@dataclass(frozen=True)
class Progress:
    """Where the training of one seed stands."""

    seed: int
    done: float = 0.0  # share of the training, from 0 to 1
    loss: float = math.nan  # of the last batch
    judged: float | None = None  # how the network of the last epoch was judged: the lower, the better
    resumed_at: float | None = None  # share at which its batches went on from a checkpoint; None: they did not


def run(
    task: Task | str,
    cell: CellName,
    folder: Path | str,
    *,
    seeds: Sequence[int] = (0,),
    options: Options | None = None,
    data: Mapping[str, Path | str | None] | None = None,
    cache: Path | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    warn: Callable[[str], None] = warnings.warn,
) -> Model:
    """Train a network for each seed, measure all of them, and save the one that is judged best to ``folder``.

    ``task`` is a task, or the name of one in the table of tasks, which is then loaded with the options ``data``, such
    as ``{"file": "diary.txt"}``. ``options`` take the place of what the task says. The folder ``cache`` keeps data and
    checkpoints; by default it is the user's cache. ``progress`` is called after every batch and every epoch, ``warn``
    with notes on the data. Returns the saved model, whose ``config.metrics`` hold what was measured. A run that was
    stopped goes on when it is called again with the same arguments.

    Raises, before any training, BadArgumentError for seeds and folders that no run can take, DataError if the data
    cannot be obtained or used, and RefusedError if the cell has no use for an option, the folder holds a model of
    another task, or the machine is too small. Raises StoppedError on Ctrl-C, CheckpointError if a checkpoint cannot be
    used, RefusedError if no network learned anything finite, and OSError if something cannot be written.
    """
    folder, options = Path(folder).resolve(), options or Options()
    cache = cache or default_cache()
    _check_seeds(seeds)
    _check_folder(folder)
    if isinstance(task, str):
        named = {name: Path(each) if name == "file" else each for name, each in (data or {}).items() if each}
        command = _command(task, named, cell, seeds, options)
        task = load(task, cache, warn, **named)
    else:
        command = f"run({type(task).__name__}(…), {cell!r}, {folder.name!r}, seeds={list(seeds)}, options={options})"
    runs = _begin(task, cell, seeds, options, folder, cache)
    try:
        with one_thread():
            trained = [_train(each, progress) for each in runs]
            judged = [task.judge(network) for network, _ in trained]
            best = min(range(len(runs)), key=lambda at: (not math.isfinite(judged[at]), judged[at]))
            if not math.isfinite(judged[best]):
                raise RefusedError("no network learned anything finite: try a lower --learning-rate")
            model = _save(runs, trained, judged, best, folder, command)
    except KeyboardInterrupt:
        kept = any(each.checkpoint().path.exists() for each in runs)
        fate = f"the same command goes on from at most {EVERY:g} seconds before" if kept else "nothing was kept yet"
        raise StoppedError(f"stopped: {fate}") from None
    for each in runs:
        each.checkpoint().remove()
    return model


def default_cache() -> Path:
    """Return the folder in the user's cache that keeps data and checkpoints."""
    return user_cache_path("gatescope", appauthor=False)


@dataclass(frozen=True)
class _SeedRun:
    """The training of one seed: everything that makes its weights what they are."""

    task: Task
    config: NetworkConfig
    recipe: Recipe
    seed: int
    checkpoints: Path

    def checkpoint(self) -> Checkpoint:
        """Return its checkpoint: a file whose name says which run it belongs to."""
        identity = repr((sorted(asdict(self.config).items()), sorted(asdict(self.recipe).items()), self.task.data))
        digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
        task = re.sub(r"[^\w-]+", "-", _full_name(self.task))[:60]
        name = f"{task}-{self.config.cell}-seed{self.seed}-{digest}.checkpoint"
        return Checkpoint(self.checkpoints / name, self.task.data, EVERY)


class _Trained(NamedTuple):
    """The outcome of the training of one seed."""

    network: Network
    seconds: float  # of CPU time


def _full_name(task: Task) -> str:
    """Return the ``task`` of the models of a task: its name, with the name of its data where it has several."""
    return str(task.about.get("task", task.name))


def _check_seeds(seeds: Sequence[int]) -> None:
    if not seeds or min(seeds) < 0 or max(seeds) >= 2**63 or len(set(seeds)) < len(seeds):
        raise BadArgumentError(f"--seeds {','.join(map(str, seeds))!r}: each seed once, from 0 to 2^63 - 1")


def _check_folder(folder: Path) -> None:
    """Raise BadArgumentError unless a model can be written there and only a model would be replaced."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / CONFIG).is_file()):
        raise BadArgumentError(f"{folder} is not a model, and would be replaced: name another --out")
    _require_writable(folder.parent, "--out")


def _require_writable(folder: Path, option: str) -> None:
    """Make the folder of an option if it is missing. Raises BadArgumentError if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gatescope-", dir=folder):
            pass
    except OSError as error:
        raise BadArgumentError(f"{folder} cannot be written to: {error.strerror}; name another {option}") from None


def _command(name: str, data: Mapping[str, Path | str], cell: CellName, seeds: Sequence[int], options: Options) -> str:
    """Return the command that makes the model again on any machine: a file stands in it without its folder."""
    given: dict[str, Any] = {key: value.name if isinstance(value, Path) else value for key, value in data.items()}
    given |= {"cell": cell, "seeds": ",".join(map(str, seeds))} | options.given()
    words = ((f"--{key.replace('_', '-')}", str(value)) for key, value in given.items())
    return shlex.join(["gatescope", "train", name, *(word for pair in words for word in pair)])


def _begin(
    task: Task, cell: CellName, seeds: Sequence[int], options: Options, folder: Path, cache: Path
) -> list[_SeedRun]:
    """Return the runs. Raises RefusedError if the options, the folder or the machine do not allow them."""
    changes = options.given()
    hidden = changes.pop("hidden", None)
    biases = sorted({"chrono", "forget_bias"} & changes.keys())
    if biases and not task.config(cell).cell_definition.open_bias:
        raise RefusedError(f"--{biases[0].replace('_', '-')} needs a forget gate, and the {cell} has none")
    config, recipe = task.config(cell), replace(task.recipe(cell), **changes)
    if hidden is not None:
        config = replace(config, hidden_size=hidden)
    if (other := _task_of(folder)) not in {None, _full_name(task)}:
        raise RefusedError(f"{folder} holds a model of another task, {other!r}: name another --out")
    checkpoints = cache / "checkpoints"
    _require_writable(checkpoints, "--data")
    _require_room(config, [folder.parent, checkpoints])
    return [_SeedRun(task, config, recipe, seed, checkpoints) for seed in seeds]


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
    """Return the task of the model in ``folder``; None if it holds none that can be read."""
    try:
        return parse(folder, CONFIG, ModelConfig).task
    except BrokenModelError:
        return None


def _train(run: _SeedRun, progress: Callable[[Progress], None]) -> _Trained:
    """Train the network of one seed, from its checkpoint on if there is one."""
    checkpoint = run.checkpoint()
    now, resumes = Progress(run.seed), checkpoint.path.exists()

    def tell(**changes: Any) -> None:
        nonlocal now
        now = replace(now, **changes)
        progress(now)

    def report(done: float, loss: float) -> None:
        nonlocal resumes
        resumed, resumes = {"resumed_at": done} if resumes else {}, False
        tell(done=done, loss=loss, **resumed)

    def judge(network: Network) -> float:
        value = run.task.judge(network)
        tell(judged=value)
        return value

    network = train(run.config, run.task.objective, run.recipe, run.seed, report, judge, checkpoint)
    tell(done=1.0)
    return _Trained(network, checkpoint.seconds)


def _save(
    runs: Sequence[_SeedRun],
    trained: Sequence[_Trained],
    judged: Sequence[float],
    best: int,
    folder: Path,
    command: str,
) -> Model:
    """Measure the networks, and write the one that is judged best."""
    run, network = runs[best], trained[best].network
    task = run.task
    tracking = tracking_units(network, task, run.recipe)
    read = reader_of(task)
    activations = statistics(trace(network, read(text)) for text in task.held_out("report"))
    activations = activations.model_copy(update={"push_scale": largest_pushes(network, task)})
    picture = saturation_svg(activations)
    measured = metrics([task.measure(each.network) for each in trained], best)
    about: dict[str, Any] = {
        "task": task.name,
        **task.about,
        "title": _title(run),
        "metrics": measured,
        "units": [each for each in tracking if stands_out(each)],
        "unnamed": [each for each in tracking if not stands_out(each)],
        "shares": agreement(network, task),
        "seed": run.seed,
        "start": {each.name: getattr(run.recipe, each.name) for each in fields(Start)},
    }
    facts = {
        "network": asdict(run.config),
        "columns": task.about.get("columns", []),
        "parameters": sum(each.numel() for each in network.parameters()),
        "recipe": asdict(run.recipe),
        "facts": task.facts(),
        "seeds": [each.seed for each in runs],
        "remarks": task.remarks(measured, {}) if isinstance(task, Remarks) else [],
        "judged": judged,
        "ends_anywhere": ends_anywhere(task),
        "verdict": task.about.get("verdict"),
        "statistics": activations,
        "shown": task.shows(network) if isinstance(task, Shows) else {},
        "minutes": math.ceil(fmean(each.seconds for each in trained) / 60),
        "has_picture": picture != "",
        "cell": run.config.cell_definition.title,
        "keeping_gate": run.config.cell_definition.open_gate,
        "has_recurrent_weights": run.config.cell_definition.has_recurrent_weights,
        "command": command,
        "versions": {"gatescope": __version__, "torch": torch.__version__},
    }
    return save_model(folder, network, task.tokenizer, about, activations, card(about | facts), picture)


def _title(run: _SeedRun) -> str:
    """Return the cell, and how its biases started if that is not as the task says."""
    title, usual = run.config.cell_definition.title, run.task.recipe(run.config.cell)
    if run.recipe.chrono != usual.chrono:
        return f"{title}, chrono {run.recipe.chrono}"
    if run.recipe.forget_bias != usual.forget_bias:
        return f"{title}, forget bias {run.recipe.forget_bias:g}"
    return title
