"""The weights that calls ran with: one copy for each content that they had.

Content is compared at every call, bit for bit, as a write through ``.data`` changes no counter of PyTorch's.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import parametrize

from ..bits import is_same, size_of
from ..module_call import weights_in_use
from ..modules import Observer

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


class _LastComputed(Observer):
    """A hook on a parametrization, which knows what it computed when it was last read."""

    value: Tensor | None = None

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:  # noqa: ARG002
        """Remember what was read."""
        self.value = output.detach()


class Computed:
    """The weights of a cell that parametrizations compute at every read, as they were when its call read them.

    Reading them again might give others, and change what later calls compute.
    """

    def __init__(self, module: nn.Module) -> None:
        parametrized = getattr(module, "parametrizations", {}) if isinstance(module, nn.RNNCellBase) else {}
        self._module, self._last = module, {name: _LastComputed() for name in parametrized}
        self.hooks = [
            parametrized[name].register_forward_hook(hook, with_kwargs=True) for name, hook in self._last.items()
        ]

    def get(self, name: str) -> Tensor | None:
        """Return the weight ``name``; None if nothing has computed it."""
        if name not in self._last:
            return None
        if parametrize._cache_enabled:  # the call read what is kept for the block, and so does this
            kept: Tensor = getattr(self._module, name)
            return kept
        return self._last[name].value


def weights_of_call(module: nn.RNNBase | nn.RNNCellBase, computed: Computed | None = None) -> dict[str, Tensor]:
    """Return the weights that the last call of ``module`` used.

    Raises ValueError for a cell whose weights are computed anew whenever they are read, and not by ``computed``.
    """
    if isinstance(module, nn.RNNBase):
        return weights_in_use(module)
    own, loose = module._parameters, vars(module)
    names = CELL_WEIGHTS if module.bias else CELL_WEIGHTS[:2]
    weights = {name: own.get(name, loose.get(name)) for name in names}
    if computed is not None:
        weights |= {name: computed.get(name) for name, weight in weights.items() if weight is None}
    if missing := [name for name, weight in weights.items() if not isinstance(weight, Tensor)]:
        raise ValueError(f"its {missing[0]} is computed anew at every read, so that what the call used is not known")
    return weights  # type: ignore[return-value]
