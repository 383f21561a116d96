"""Files that Keras wrote, changed copies of them, and what our cells compute from what is found in them."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.keras_file import IMPORTER
from numpy.typing import NDArray

FOLDER = Path(__file__).parents[2] / "data/keras"
SETS = ("keras2", "keras212", "keras3", "text")
ANSWERS = {"activations": "tanh+sigmoid", "merge_mode": "concat"}
"""What the files that hold only weights were written with."""


@cache
def expected() -> Mapping[tuple[str, str, str], NDArray[Any]]:
    """What Keras computed, by file, layer ("" for the whole model) and name: see make.py."""
    return {
        tuple(key.split("|")): array  # type: ignore[misc]
        for name in SETS
        for key, array in np.load(FOLDER / f"{name}.npz").items()
    }


def opened(path: Path | str, module: str = "", **answers: str) -> Found:
    """What the importer finds; a name is that of a file of the folder."""
    path = FOLDER / path
    assert IMPORTER.matches(path)
    return IMPORTER.open(Request(path, module, answers))


def refusal(path: Path | str, module: str = "", **answers: str) -> str:
    """The sentence with which the importer refuses a file."""
    with pytest.raises(ImportRefusedError) as caught:
        opened(path, module, **answers)
    return str(caught.value)


def computed(found: Found, x: NDArray[Any], first: int = 0, last: int | None = None) -> NDArray[Any]:
    """h (T, H·directions) of the last of some layers, step by step, by the cell's own equations."""
    h = torch.from_numpy(x).to(found.layers[0]["forward"].w_ih.dtype)
    for layer in found.layers[first:last]:
        outputs = []
        for direction, weights in layer.items():
            rows = h if direction == "forward" else h.flip(0)
            states = {letter: h.new_zeros(found.hidden_size) for letter in found.cell.states}
            steps = []
            for row in rows:
                activations = found.cell.step(row, states, weights)
                states = {letter: activations[letter] for letter in states}
                steps.append(states["h"])
            output = torch.stack(steps)
            outputs.append(output if direction == "forward" else output.flip(0))
        h = torch.cat(outputs, dim=1)
    return h.numpy()


def changed(
    name: str,
    to: Path,
    config: Callable[[dict[str, Any]], None] | None = None,
    weights: Callable[[Any], None] | None = None,
) -> Path:
    """A copy of a file of the folder, in ``to``, after changes of the model's config and of its HDF5 data."""
    path = to / name
    if path.suffix == ".keras":
        with zipfile.ZipFile(FOLDER / name) as archive:
            entries = {each: archive.read(each) for each in archive.namelist()}
        model, data = json.loads(entries["config.json"]), io.BytesIO(entries["model.weights.h5"])
        if config is not None:
            config(model)
        if weights is not None:
            with h5py.File(data, "r+") as file:
                weights(file)
        entries |= {"config.json": json.dumps(model).encode(), "model.weights.h5": data.getvalue()}
        zipped(path, entries)
        return path
    path.write_bytes((FOLDER / name).read_bytes())
    with h5py.File(path, "r+") as file:
        if config is not None:
            model = json.loads(file.attrs["model_config"])
            config(model)
            file.attrs["model_config"] = json.dumps(model)
        if weights is not None:
            weights(file)
    return path


def zipped(path: Path, entries: Mapping[str, bytes]) -> None:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def layers_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    """The layers of a model's config, with those of models in it."""
    found = []
    for layer in model["config"]["layers"]:
        found.append(layer)
        if "layers" in layer["config"]:
            found += layers_of(layer)
    return found


def setting(kind: str, **fields: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a model's config: sets fields of the layers of a class, also of those that another one holds."""

    def change(model: dict[str, Any]) -> None:
        count = 0
        for layer in layers_of(model):
            each = layer["config"]
            inner = [each[name] for name in ("layer", "cell", "backward_layer") if isinstance(each.get(name), dict)]
            for described in (layer, *inner):
                if described["class_name"] == kind:
                    described["config"].update(fields)
                    count += 1
        assert count

    return change
