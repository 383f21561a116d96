"""The units of a network that track what its lesson knows of the text, beside those of untrained networks."""

from collections.abc import Iterator

import torch

from ..analysis.units import best_units
from ..recurrent.network import Network, NetworkConfig
from ..store.fields import NamedUnit, Start
from .task import Lesson
from .trainer import fresh

UNTRAINED = 5  # networks to compare with


def tracking_units(network: Network, lesson: Lesson, start: Start | None = None) -> list[NamedUnit]:
    """The unit that tracks each feature of ``lesson`` best; ``stands_out`` says which of them may be named.

    ``start`` is that of ``network``; None: as the lesson has it. Raises ValueError as ``best_units``.
    """
    baselines = untrained(network.config, start or lesson.recipe(network.config.cell))
    choose, report = lesson.held_out("choose"), lesson.held_out("report")
    return best_units(network, baselines, lesson.tokenizer, choose, report, lesson.features)


def untrained(config: NetworkConfig, start: Start, count: int = UNTRAINED) -> Iterator[Network]:
    """Networks as they are before the first step of training, of the seeds from 0 on."""
    for seed in range(count):
        with torch.random.fork_rng(devices=[]):
            network = fresh(config, start, seed)
        yield network.eval().requires_grad_(requires_grad=False)
