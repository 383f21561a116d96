"""What a head gives for the hidden states of a trace, computed where it is asked for and some steps at a time.

A language model has an output for each word: over a text of 200 words and 200,000 outputs, all probabilities are 40
million numbers, of which a picture shows some hundreds.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .network import Network
from .watching import tell

MANY = 1_000  # outputs of a head, above which nobody is sent all of them unasked
HELD = 8_000_000  # probabilities computed at a time

FloatArray = NDArray[np.floating]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Reading:
    """The probabilities (T, outputs) that the head of ``network`` gives for ``h``, as far as they are asked for."""

    network: Network
    h: Tensor  # (T, H·directions), of the last layer
    _kept: dict[tuple[bytes, bytes], FloatArray] = field(default_factory=dict, init=False, repr=False)

    def span(self, start: int, stop: int) -> "Reading":
        """Return that of the steps from ``start`` up to ``stop``."""
        return replace(self, h=self.h[start:stop])

    def all(self) -> FloatArray:
        """Return all probabilities (T, outputs)."""
        every = np.arange(len(self.h))
        if every.size <= self._size:
            return _probabilities(self.network, self.h)
        outputs: FloatArray | None = None
        for start, part in self._parts(every):
            outputs = np.empty((len(every), part.shape[1]), part.dtype) if outputs is None else outputs
            outputs[start : start + len(part)] = part
        return cast("FloatArray", outputs)

    def at(self, steps: Integers, outputs: Integers) -> FloatArray:
        """Return the probabilities (n, m) of ``outputs`` (n, m) after ``steps`` (n,); they are kept."""
        asked = steps.tobytes(), outputs.tobytes()
        if asked not in self._kept:
            self._kept[asked] = self._at(steps, outputs)
        return self._kept[asked]

    def _at(self, steps: Integers, outputs: Integers) -> FloatArray:
        parts = [_chosen(part, outputs[start : start + len(part)]) for start, part in self._parts(steps)]
        return np.concatenate(parts) if parts else np.empty(outputs.shape)

    def after(self, step: int) -> FloatArray:
        """Return the probabilities (outputs,) after ``step``, which counts as in a list."""
        probabilities: FloatArray = _probabilities(self.network, self.h[step][None])[0]
        return probabilities

    def likeliest(self, count: int, others: Integers) -> tuple[Integers, FloatArray, FloatArray]:
        """Return the ``count`` most probable outputs (T, count) after each step, and their probabilities (T, count).

        The most probable comes first; there are fewer where the head has fewer. Also return the probabilities (T, m)
        of ``others`` (T, m), for which the head would have to be run again.
        """
        parts = [
            likeliest_of(part, count, others[start : start + len(part)])
            for start, part in self._parts(np.arange(len(self.h)))
        ]
        places, values, chosen = (np.concatenate(each) for each in zip(*parts, strict=True))
        return places, values, chosen

    def first_overflow(self) -> int | None:
        """Return the first step after which a sum of the head overflows; None if there is none."""
        if self.h.dtype != torch.float64:  # sums in float64 of smaller numbers cannot
            return None
        for start, part in self._parts(np.arange(len(self.h))):
            if (bad := np.isnan(part).any(axis=-1)).any():
                return start + int(bad.argmax())
        return None

    @property
    def _size(self) -> int:
        """How many steps are read at a time."""
        return max(1, HELD // max(1, self.network.config.outputs))

    def _parts(self, steps: Integers) -> Iterator[tuple[int, FloatArray]]:
        """Yield the probabilities (n, outputs) after some of ``steps``, with the place of the first of these."""
        for start in range(0, len(steps), self._size):
            tell()
            rows = torch.from_numpy(steps[start : start + self._size]).to(self.h.device)
            yield start, _probabilities(self.network, self.h[rows])


def _chosen(probabilities: FloatArray, outputs: Integers) -> FloatArray:
    """Return the probabilities (n, m) of ``outputs`` (n, m) in each row."""
    return np.take_along_axis(probabilities, outputs, axis=-1)


def likeliest_of(probabilities: FloatArray, count: int, others: Integers) -> tuple[Integers, FloatArray, FloatArray]:
    """Return what ``Reading.likeliest`` returns, of all ``probabilities`` (T, outputs).

    Of outputs that are as probable, the first come first; which of them are among the ``count`` is left open.
    """
    count = min(count, probabilities.shape[1])
    values, places = (each.numpy() for each in torch.from_numpy(probabilities).topk(count, dim=-1))
    order = np.lexsort((places, -values))
    most, chosen = (np.take_along_axis(each, order, axis=-1) for each in (places, values))
    return most, chosen, _chosen(probabilities, others)


@torch.inference_mode()
def _probabilities(network: Network, h: Tensor) -> FloatArray:
    """Return the probabilities (n, outputs) for hidden states (n, H·directions) of the last layer."""
    logits = network.read(h)
    outputs: FloatArray = network.probabilities(logits).cpu().numpy()
    # Where e^−logit or a sum overflows, there is 0 or NaN for what the dtype may still hold.
    if not (outputs.min() > 0 and math.isfinite(logits.sum())):
        outputs = network.probabilities(network.read_in_double(h)).to(h.dtype).cpu().numpy()
    return outputs
