"""The units of a network that track what its lesson knows of the text, beside those of untrained networks."""

from collections.abc import Iterator

import torch

from ..analysis.units import best_units
from ..recurrent.network import Network, NetworkConfig
from ..store import NamedUnit
from .lesson import Lesson
from .train import Recipe, initialise

UNTRAINED = 5  # networks to compare with


def tracking_units(network: Network, lesson: Lesson, recipe: Recipe | None = None) -> list[NamedUnit]:
    """The unit that tracks each feature of ``lesson`` best; ``stands_out`` says which of them may be named.

    ``recipe`` is how ``network`` was initialised; None: as the lesson does it. Raises ValueError as ``best_units``.
    """
    baselines = untrained(network.config, recipe or lesson.recipe(network.config.cell))
    choose, report = lesson.held_out("choose"), lesson.held_out("report")
    return best_units(network, baselines, lesson.tokenizer, choose, report, lesson.features)


def untrained(config: NetworkConfig, recipe: Recipe, count: int = UNTRAINED) -> Iterator[Network]:
    """Networks as they are before the first step of training, of the seeds from 0 on."""
    for seed in range(count):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(config)
            initialise(network, recipe)
        yield network.eval().requires_grad_(requires_grad=False)
