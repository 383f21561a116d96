"""How an output is read from the hidden state after the last step."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ..decomposition.output import Head, Logit, Output, logit_of, logits_in_double
from ..trace import Trace
from ..watching import tell

Array = NDArray[np.float64]

_BLOCK = 1 << 20  # weights of a head that are copied to float64 at a time, and about as many logits


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
        the logits of the plain run.
        """
        change = hidden[1:] - hidden[:1]
        weight = self.weight[list(self.rows)].astype(np.float64)
        effects = change @ (weight[0] - weight[1:].sum(axis=0))  # exactly 0 where nothing changes
        return effects, self.probabilities(plain, change)

    def chosen(self, logits: Array) -> Array:
        """Return the logit (runs,) of the output, less that of the one that it is set against."""
        first, *against = self.rows
        return logits[:, first] - logits[:, against[0]] if against else logits[:, first]

    def probabilities(self, plain: Array, change: Array | None = None) -> Array | None:
        """Return the probability (runs,) of the output; None if the head's function is not known.

        It is that of the plain run, whose logits are ``plain`` (1, rows), or where h differs from the plain one by
        ``change`` (runs, H·directions). Of many outputs, the logits of some are held at a time.
        """
        if self.function is None:
            return None
        of_output = torch.from_numpy(self._changed(plain, change, slice(self.rows[0], self.rows[0] + 1))[:, 0])
        if self.function == "sigmoid":
            return torch.sigmoid(of_output).numpy()
        size, total = max(1, _BLOCK // self.weight.shape[1]), torch.full_like(of_output, -math.inf)
        for start in range(0, len(self.weight), size):
            tell()
            logits = torch.from_numpy(self._changed(plain, change, slice(start, start + size)))
            total = torch.logaddexp(total, logits.logsumexp(dim=1))
        return torch.exp(of_output - total).clamp(max=1).numpy()  # the two may differ in the last digit

    def _changed(self, plain: Array, change: Array | None, rows: slice) -> Array:
        """Return the logits (runs, n) of some rows."""
        if change is None:
            return plain[:, rows]
        return plain[:, rows] + change @ self.weight[rows].astype(np.float64).T
