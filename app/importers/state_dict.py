"""Make of a state dict, as PyTorch names its tensors, what an importer finds: for any file that holds one."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from ..recurrent.cells.cell import CellWeights
from ..recurrent.modules import Direction
from . import Request
from .found import EMBEDDING, HEAD, Convention, Found, Placed
from .torch_names import (
    CONVERTED,
    FIELDS,
    NamedModule,
    Place,
    Sizes,
    cell_of_module,
    chosen_module,
    computed_in,
    modules_in,
    sizes_of,
)
from .torch_parts import parts_around
from .torch_references import references

_STATISTICS = frozenset({"mean", "means", "mu", "std", "stds", "sigma", "scale"})  # what buffers are called
_SYMBOLS = {"w_ih": "W_ih", "w_hh": "W_hh", "b_ih": "b_ih", "b_hh": "b_hh", "w_hr": "W_hr"}


def found_in(
    tensors: Mapping[str, Tensor],
    request: Request,
    file_format: str,
    *,
    vocabularies: Sequence[Sequence[str]] = (),
    remarks: Sequence[str] = (),
    conventions: Sequence[Convention] = (),
    said: Mapping[str, str] = MappingProxyType({}),
    outputs: Sequence[str] = (),
) -> Found:
    """Return the recurrent network among ``tensors``, which the file has by these names.

    Of ``vocabularies``, lists that may be one, that is taken which has a token for each row of the embedding. ``said``
    are fields of a ``config.json`` next to the tensors, and ``outputs`` the names that it has for those of a head.
    Raises ImportRefusedError if there is none, or it cannot be computed right; UndecidedError where the file does not
    say how.
    """
    module = chosen_module(tensors, request.module)
    sizes = sizes_of(module, tensors)
    cell, told = cell_of_module(module, sizes, request.answers, said)
    parts = parts_around(module, sizes, tensors, request.answers)
    dtype = computed_in(module, tensors)
    weights = {name: tensors[name].detach().to(dtype).contiguous() for name in module.tensors}
    around = {parts.embedding: EMBEDDING, parts.weight: f"{HEAD}, weight", parts.bias: f"{HEAD}, bias"}
    around.pop("", None)
    used = {*module.tensors, *around}
    rows = len(tensors[parts.embedding]) if parts.embedding else 0
    fitting = list(dict.fromkeys(tuple(each) for each in vocabularies if len(each) == rows))  # itos and stoi agree
    readout = parts.readout
    statistics = [] if parts.embedding else _statistics({*tensors} - used, tensors, sizes.inputs)
    return Found(
        format=file_format,
        name=module.name,
        cell=cell,
        layers=_layers(module, sizes, weights),
        embedding=tensors[parts.embedding].detach().to(dtype) if parts.embedding else None,
        vocabulary=list(fitting[0]) if len(fitting) == 1 else None,
        readout=readout
        and readout._replace(
            weight=readout.weight.detach().to(dtype),
            bias=readout.bias if readout.bias is None else readout.bias.detach().to(dtype),
        ),
        outputs=outputs,
        placed=[
            *_placed(module, tensors, dtype),
            *(_place(name, tensors[name], what, dtype) for name, what in around.items()),
        ],
        conventions=[*conventions, *told, *parts.conventions],
        unused=[name for name in tensors if name not in used],
        remarks=[*remarks, *_other_modules(module, tensors), *_converted(used, tensors), *parts.remarks, *statistics],
        references=references(cell, module, sizes, weights),
    )


def _layers(module: NamedModule, sizes: Sizes, weights: Mapping[str, Tensor]) -> list[Mapping[Direction, CellWeights]]:
    """Return the weights of each layer: our row blocks are PyTorch's."""
    return [
        {
            direction: CellWeights(
                **{field: weights[name] for field, name in module.names[Place(layer, direction)].items()}
            )
            for direction in sizes.directions
        }
        for layer in range(sizes.layers)
    ]


def _placed(module: NamedModule, tensors: Mapping[str, Tensor], dtype: torch.dtype) -> list[Placed]:
    return [
        _place(names[field], tensors[names[field]], f"{place}, {_SYMBOLS[field]}", dtype)
        for place, names in sorted(
            module.names.items(), key=lambda each: (each[0].layer, each[0].direction == "backward")
        )
        for field in FIELDS.values()
        if field in names
    ]


def _place(name: str, tensor: Tensor, target: str, dtype: torch.dtype) -> Placed:
    change = "" if tensor.dtype == dtype else f"{_short(tensor.dtype)} → {_short(dtype)}"
    return Placed(name, tuple(tensor.shape), target, change)


def _short(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _converted(used: set[str], tensors: Mapping[str, Tensor]) -> list[str]:
    """Say that numbers were converted to float32, which holds each of them."""
    kinds = {_short(tensors[name].dtype) for name in used if tensors[name].dtype in CONVERTED}
    return [f"weights in {' and '.join(sorted(kinds))} were converted to float32, without a change"] if kinds else []


def _statistics(unused: set[str], tensors: Mapping[str, Tensor], inputs: int) -> list[str]:
    """Say which tensors that are not used may standardise what the network reads: code does it, which no file tells."""
    names = [name for name in tensors if name in unused and name.rpartition(".")[2].lower() in _STATISTICS]
    named = [name for name in names if tensors[name].numel() == inputs]
    if not named:
        return []
    return [
        f"{' and '.join(named)} may standardise what the network reads, which has as many numbers: they are not used; "
        "if it reads (x − mean) / scale, give these by --columns"
    ]


def _other_modules(module: NamedModule, tensors: Mapping[str, Tensor]) -> list[str]:
    others = [each.name for each in modules_in(tensors) if each.names != module.names]
    return [f"other recurrent modules of the file are not imported: {', '.join(others)}"] if others else []
