"""How an output is read from the hidden state after the last step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..decomposition.output import Head, Logit, Output, logit_of, logits_in_double
from ..trace import Trace

Array = NDArray[np.float64]

_HELD = 8_000_000  # logits at a time


@dataclass(frozen=True, eq=False)
class ChosenOutput:
    """The rows of the head that an output and its probability depend on."""

    logit: Logit
    weight: NDArray[np.floating]  # (rows, H·directions)
    bias: NDArray[np.floating]  # (rows,)
    rows: tuple[int, ...]  # that of the output, and that of the one that it is set against
    function: str | None  # None: the head is that of a module, and only gives logits

    @classmethod
    def of(cls, trace: Trace, head: Head | None, output: Output | Sequence[Output] | None) -> "ChosenOutput":
        """Return that of the output that is asked for. Raises OptionError as ``logit_of`` does."""
        last = [each for each in trace.layers if each.layer == trace.layers[-1].layer]
        logits = [logit_of(trace, each, head, output) for each in last]
        own = trace.head if head is None else None
        function = None if own is None else own.function
        if own is not None and function == "softmax":  # whose probabilities depend on all logits
            weight, bias = own.weight.array("the head's weight"), own.bias.array("the head's bias")
            return cls(logits[0], weight, bias, logits[0].outputs, function)
        weights = np.concatenate([each.weights for each in logits])
        return cls(logits[0], weights[None], np.array([logits[0].bias]), (0,), function)

    def logits(self, hidden: Array) -> Array:
        """Return the logits (runs, rows) of the last layer's h (runs, H·directions)."""
        return logits_in_double(hidden, self.weight, self.bias)

    def moved(self, plain: Array, hidden: Array) -> tuple[Array, Array | None]:
        """Return how far the logit moves in some runs, and the probability of the output in them, both (runs,).

        ``hidden`` (1 + runs, H·directions) begins with the run that they are set against, and ``plain`` (1, rows) are
        the logits of the plain run. Of many outputs, few runs are looked at together.
        """
        size = max(1, _HELD // len(self.weight))
        effects, probabilities = [], []
        for start in range(1, len(hidden), size):
            logits = self.logits(np.concatenate([hidden[:1], hidden[start : start + size]]))
            moved = logits[1:] - logits[0]  # of one product: exactly 0 where nothing changes
            effects.append(self.chosen(moved))
            probabilities.append(self.probabilities(plain + moved))
        known = [each for each in probabilities if each is not None]
        return np.concatenate(effects), np.concatenate(known) if known else None

    def chosen(self, logits: Array) -> Array:
        """Return the logit (runs,) of the output, less that of the one that it is set against."""
        first, *against = self.rows
        return logits[:, first] - logits[:, against[0]] if against else logits[:, first]

    def probabilities(self, logits: Array) -> Array | None:
        """Return the probability (runs,) of the output; None if the head's function is not known."""
        if self.function is None:
            return None
        numbers = torch.from_numpy(logits)
        made = torch.softmax(numbers, dim=-1) if self.function == "softmax" else torch.sigmoid(numbers)
        probabilities: Array = made[:, self.rows[0]].numpy()
        return probabilities
