"""What reads the last layer: weights as they were when a trace was made, and what makes probabilities of outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .network import Head


class Weight(NamedTuple):
    """A weight as it was when a trace was made: not a copy, but what tells whether it has changed since."""

    tensor: Tensor
    version: int | None  # PyTorch's count of what was written to it; None: not counted

    @classmethod
    def of(cls, tensor: Tensor) -> "Weight":
        """Return ``tensor`` as it is now."""
        return cls(tensor, None if tensor.is_inference() else tensor._version)

    def __reduce__(self) -> tuple[Callable[[Tensor], "Weight"], tuple[Tensor]]:
        """Count writes anew in a copy, or where a pickle is loaded: there the tensor is another one."""
        return Weight.of, (self.tensor,)

    def array(self, name: str) -> NDArray[np.floating]:
        """Return it, not copied. Raises ValueError, with its ``name``, if it was written to since the trace."""
        if self.version is not None and self.tensor._version != self.version:
            raise ValueError(f"{name} has changed since the trace was made: trace again, and decompose that trace")
        numbers: NDArray[np.floating] = self.tensor.detach().cpu().numpy()
        return numbers

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return it in float64. Raises ValueError as ``array`` does."""
        return self.array(name).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Readout:
    """The head of the network that a trace is of."""

    weight: Weight  # (outputs, H·directions)
    bias: Weight  # (outputs,)
    function: Head
    names: tuple[str, ...] = ()  # of the outputs; empty where they have none
    verdict: str | None = None  # the output of a sigmoid head that the task is about, if it has a name
