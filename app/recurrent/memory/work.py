"""How much work the parts of memory are, and so about how long they take on this machine: rough estimates."""

import math
import time
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import torch

from ..network import NetworkConfig
from .attribution import BLOCK, FEWEST_POINTS, points_together, runs_together
from .distance import SHORT
from .plan import MemoryPlan

# All in multiply-adds of a product of large matrices in float32, of which a core of a CPU does some 5·10¹⁰ a second.
_READ = 10  # to read a weight, where it is multiplied with a single vector
_DOUBLE = 2  # a multiply-add in float64
_THIN = 4  # a multiply-add of a product with few rows
_COPY = 400  # to copy a weight to float64
_JACOBIAN = 30  # to compute a number of a Jacobian
_STEP = 1e7  # to call what a step of a layer takes, whatever its size
_GRADIENT = 1_100  # to hold the gradient of a weight in float64, and take its norm
_ADDED = 160  # to add to it what a step contributes, after a pass forward
_SQUARE = 6  # the singular values of a product of Jacobians, in cubes of its size
_SPECTRUM = 70  # singular values and eigenvalues of a recurrent matrix, in cubes of its size

_MEASURED = 512  # rows and columns of the matrices that are multiplied to measure a rate


class _Sizes(NamedTuple):
    """Numbers of the recurrent layers, all together."""

    weights: int
    jacobians: int  # of one step
    places: int  # layers and directions

    @classmethod
    def of(cls, config: NetworkConfig) -> "_Sizes":
        widths = _widths(config)
        hidden, cell = config.hidden_size, config.cell_definition
        states, rows = hidden * len(cell.states), hidden * len(cell.blocks)
        numbers = sum(hidden + width for width in widths)
        return cls(rows * numbers, states * numbers, len(widths))


def work(plan: MemoryPlan) -> Mapping[str, float]:
    """Estimate the work of each stage of ``plan``, by its name: in multiply-adds of a product of large matrices.

    Attribution is counted with the fewest points of its quadrature: a saturated network needs up to 24 times as many.
    """
    config, cell = plan.network.config, plan.network.config.cell_definition
    parts, n, steps, reach = plan.parts, plan.steps, len(plan.subject.tokens), len(plan.reach)
    hidden, weights, jacobians, places = config.hidden_size, *_Sizes.of(config)
    in_double = _COPY * weights
    carried = reach * (_JACOBIAN * jacobians + _STEP * places)  # a row of derivatives, through all layers
    calls = steps * places * _STEP
    forward = 2 * _READ * steps * weights + calls  # in float64, of one sequence
    chunks = math.ceil(FEWEST_POINTS / points_together(config, steps))
    runs = 1 + math.ceil(n / runs_together(config, steps))
    places_and_widths = zip(plan.network.layers(), _widths(config), strict=True)
    widths = [width for (layer, _), width in places_and_widths if layer in plan.layers]
    cubes = len(cell.blocks) * hidden**3 * len(widths) * cell.has_recurrent_weights
    return {
        "trace": _READ * steps * weights + in_double * ("time_scales" in parts),
        "pairs": sum(_pairs(plan, width) for width in widths),
        "words": _words(plan, carried, jacobians) + in_double if "words" in parts else 0,
        "attribution": (
            2 * in_double + carried + 2 * chunks * forward + 2 * FEWEST_POINTS * _DOUBLE * steps * weights
            if "attribution" in parts
            else 0
        ),
        "occlusion": in_double + runs * forward + _DOUBLE * (n + 1) * steps * weights if "occlusion" in parts else 0,
        "loss": (
            in_double + _GRADIENT * weights + _ADDED * steps * weights + 2 * calls + carried / reach * steps
            if "loss" in parts
            else 0
        ),
        "spectra": _SPECTRUM * cubes if "spectra" in parts else 0,
    }


def _widths(config: NetworkConfig) -> list[int]:
    """Return what each layer reads, in each of its directions."""
    directions, above = len(config.directions), config.hidden_size * len(config.directions)
    return [config.inputs if layer == 0 else above for layer in range(config.layers) for _ in range(directions)]


def _pairs(plan: MemoryPlan, width: int) -> float:
    """Estimate the work of what a layer in one direction remembers, over all pairs of steps; see ``norm_blocks``."""
    parts, n, hidden = plan.parts, plan.steps, plan.network.config.hidden_size
    states = hidden * len(plan.network.config.cell_definition.states)
    close, halvings = n * (min(n, SHORT) + 1) / 2, n * max(0.0, math.log2(n / SHORT))
    product = states**2 * hidden
    total = 0.0
    if "states" in parts:
        total += close * product + halvings * (product + states**3)
    if "inputs" in parts:
        total += close * states * hidden * (hidden + width) + halvings * (product + states**2 * (states + width) / 2)
    if "spectral" in parts:
        total += n * (product + _SQUARE * states**3)
    if not total:
        return 0.0
    again = len(parts & {"states", "inputs"}) * (close + halvings) + n * ("spectral" in parts)
    return total + again * (_JACOBIAN * states * (hidden + width) + _STEP / 2)


def _words(plan: MemoryPlan, carried: float, jacobians: int) -> float:
    """Estimate the work of ``word_norms``."""
    config, reach = plan.network.config, len(plan.reach)
    top = config.hidden_size * len(config.directions)
    rows = 1 if plan.output is not None else min(config.outputs, top)
    widest = max(top, config.inputs, config.hidden_size * len(config.cell_definition.states))
    blocks = math.ceil(plan.steps / max(1, BLOCK // (rows * reach * widest)))
    return blocks * carried + _THIN * plan.steps * rows * reach * jacobians


@cache
def measured_rate() -> float:
    """Measure once, in some milliseconds, how many such multiply-adds a core of this machine does in a second.

    It is the processor's time that counts, so that what else runs meanwhile does not.
    """
    matrix = torch.rand(_MEASURED, _MEASURED)
    times = []
    for _ in range(5):
        began = time.thread_time()
        matrix @ matrix
        times.append(time.thread_time() - began)
    return _MEASURED**3 / max(min(times), 1e-6)
