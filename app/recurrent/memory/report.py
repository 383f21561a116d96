"""The noun Memory: how far back a network remembers, and where its gradients go.

Logarithms are base-10, and −∞ where a derivative is exactly 0. Matrices over pairs of steps have a row t for what
depends and a column k for what it depends on, in the order of the sequence, and NaN where no path leads from k to t.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cells import CellName
from ..modules import Direction
from ..tokenizer import Token
from .altered import Spectrum
from .distance import Array


class StateNorms(NamedTuple):
    """How states depend on earlier states."""

    log10_norms: Array  # (n, n): ‖∂s_t/∂s_k‖ (Frobenius); s is h, of an LSTM h and c
    log10_kept: (
        Array | None
    )  # (n, n): along the keeping gate, other gates and candidate held constant; None: no such gate


class InputNorms(NamedTuple):
    """How the hidden state depends on earlier inputs of its layer: comparable between cells."""

    log10_norms: Array  # (n, n): ‖∂h_t/∂x_k‖ (Frobenius)
    log10_medians: Array  # (n,): the median over t at each distance, from 0
    half_life: int | None  # first distance at which the median is under half of that at distance 1, in steps


class TimeScales(NamedTuple):
    """For how long each unit keeps: τ = 1 / (1 − m), m the geometric mean of the keeping gate over the steps so far."""

    letter: str  # of the gate
    tau: Array  # (H,): over the whole sequence, in steps, at least 1; NaN: more than there are
    ranking: NDArray[np.intp]  # (H,): the units, the slowest first
    along: Array  # (n, H): up to each step; NaN as in ``tau``


class Saturation(NamedTuple):
    """How often each unit of a gate is nearly shut or wide open: shares of the steps of the whole sequence."""

    letter: str  # of the gate
    left: Array  # (H,): below 0.1
    right: Array  # (H,): above 0.9


@dataclass(frozen=True, eq=False)
class LayerMemory:
    """One layer in one direction. Parts that were not measured, or that its cell does not have, are None."""

    layer: int  # from 0
    direction: Direction
    cell: CellName
    hidden_size: int  # H
    states: StateNorms | None
    inputs: InputNorms | None
    log10_spectral: Array | None  # (n,): the largest singular value of ∂s_t/∂s_k, t the step looked back from
    log10_loss: Array | None  # (n,): ‖∂L/∂h_t‖, on all paths from h_t to the loss
    time_scales: TimeScales | None
    saturation: tuple[Saturation, ...] | None  # gate by gate
    spectra: tuple[Spectrum, ...] | None  # block by block of the recurrent weights, alpha included


class WordNorms(NamedTuple):
    """How the outputs depend on the words."""

    output: int | None  # None: all, by the Frobenius norm
    log10_norms: Array  # (n, n): ‖∂(output at t)/∂(embedding of word k)‖


class Attribution(NamedTuple):
    """Each word's share in one output at one step; see ``attribution.IntegratedGradients``."""

    step: int
    output: int
    log10_gradient: Array  # (n,): norm of the output's gradient by each word's embedding
    gradient_times_input: Array  # (n,): the share to first order
    integrated_gradients: Array  # (n,)
    difference: float  # the output, less that for embeddings of zeros: the sum of the shares of all words
    gap: float  # what that sum misses of ``difference``
    points: int  # of the quadrature


class Occlusion(NamedTuple):
    """What one output at one step loses if the embedding of each word is zeros; see ``attribution.occlusion``."""

    step: int
    output: int
    losses: Array  # (n,): the output, less that without the word


class Learning(NamedTuple):
    """The gradient of a loss by all parameters, as in a step of training."""

    target: int | None  # the class taken as right; None: the next token
    loss: float  # in nats
    log10_norm: float  # before clipping
    log10_clipped: float  # after it
    clip: float


@dataclass(frozen=True, eq=False)
class Memory:
    """How far back a network remembers over one sequence, and where its gradients go.

    Arrays are of the n steps from ``start`` to ``stop`` of a sequence of ``steps``. Parts that were not measured are
    None; so is ``learning`` where no step has a next token to judge.
    """

    steps: int  # T
    start: int
    stop: int
    alpha: float  # factor on the recurrent weights
    tokens: tuple[Token, ...]  # (n,); empty for a module
    layers: tuple[LayerMemory, ...]  # by layer, forward before backward
    words: WordNorms | None
    attribution: Attribution | None
    occlusion: Occlusion | None
    learning: Learning | None
    notes: tuple[str, ...] = ()  # what to know about the run, such as that recorded inputs were replayed

    def layer(self, layer: int = 0, direction: Direction = "forward") -> LayerMemory:
        """Return one layer in one direction. Raises KeyError if it was not measured or does not exist."""
        for candidate in self.layers:
            if (candidate.layer, candidate.direction) == (layer, direction):
                return candidate
        raise KeyError(f"layer {layer} {direction}")
