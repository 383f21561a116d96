"""The cases that kernels are measured in, without an import of the package: one grid for any revision of it."""

from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor, nn

MODULES: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU}
CELLS = tuple(MODULES)


class Case(NamedTuple):
    """What is run over."""

    cell: str
    batch: int
    size: int
    steps: int
    threads: int = 1


GRID = [
    *(Case(*each) for each in product(CELLS, (1, 16, 64), (32, 64, 128, 256, 512), (20, 100, 500))),
    *(Case(*each, threads=2) for each in product(CELLS, (1, 16, 64), (128, 512), (100,))),
]


def module_and_input(cell: str, size: int, steps: int, batch: int) -> tuple[nn.RNNBase, Tensor]:
    """A module with E = H = ``size`` and random weights, and what it is to run over: (T, E), or (T, B, E) for B > 1."""
    shape = (steps, size) if batch == 1 else (steps, batch, size)
    return MODULES[cell](size, size).eval(), torch.randn(shape)
