"""What torch.nn.RNN, LSTM and GRU hold, in the terms of the cells."""

import operator
from collections.abc import Iterator
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from . import compiled
from .cells import GRU, LSTM, RELU_RNN, RNN, Cell, CellWeights

Direction = Literal["forward", "backward"]


class Part(NamedTuple):
    """One layer in one direction."""

    layer: int  # from 0
    direction: Direction
    weights: CellWeights
    arrays: compiled.Arrays | None  # the weights for the kernels, where these serve them


class _Known(NamedTuple):
    """The parts of a module, and what tells that they are still its own."""

    names: list[str]
    tensors: list[Tensor]
    addresses: list[int]
    parts: list[Part]


_KNOWN: WeakKeyDictionary[nn.RNNBase, _Known] = WeakKeyDictionary()


def cell_of(module: nn.RNNBase) -> Cell:
    """The cell whose equations ``module`` follows. Raises TypeError if it is none of nn.RNN, nn.LSTM, nn.GRU."""
    match module:
        case nn.LSTM():
            return LSTM
        case nn.GRU():
            return GRU
        case nn.RNN():
            return RNN if module.nonlinearity == "tanh" else RELU_RNN
    raise TypeError(f"{type(module).__name__} is none of nn.RNN, nn.LSTM and nn.GRU")


def directions_of(module: nn.RNNBase) -> tuple[Direction, ...]:
    """The directions of every layer, in PyTorch's order."""
    return ("forward", "backward") if module.bidirectional else ("forward",)


def layers_of(module: nn.RNNBase) -> Iterator[tuple[int, Direction]]:
    """Every layer and direction, in the order in which a trace lists them."""
    for layer in range(module.num_layers):
        for direction in directions_of(module):
            yield layer, direction


def weight_names(module: nn.RNNBase, layer: int, direction: Direction) -> dict[str, str]:
    """Field of ``CellWeights`` → name of the parameter, of one layer in one direction."""
    suffix = f"_l{layer}" + ("_reverse" if direction == "backward" else "")
    names = {"w_ih": "weight_ih", "w_hh": "weight_hh"}
    if module.bias:
        names |= {"b_ih": "bias_ih", "b_hh": "bias_hh"}
    if module.proj_size:
        names["w_hr"] = "weight_hr"
    return {field: name + suffix for field, name in names.items()}


def weights_of(module: nn.RNNBase, layer: int, direction: Direction) -> CellWeights:
    """The parameters of one layer in one direction."""
    return CellWeights(**{k: getattr(module, name) for k, name in weight_names(module, layer, direction).items()})


def parts_of(module: nn.RNNBase) -> list[Part]:
    """Every layer and direction with its parameters, in the order of ``layers_of``.

    They are looked up once: a part holds the parameters' own memory, so that it shows whatever is written there.
    """
    known = _KNOWN.get(module)
    if known is not None:
        tensors = [getattr(module, name) for name in known.names]
        if all(map(operator.is_, tensors, known.tensors)) and [w.data_ptr() for w in tensors] == known.addresses:
            return known.parts
    parts = []
    for layer, direction in layers_of(module):
        weights = weights_of(module, layer, direction)
        served = all(weight is None or compiled.serves(weight) for weight in weights)
        parts.append(Part(layer, direction, weights, compiled.arrays_of(weights) if served else None))
    names = [name for layer, direction in layers_of(module) for name in weight_names(module, layer, direction).values()]
    tensors = [getattr(module, name) for name in names]
    if all(tensor.is_contiguous() for tensor in tensors):
        _KNOWN[module] = _Known(names, tensors, [tensor.data_ptr() for tensor in tensors], parts)
    return parts
