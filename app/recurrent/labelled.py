"""Activations with their labels, as xarray and pandas hold them, and as numbers for a logger."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .cells import NAMES, cell_named


class Layer(Protocol):
    """What is read of one layer in one direction."""

    @property
    def layer(self) -> int: ...
    @property
    def direction(self) -> str: ...
    @property
    def cell(self) -> str: ...
    @property
    def activations(self) -> Mapping[str, NDArray[Any]]: ...


class Labels(Protocol):
    """What is read of a trace."""

    @property
    def layers(self) -> Sequence[Layer]: ...
    @property
    def outputs(self) -> NDArray[Any]: ...
    @property
    def tokens(self) -> Sequence[Any]: ...
    @property
    def start(self) -> int: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def dataset(trace: Labels) -> Any:
    """Return the ``xarray.Dataset`` of ``Trace.to_xarray``."""
    xarray = _optional("xarray", "to_xarray")
    places = list(dict.fromkeys((each.layer, each.direction) for each in trace.layers))
    layers, directions = (list(dict.fromkeys(each)) for each in zip(*places, strict=True))
    variables: dict[str, Any] = {}
    for letter, array in trace.layers[0].activations.items():
        stacked = np.stack([each.activations[letter] for each in trace.layers])
        shaped = stacked.reshape(len(layers), len(directions), *array.shape)
        unit = "unit" if array.shape[1] == _units(trace) else "projected_unit"
        variables[letter] = (("layer", "direction", "step", unit), shaped, _attributes(letter))
    if trace.outputs.shape[1]:
        variables["outputs"] = (("step", "output"), trace.outputs, {"long_name": "probability", "units": "1"})
    steps = trace.start + np.arange(len(trace.outputs))
    coordinates = {"layer": layers, "direction": directions, "step": steps, "unit": np.arange(_units(trace))}
    if trace.tokens:
        coordinates["token"] = ("step", [each.text for each in trace.tokens])
    attributes = {"cell": trace.layers[0].cell} | ({"notes": "\n".join(trace.notes)} if trace.notes else {})
    return xarray.Dataset(variables, coordinates, attributes)


def frame(trace: Labels) -> Any:
    """Return the ``pandas.DataFrame`` of ``Trace.to_dataframe``."""
    pandas = _optional("pandas", "to_dataframe")
    columns: dict[str, list[Any]] = {name: [] for name in ("step", "layer", "direction", "letter", "unit", "value")}
    for each in trace.layers:
        for letter, array in each.activations.items():
            steps, units = np.indices(array.shape).reshape(2, -1)
            columns["step"].append(trace.start + steps)
            columns["unit"].append(units)
            columns["value"].append(array.reshape(-1))
            for name, value in (("layer", each.layer), ("direction", each.direction), ("letter", letter)):
                columns[name].append(np.full(array.size, value))
    joined: dict[str, Any] = {name: np.concatenate(parts) for name, parts in columns.items()}
    for name in ("direction", "letter"):
        joined[name] = pandas.Categorical(joined[name])
    if trace.tokens:
        texts = np.array([each.text for each in trace.tokens], object)
        joined = {"step": joined["step"], "token": texts[joined["step"] - trace.start], **joined}
    return pandas.DataFrame(joined)


def scalars(trace: Labels) -> dict[str, float]:
    """Return means of a trace as a flat dict, as loggers of training take them.

    >>> import torch
    >>> import gatescope
    >>> trace = gatescope.trace_module(torch.nn.GRU(3, 4), torch.randn(5, 3))
    >>> list(gatescope.scalars(trace))
    ['layer0/r', 'layer0/z', 'layer0/n', 'layer0/|n|', 'layer0/h', 'layer0/|h|']

    Each is the mean over all steps and units of one layer; a candidate or state, which may be negative, also has the
    mean of its absolute values. Backward layers are called ``layer0/backward/…``.
    """
    means = {}
    for each in trace.layers:
        place = f"layer{each.layer}/" + ("backward/" if each.direction == "backward" else "")
        gates = cell_named(each.cell).gates
        for letter, array in each.activations.items():
            means[place + letter] = float(array.mean(dtype=np.float64))
            if letter not in gates:
                means[f"{place}|{letter}|"] = float(np.abs(array).mean(dtype=np.float64))
    return means


def _units(trace: Labels) -> int:
    """Return H."""
    return max(int(array.shape[1]) for array in trace.layers[0].activations.values())


def _attributes(letter: str) -> dict[str, str]:
    name = NAMES.get(letter, f"sum before {letter.removeprefix('a_')}")
    return {"long_name": name, "units": "1"}


def _optional(package: str, method: str) -> ModuleType:
    """Return a package that Gatescope does without elsewhere. Raises ImportError, which says how to get it."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(f"{method}() needs {package}: install it by pip install 'gatescope[data]'") from error
