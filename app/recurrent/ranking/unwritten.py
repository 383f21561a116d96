"""The word whose not being written moves the final verdict most: every word tried, in one batch of runs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..cost import multiply_adds
from ..edits.binding import Bound
from ..edits.edit import Edit
from ..edits.hold import hold
from ..engine.edits import Edits
from ..modules import layer_weights_of
from ..network import Network
from ..overflow import RangeError
from ..trace import Engine, FloatArray, Trace, activations_of
from .batch import one_after_the_other

MOST_STEPS = 60  # a run for each
MOST_OPERATIONS = 5 * 10**10  # multiply-adds of all runs: half a second on one core, for one link next to a picture
LEAST = 0.1  # by how much a probability must move
TIED = 0.005  # probabilities that differ by less are written alike


@dataclass(frozen=True)
class Unwritten:
    """What follows if one word of a text is kept from being written into the memory."""

    step: int
    edit: Edit
    """What keeps it from being written, in every layer and direction; it comes after the edits of the trace."""
    without: float
    """The final verdict of the trace, in [0, 1]."""
    final: float
    """The final verdict with ``edit``."""
    lead: float
    """How much further it moves the verdict than any other word would; 1 for the only word of a text. It is a little
    below 0 if the word was preferred to one that moves the verdict as far."""


def unwritten(
    network: Network,
    traced: Trace,
    outputs: Sequence[int],
    engine: Engine = "compiled",
    preferred: Collection[int] = (),
) -> Unwritten | None:
    """Return the word of ``traced`` that moves the final verdict most if it is not written.

    The gate that writes is held shut at the word, in all units of all layers and directions. Edits of the trace stay in
    force, and come before. O(T²·H²) operations in one batch of T runs.

    Args:
        network: The network that ``traced`` is of.
        traced: From its first token on, without a state to start from.
        outputs: The output that is the verdict, by its number, or two: the verdict is then the probability of the
            first, if it is one of the two.
        engine: What runs; see ``trace``.
        preferred: Steps one of which is returned if it moves the probability as far as any other, within ``TIED``.

    Returns:
        None if the cell has no path of memory, if there are more than ``MOST_STEPS`` steps, if the runs would take more
        than ``MOST_OPERATIONS``, if no word moves the probability by ``LEAST``, or if a number overflows in a run.

    Raises:
        ValueError: ``traced`` does not begin with the first token of a text.
    """
    memory, steps = network.config.cell_definition.memory, len(traced)
    if not traced.tokens:
        raise ValueError("the trace has no tokens: give one of a network, not of a module")
    if traced.start or any(each.initial is not None for each in traced.layers):
        raise ValueError("the trace does not start where its text does: give the trace of the whole text")
    if memory is None or steps > MOST_STEPS or steps**2 * multiply_adds(network) > MOST_OPERATIONS:
        return None
    letter, value = memory.writes_nothing
    try:
        verdicts = _verdict(_final_outputs(network, traced, letter, value, engine), outputs)
    except RangeError:
        return None
    [without] = _verdict(traced.outputs[-1:], outputs)
    moved = np.abs(verdicts - without)
    if not moved.max() >= LEAST:  # of two outputs that are both 0 in float32, the verdict is NaN
        return None
    tied = [step for step in preferred if moved[step] >= moved.max() - TIED]
    step = max(tied, key=moved.__getitem__) if tied else int(np.argmax(moved))
    lead = float(moved[step] - np.delete(moved, step).max()) if steps > 1 else 1.0
    return Unwritten(step, hold(letter, value, steps=[step]), float(without), float(verdicts[step]), lead)


@torch.inference_mode()
def _final_outputs(network: Network, traced: Trace, letter: str, value: float, engine: Engine) -> FloatArray:
    """Return the outputs (T, outputs) after the last step of T runs, with ``letter`` held in run t at step t.

    Raises RangeError if a number overflows.
    """
    cell, steps, device = network.config.cell_definition, len(traced), network.device
    size = network.config.hidden_size
    dtype = np.float32 if network.dtype == torch.float32 else np.float64
    scale, nothing = np.ones((steps, steps, size), dtype), np.zeros((steps, steps, size), dtype)
    shift = nothing.copy()
    every = np.arange(steps)
    scale[every, every], shift[every, every] = 0, value
    letters = np.full(steps, cell.activations.index(letter))
    held = Edits(np.arange(steps + 1), letters, every, scale, shift, nothing)
    parts = {part: one_after_the_other(traced.bound.of(*part, 0, steps), held) for part in network.layers()}
    with torch.autocast(device.type, enabled=False):
        x = network.embedded(traced.tokens, traced.bound.swaps)[:, None].expand(-1, steps, -1)  # (T, T, E)
        activations = activations_of(
            layer_weights_of(network.recurrent),
            cell,
            x,
            [steps] * steps,
            None,
            engine,
            overflow="refuse",
            bound=Bound(parts=parts),
            kept=(),
        )
        last = activations[-len(network.config.directions) :]
        h = torch.from_numpy(np.concatenate([each["h"][-1] for each in last], axis=-1)).to(device)
        outputs: FloatArray = network.probabilities(network.read_in_double(h)).cpu().numpy()
    return outputs


def _verdict(probabilities: FloatArray, outputs: Sequence[int]) -> NDArray[np.float64]:
    """Return the verdict (runs,) of ``probabilities`` (runs, outputs)."""
    first, *others = (probabilities[:, each].astype(np.float64) for each in outputs)
    return first / (first + others[0]) if others else first
