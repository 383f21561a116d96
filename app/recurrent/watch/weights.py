"""The weights that calls ran with: one copy for each content that they had.

Content is compared at every call, bit for bit, as a write through ``.data`` changes no counter of PyTorch's.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from ..bits import is_same, size_of
from ..module_call import weights_in_use

CELL_WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Kept:
    """A copy of the weights of a module, on its device."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.tensors = {name: weight.detach().clone() for name, weight in weights.items()}
        self.bytes = size_of(self.tensors.values())

    def has_bits_of(self, weights: Mapping[str, Tensor]) -> bool:
        """Return whether ``weights`` hold the same numbers, to the bit."""
        kept = self.tensors
        return kept.keys() == weights.keys() and all(is_same(kept[name], each) for name, each in weights.items())


class Copies:
    """All copies of the weights of one module."""

    def __init__(self) -> None:
        self._kept: list[Kept] = []  # the one that was used last stands last

    @property
    def bytes(self) -> int:
        """How many bytes they take together."""
        return sum(each.bytes for each in self._kept)

    def of(self, weights: Mapping[str, Tensor]) -> Kept | None:
        """Return the copy that has the bits of ``weights``; None if they are new."""
        for at in reversed(range(len(self._kept))):
            if self._kept[at].has_bits_of(weights):
                self._kept.append(self._kept.pop(at))
                return self._kept[-1]
        return None

    def add(self, kept: Kept) -> None:
        """Hold a copy that ``of`` did not find."""
        self._kept.append(kept)


def weights_of_call(module: nn.RNNBase | nn.RNNCellBase) -> dict[str, Tensor]:
    """Return the weights that the last call of ``module`` used.

    Raises ValueError for a cell whose weights are computed anew whenever they are read.
    """
    if isinstance(module, nn.RNNBase):
        return weights_in_use(module)
    own, loose = module._parameters, vars(module)
    names = CELL_WEIGHTS if module.bias else CELL_WEIGHTS[:2]
    weights = {name: own.get(name, loose.get(name)) for name in names}
    if missing := [name for name, weight in weights.items() if not isinstance(weight, Tensor)]:
        raise ValueError(f"its {missing[0]} is computed anew at every read, so that what the call used is not known")
    return weights  # type: ignore[return-value]
