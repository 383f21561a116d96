"""The units of a network that track what its task knows about the text, next to those of untrained networks."""

from collections.abc import Iterator

import torch

from ..analysis.units import best_units
from ..recurrent.network import Network, NetworkConfig
from ..store.fields import NamedUnit, Start
from .task import Task, reader_of
from .trainer import fresh

UNTRAINED = 5  # networks to compare with


def tracking_units(network: Network, task: Task, start: Start | None = None) -> list[NamedUnit]:
    """Find the unit that tracks each feature of ``task`` best; ``stands_out`` says which of them may be named.

    ``start`` is how ``network`` started; None: as the task says. Raises ValueError as ``best_units`` does.
    """
    baselines = untrained(network.config, start or task.recipe(network.config.cell))
    choose, report = task.held_out("choose"), task.held_out("report")
    return best_units(network, baselines, reader_of(task), choose, report, task.features)


def untrained(config: NetworkConfig, start: Start, count: int = UNTRAINED) -> Iterator[Network]:
    """Yield networks as they are before the first step of training, for the seeds from 0 on."""
    for seed in range(count):
        with torch.random.fork_rng(devices=[]):
            network = fresh(config, start, seed)
        yield network.eval().requires_grad_(requires_grad=False)
