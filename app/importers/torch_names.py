"""Recognise the recurrent modules of torch.nn in a state dict, by the names and shapes of its tensors."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..recurrent.cells import TABLE
from ..recurrent.cells.cell import Cell
from ..recurrent.modules import Direction
from .found import MODULE, Convention, ImportRefusedError, UndecidedError

FIELDS: Mapping[str, str] = {
    "weight_ih": "w_ih",
    "weight_hh": "w_hh",
    "bias_ih": "b_ih",
    "bias_hh": "b_hh",
    "weight_hr": "w_hr",
}
"""The fields of ``CellWeights``, by what torch.nn calls them."""
KEPT = (torch.float32, torch.float64)
UNNAMED = "(the file itself)"  # the module whose tensors have no prefix
CONVERTED = (torch.float16, torch.bfloat16)  # every number of theirs is one of float32
MATRIX = 2  # dimensions

_NAME = re.compile(
    rf"(?:(?P<module>.*)\.)?(?P<kind>{'|'.join(FIELDS)})(?:_l(?P<layer>0|[1-9]\d{{0,3}})(?P<reverse>_reverse)?)?"
)
# What a weight is computed from at each call: by weight dropout, weight normalisation and parametrizations.
_COMPUTED = re.compile(r"(?:weight_(?:ih|hh)|weight_hr)(?:_l\d+(?:_reverse)?)?(?:_raw|_g|_v|\.original\d*)$")
_MOST_NAMED = 6  # in a message


class Place(NamedTuple):
    """One layer in one direction."""

    layer: int
    direction: Direction

    def __str__(self) -> str:
        return f"layer {self.layer} {self.direction}"


@dataclass(frozen=True)
class NamedModule:
    """A recurrent module of a state dict: which tensor is which of its weights."""

    name: str
    """"model.encoder.rnn"; empty where the state dict is that of the module itself."""
    names: Mapping[Place, Mapping[str, str]]
    """The names of the tensors in the file, by fields of ``CellWeights``."""
    takes_steps: bool
    """Whether it is an LSTMCell or its like, whose names have no layer."""

    @property
    def tensors(self) -> Iterator[str]:
        """The names of all its tensors."""
        return (name for fields in self.names.values() for name in fields.values())


def modules_in(names: Iterable[str]) -> list[NamedModule]:
    """Return the recurrent modules of a state dict with these names, in its order."""
    groups: dict[tuple[str, bool], dict[Place, dict[str, str]]] = {}
    for name in names:
        if (match := _NAME.fullmatch(name)) is None:
            continue
        place = Place(int(match["layer"] or 0), "backward" if match["reverse"] else "forward")
        places = groups.setdefault((match["module"] or "", match["layer"] is None), {})
        places.setdefault(place, {})[FIELDS[match["kind"]]] = name
    return [
        NamedModule(module, places, takes_steps)
        for (module, takes_steps), places in groups.items()
        if any("w_hh" in fields or "w_ih" in fields for fields in places.values())
    ]


def chosen_module(tensors: Mapping[str, Tensor], wanted: str) -> NamedModule:
    """Return the recurrent module whose name is, or ends in, ``wanted``; the only one if that is empty.

    Raises ImportRefusedError if there is none in the file, and UndecidedError if none is called so, or more than one.
    """
    modules = modules_in(tensors)
    if not modules:
        raise ImportRefusedError(_nothing(tensors))
    fitting = [module for module in modules if wanted in {"", module.name or UNNAMED}] or [
        module for module in modules if module.name.endswith(f".{wanted}")
    ]
    if not fitting:
        raise UndecidedError(MODULE, _names(modules), f"no recurrent module is called {wanted!r}")
    if len(fitting) > 1:
        raise UndecidedError(MODULE, _names(fitting), f"there are {len(fitting)} recurrent modules")
    return fitting[0]


def _names(modules: Sequence[NamedModule]) -> list[str]:
    return list(dict.fromkeys(module.name or UNNAMED for module in modules))


def _nothing(tensors: Mapping[str, Tensor]) -> str:
    """Say that there is no recurrent module among ``tensors``, and what there is."""
    if computed := [name for name in tensors if _COMPUTED.search(name)]:
        return _why_computed(computed[0])
    if not tensors:
        return "there are no tensors in it: save the state dict of the network, by torch.save(model.state_dict(), …)"
    return (
        f"there is no recurrent network in it: none of its {len(tensors)} tensors ({_listed(list(tensors))}) is called "
        "weight_ih_l0 or weight_ih, as those of torch.nn.LSTM, GRU, RNN and their cells are"
    )


def _why_computed(name: str) -> str:
    return (
        f"{name}: this network computes its weights when it is called (weight dropout, weight normalisation or a "
        "parametrization): take that away, such as by torch.nn.utils.parametrize.remove_parametrizations, and save "
        "the weights themselves"
    )


def _listed(names: Sequence[str]) -> str:
    shown = [name if len(name) <= 60 else f"{name[:59]}…" for name in names[:_MOST_NAMED]]
    return ", ".join([*shown, "…"] if len(names) > _MOST_NAMED else shown)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a recurrent module, as the shapes of its tensors say."""

    inputs: int  # E
    hidden: int  # H
    projection: int  # P; 0: none
    layers: int
    directions: Sequence[Direction]
    bias: bool
    blocks: int  # rows of its weights, in units of H

    @property
    def width(self) -> int:
        """The numbers of h in one direction."""
        return self.projection or self.hidden

    def shapes(self, layer: int) -> Mapping[str, tuple[int, ...]]:
        """Return the shapes that the tensors of a layer must have, by field of ``CellWeights``."""
        rows = self.blocks * self.hidden
        inputs = self.width * len(self.directions) if layer else self.inputs
        shapes: dict[str, tuple[int, ...]] = {"w_ih": (rows, inputs), "w_hh": (rows, self.width)}
        if self.bias:
            shapes |= {"b_ih": (rows,), "b_hh": (rows,)}
        if self.projection:
            shapes["w_hr"] = (self.projection, self.hidden)
        return shapes


def sizes_of(module: NamedModule, tensors: Mapping[str, Tensor]) -> Sizes:
    """Return the sizes of a module.

    Raises ImportRefusedError, which names the tensor, if one is missing, holds what cannot be computed with, or has a
    shape that does not follow from those of the others.
    """
    first = module.names.get(Place(0, "forward"), {})
    for field in ("w_ih", "w_hh"):
        if field not in first:
            raise ImportRefusedError(_missing(module, tensors, field, Place(0, "forward")))
    for name in (first[field] for field in ("w_ih", "w_hh", "w_hr") if field in first):
        if tensors[name].dim() != MATRIX or not tensors[name].numel():
            raise ImportRefusedError(f"{name} has the shape {tuple(tensors[name].shape)}: it must be a matrix")
    w_ih, w_hh = tensors[first["w_ih"]], tensors[first["w_hh"]]
    projection, hidden = tensors[first["w_hr"]].shape if "w_hr" in first else (0, w_hh.shape[1])
    blocks, rest = divmod(w_hh.shape[0], hidden)
    if rest or blocks not in {len(cell.blocks) for cell in _published(projects=projection > 0)}:
        cells = _published(projects=projection > 0)
        counts = " or ".join(dict.fromkeys(f"{len(cell.blocks)} ({cell.title})" for cell in cells))
        raise ImportRefusedError(
            f"{first['w_hh']} has {w_hh.shape[0]} rows for {hidden} units: in torch.nn each has {counts}"
        )
    sizes = Sizes(
        w_ih.shape[1],
        hidden,
        projection,
        max(place.layer for place in module.names) + 1,
        ("forward", "backward") if any(place.direction == "backward" for place in module.names) else ("forward",),
        bias=any({"b_ih", "b_hh"} & fields.keys() for fields in module.names.values()),
        blocks=blocks,
    )
    _require_whole(module, tensors, sizes)
    return sizes


def _require_whole(module: NamedModule, tensors: Mapping[str, Tensor], sizes: Sizes) -> None:
    """Raise ImportRefusedError unless every weight is there, in its shape, and can be computed with."""
    for layer in range(sizes.layers):
        for direction in sizes.directions:
            place, shapes = Place(layer, direction), sizes.shapes(layer)
            fields = module.names.get(place, {})
            for field, shape in shapes.items():
                if field not in fields:
                    raise ImportRefusedError(_missing(module, tensors, field, place))
                if tuple(tensors[fields[field]].shape) != shape:
                    found = tuple(tensors[fields[field]].shape)
                    raise ImportRefusedError(
                        f"{fields[field]} has the shape {found}: by the shapes of the others it must be {shape}"
                    )
            if more := sorted(fields.keys() - shapes):
                raise ImportRefusedError(f"{fields[more[0]]}: layer 0 has none of the kind: it must have one, too")
    for name in module.tensors:
        require_numbers(name, tensors[name])
        _require_as_it_runs(name, tensors)


def _missing(module: NamedModule, tensors: Mapping[str, Tensor], field: str, place: Place) -> str:
    kind = next(kind for kind, each in FIELDS.items() if each == field)
    suffix = "" if module.takes_steps else f"_l{place.layer}{'_reverse' if place.direction == 'backward' else ''}"
    name = f"{module.name}.{kind}{suffix}".removeprefix(".")
    for other in tensors:
        if _COMPUTED.search(other) and f".{kind}{suffix}" in f".{other}":
            return _why_computed(other)
    return f"{name} is missing: the file must hold every weight of the network"


def _require_as_it_runs(name: str, tensors: Mapping[str, Tensor]) -> None:
    """Raise ImportRefusedError if weight dropout left a weight that the network does not compute with."""
    module, _, leaf = name.rpartition(".")
    for scope in {module, module.rpartition(".")[0]}:
        raw = f"{scope}.{leaf}_raw".removeprefix(".")
        if raw in tensors and not torch.equal(tensors[raw], tensors[name]):
            raise ImportRefusedError(
                f"{raw} is not {name}: this network drops weights (weight dropout), and was saved in the midst of "
                "that: load it by its code, call eval(), run it once and save it again"
            )


def require_numbers(name: str, tensor: Tensor) -> None:
    """Raise ImportRefusedError unless a tensor holds finite numbers that are or become float32 or float64."""
    if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_quantized:
        kind = "quantized" if tensor.is_quantized else "without numbers" if tensor.is_meta else str(tensor.layout)
        raise ImportRefusedError(f"{name} is {kind}: save the network with dense weights in float32")
    if tensor.dtype not in (*KEPT, *CONVERTED):
        raise ImportRefusedError(f"{name} is {tensor.dtype}: save the network in torch.float32")
    if len(places := (~tensor.isfinite()).nonzero()):
        at = places[0].tolist()
        raise ImportRefusedError(
            f"{name}{at} is {tensor[tuple(at)].item()}: a network with numbers that are not finite computes nothing"
        )


def computed_in(module: NamedModule, tensors: Mapping[str, Tensor]) -> torch.dtype:
    """Return the dtype that the network is computed in: float64 if one of its weights is."""
    return torch.float64 if any(tensors[name].dtype == torch.float64 for name in module.tensors) else torch.float32


def cell_of_module(
    module: NamedModule, sizes: Sizes, answers: Mapping[str, str], said: Mapping[str, str]
) -> tuple[Cell, list[Convention]]:
    """Return the cell of a module, and what told it; ``said`` are fields of a config.json next to the file.

    Raises UndecidedError if variants of a cell have the same shapes, and nothing says which.
    """
    fitting = [cell for cell in _published(projects=sizes.projection > 0) if len(cell.blocks) == sizes.blocks]
    first, w_hh = fitting[0], module.names[Place(0, "forward")]["w_hh"]
    kind = first.step_module if module.takes_steps else first.module
    named = f"torch.nn.{kind.__name__ if kind else first.title}"
    told = [Convention("cell", first.title, f"{w_hh} has {sizes.blocks * sizes.hidden} rows for {sizes.hidden} units")]
    if sizes.blocks > 1:
        reason = f"the names {', '.join(_leaves(module))} are those of {named}, which has this order"
        told.append(Convention("order of the gates", " ".join(first.blocks), reason))
    if len(fitting) == 1:
        chosen = {option: value for option, value in (first.options or {}).items() if value}
        return first, [
            *told,
            *(Convention(each, str(value), f"{named} computes in this way") for each, value in chosen.items()),
        ]
    question = next(iter(first.options or {}))
    choices = {str((cell.options or {})[question]): cell for cell in fitting}
    given = answers.get(question)
    answer, reason = given, "so it was answered; the file does not say"
    if answer is None:
        answer, reason = said.get(question), "so config.json says"
    if answer not in choices:
        why = f"the weights of an {first.title} do not say which {question} it computes with"
        if given is None and answer is not None:
            why += f", and that of config.json, {answer}, is not one of ours"
        raise UndecidedError(question, list(choices), why, given)
    return choices[answer], [*told, Convention(question, answer, reason)]


def _leaves(module: NamedModule) -> list[str]:
    return [name.rpartition(".")[2] for name in module.names[Place(0, "forward")].values()]


def _published(*, projects: bool) -> list[Cell]:
    """Return the cells that torch.nn has, those that project h if ``projects``."""
    return [cell for cell in TABLE if cell.module is not None and (cell.projects or not projects)]
