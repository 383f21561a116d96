"""Read the recurrent modules of torch.nn in the terms of the cells: layers, directions, names and shapes of weights."""

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, NamedTuple, cast
from weakref import WeakKeyDictionary

from torch import Tensor, bfloat16, dtype, nn
from torch.nn.modules import module as torch_module

from .cells import TABLE, cell_of
from .cells.cell import Cell, CellWeights
from .engine import compiled
from .stepped_module import SteppedModule

Direction = Literal["forward", "backward"]
Recurrent = nn.RNNBase | SteppedModule


class LayerWeights(NamedTuple):
    """The weights of one layer in one direction."""

    layer: int  # from 0
    direction: Direction
    weights: CellWeights
    arrays: compiled.Arrays | None  # the weights for the kernels, where these serve them


class _Cached(NamedTuple):
    """The layer weights of a module, and what shows that they are still current."""

    names: list[str]
    tensors: list[Tensor]
    views: list[Tensor]  # of the memory, shape and strides that each tensor had
    addresses: list[int]  # of that memory, which a storage may replace
    dtypes: list[dtype]
    layers: list[LayerWeights]


_CACHE: WeakKeyDictionary[Recurrent, _Cached] = WeakKeyDictionary()

# What a call of each class runs, and the methods that may be replaced.
_FORWARD: dict[type[nn.Module], Callable[..., Any]] = {
    kind: kind.forward for cell in TABLE for kind in (cell.module, cell.step_module) if kind is not None
}
_METHODS = {
    name for module in _FORWARD for kind in module.__mro__ for name, value in vars(kind).items() if callable(value)
}


def base_of(module: nn.Module) -> type[nn.Module]:
    """Return the class of torch.nn that ``module`` is, or derives from."""
    return next(kind for kind in _FORWARD if isinstance(module, kind))


def plain_forward(module: nn.RNNBase) -> Callable[..., Any]:
    """Return the forward pass of torch.nn over the weights of ``module``, without hooks or replaced methods."""
    return partial(_FORWARD[base_of(module)], module)


def is_plain(module: nn.RNNBase) -> bool:
    """Return whether a call of ``module`` can only run the forward pass of torch.nn over the parameters that it holds.

    This is decided by its structure: the class is that of torch.nn, no method is replaced, there is no forward hook but
    observers of ours, and every weight is a parameter.
    """
    forward = _FORWARD.get(type(module))
    return (
        forward is not None
        and type(module).forward is forward
        and not _has_methods(module)
        and not hooks_of(module)
        and not (torch_module._global_forward_hooks or torch_module._global_forward_pre_hooks)
        and all(map(operator.is_, module._flat_weights, map(module._parameters.get, module._flat_weights_names)))
    )


class StandIn:
    """A forward of ours in the place of a module's own: it runs that, unless it is to compute with edits."""

    def __call__(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """Do what a call of the module does."""
        raise NotImplementedError


class Observer:
    """A forward hook of ours that reads what a call did, and changes nothing."""

    def __call__(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        """Read the call."""
        raise NotImplementedError


def hooks_of(module: nn.Module) -> list[Any]:
    """Return the forward hooks of ``module`` that are not observers of ours."""
    hooks = (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    return [hook for hook in hooks if not isinstance(hook, Observer)]


def _has_methods(module: nn.Module) -> bool:
    """Return whether ``module`` has methods in the place of those of its class; a stand-in of ours does not count."""
    own = _METHODS & module.__dict__.keys()
    return any(not isinstance(module.__dict__[name], StandIn) for name in own)


def is_overridden(module: nn.Module) -> bool:
    """Return whether a call of ``module`` runs a forward that is neither torch.nn's nor ours."""
    return type(module).forward is not _FORWARD[base_of(module)] or _has_methods(module)


def weights_of_call(module: nn.RNNBase) -> list[CellWeights]:
    """Return the weights that a call of ``module`` uses, in the order of ``layers_of``."""
    module._update_flat_weights()  # as its forward does: torch.func may have put others in their place
    tensors = dict(zip(module._flat_weights_names, cast("list[Tensor]", module._flat_weights), strict=True))
    return [
        _cell_weights(module, {field: tensors[name] for field, name in weight_names(module, layer, direction).items()})
        for layer, direction in layers_of(module)
    ]


def directions_of(module: Recurrent) -> tuple[Direction, ...]:
    """Return the directions of every layer, in PyTorch's order."""
    return ("forward", "backward") if module.bidirectional else ("forward",)


def layers_of(module: Recurrent) -> Iterator[tuple[int, Direction]]:
    """Yield every layer and direction, in the order in which a trace lists them."""
    for layer in range(module.num_layers):
        for direction in directions_of(module):
            yield layer, direction


def weight_names(module: Recurrent, layer: int, direction: Direction) -> dict[str, str]:
    """Return a map from fields of ``CellWeights`` to the parameters' names in one layer and direction."""
    suffix = f"_l{layer}" + ("_reverse" if direction == "backward" else "")
    names = {"w_ih": "weight_ih", "w_hh": "weight_hh"}
    if module.bias:
        names |= {"b_ih": "bias_ih", "b_hh": "bias_hh"}
    if module.proj_size:
        names["w_hr"] = "weight_hr"
    if cell_of(module).peepholes:
        names["w_ch"] = "weight_ch"
    if not cell_of(module).has_recurrent_weights:
        del names["w_hh"]
        names.pop("b_hh", None)
    return {field: name + suffix for field, name in names.items()}


def weights_of(module: Recurrent, layer: int, direction: Direction) -> CellWeights:
    """Return the parameters of one layer in one direction."""
    return _cell_weights(
        module, {field: getattr(module, name) for field, name in weight_names(module, layer, direction).items()}
    )


def _cell_weights(module: Recurrent, named: dict[str, Tensor]) -> CellWeights:
    """Return ``CellWeights`` of the fields ``named``; recurrent weights that a cell does not have become (0, H)."""
    if "w_hh" not in named:
        named["w_hh"] = named["w_ih"].new_empty(0, module.hidden_size)
    return CellWeights(**named)


def tensors_of(module: Recurrent) -> dict[str, Tensor]:
    """Return every weight of ``module`` by its attribute's name, in the order of ``layers_of``.

    A missing one is None, which no trace accepts.
    """
    names = (weight_names(module, layer, direction).values() for layer, direction in layers_of(module))
    return {name: cast("Tensor", getattr(module, name, None)) for each in names for name in each}


def for_numpy(tensor: Tensor) -> Tensor:
    """Return ``tensor`` in a dtype that NumPy has: bfloat16 becomes float32, which represents all its values."""
    return tensor.float() if tensor.dtype == bfloat16 else tensor


def options_of(module: nn.RNNBase) -> dict[str, Any]:
    """Return what ``plain_module`` makes a module of the same cell and sizes from, without dropout."""
    names = ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional")
    options: dict[str, Any] = {name: getattr(module, name) for name in names}
    if module.proj_size:
        options["proj_size"] = module.proj_size
    return options


def plain_module(cell: Cell, options: Mapping[str, Any], weights: Mapping[str, Tensor]) -> nn.RNNBase:
    """Return a module of torch.nn that computes ``cell`` with these ``weights``, whose memory it shares."""
    kind = cast("type[Any]", cell.module)
    module: nn.RNNBase = kind(device="meta", **options, **(cell.module_options or {})).requires_grad_(
        requires_grad=False
    )
    module.load_state_dict({name: weight.detach() for name, weight in weights.items()}, assign=True)
    return module.eval()


def layer_weights_of(module: Recurrent) -> list[LayerWeights]:
    """Return the weights of every layer and direction, in the order of ``layers_of``.

    They are cached: they share the parameters' memory, so that later writes to it show.
    """
    cached = _CACHE.get(module)
    if cached is not None:
        tensors = list(map(module._parameters.get, cached.names))
        if (
            all(map(operator.is_, tensors, cached.tensors))
            and [tensor.dtype for tensor in cached.tensors] == cached.dtypes
            and [tensor.data_ptr() for tensor in cached.tensors] == cached.addresses
            and all(map(Tensor.is_set_to, cached.tensors, cached.views))
        ):
            return cached.layers
    weights = tensors_of(module)
    layers = layer_weights_from(module, weights)
    if all(layer.arrays is not None for layer in layers) and all(weight.is_contiguous() for weight in weights.values()):
        held = list(weights.values())
        views = [weight.detach() for weight in held]
        addresses = [weight.data_ptr() for weight in held]
        _CACHE[module] = _Cached(list(weights), held, views, addresses, [weight.dtype for weight in held], layers)
    return layers


def layer_weights_from(module: Recurrent, tensors: Mapping[str, Tensor]) -> list[LayerWeights]:
    """Return what ``layer_weights_of`` does, with the weights ``tensors``, by name, in place of the module's own.

    The kernels serve only weights whose shapes follow from the sizes of ``module``.
    """
    layers, cell = [], cell_of(module)
    for layer, direction in layers_of(module):
        names = weight_names(module, layer, direction)
        weights = _cell_weights(module, {field: tensors[name] for field, name in names.items()})
        shapes = weight_shapes(module, layer)
        served = all(
            isinstance(tensors[name], Tensor)
            and compiled.serves(tensors[name])
            and tensors[name].shape == shapes[field]
            for field, name in names.items()
        )
        layers.append(LayerWeights(layer, direction, weights, compiled.arrays_of(cell, weights) if served else None))
    return layers


def weight_shapes(module: Recurrent, layer: int) -> dict[str, tuple[int, ...]]:
    """Return a map from fields of ``CellWeights`` to the shapes that they must have in any direction of a layer."""
    rows, width = len(cell_of(module).blocks) * module.hidden_size, module.proj_size or module.hidden_size
    inputs = width * len(directions_of(module)) if layer > 0 else module.input_size
    return {
        "w_ih": (rows, inputs),
        "w_hh": (rows, width),
        "b_ih": (rows,),
        "b_hh": (rows,),
        "w_hr": (width, module.hidden_size),
        "w_ch": (len(cell_of(module).peepholes), module.hidden_size),
    }
