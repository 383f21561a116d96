"""Keras: archives ``.keras`` and HDF5 of Keras 2 and 3, whole models or only weights. No code of a file is run."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import torch

from .. import Importer, Request
from ..found import Convention, Found, ImportRefusedError, Readout
from . import hdf5
from .archive import WEIGHTS, ZIP, Contents, contents_of
from .convert import conventions, converted, placed, read
from .model import graph_of
from .references import Direct, references_of
from .stacks import Stack, chosen, stacks_of
from .stores import store_of
from .surroundings import Surroundings, surroundings_of
from .unconfigured import guessed

SUFFIXES = {".keras", ".h5", ".hdf5"}


def matches(path: Path) -> bool:
    """Return whether a file looks like one of Keras: by its name, its first bytes, or what an archive holds."""
    if path.is_dir():
        return (path / "saved_model.pb").is_file()
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        start = file.read(len(hdf5.SIGNATURE))
    if not start.startswith(ZIP):
        return start == hdf5.SIGNATURE
    try:
        with zipfile.ZipFile(path) as archive:
            return WEIGHTS in archive.namelist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return False


def open_file(request: Request) -> Found:
    """Read a file of Keras. Raises ImportRefusedError, or UndecidedError, if it cannot be imported."""
    try:
        with contents_of(request.path) as contents:
            return _found(request, contents)
    except OSError as error:
        raise ImportRefusedError(f"{request.path.name} cannot be read: {error.strerror or error}") from error


def _found(request: Request, contents: Contents) -> Found:
    store = store_of(contents.tree)
    graph = graph_of(contents.config) if contents.config is not None else None
    is_guessed = graph is None
    if graph is None:
        graph = guessed(contents.tree, store)
    stack = chosen(stacks_of(graph, store, request.answers), graph, request.module)
    around = surroundings_of(stack, graph, store, contents.assets, request.answers)
    directs = [
        Direct({direction: read(each) for direction, each in layer.weights.items()}, layer.weights["forward"].is_cudnn)
        for layer in stack.layers
    ]
    form = stack.layers[0].form
    arrays = [array for direct in directs for each in direct.arrays.values() for array in each if array is not None]
    dtype = torch.float64 if any(array.dtype == "float64" for array in arrays) else torch.float32
    has_bias = any(each[2] is not None for direct in directs for each in direct.arrays.values())
    rows = [row for n, layer in enumerate(stack.layers) for row in placed(layer, n)] + around.placed
    return Found(
        format="Keras",
        name=stack.name,
        cell=form.cell,
        layers=[
            {
                direction: converted(form, each, dtype, is_cudnn=direct.is_cudnn, has_bias=has_bias)
                for direction, each in direct.arrays.items()
            }
            for direct in directs
        ],
        embedding=None if around.embedding is None else around.embedding.to(dtype),
        vocabulary=around.vocabulary,
        readout=_readout(around, dtype),
        placed=rows,
        conventions=[*_versions(contents, is_guessed=is_guessed), *_conventions(stack), *around.conventions],
        unused=[name for name in contents.tree.arrays if name not in {row.source for row in rows}],
        remarks=around.remarks,
        references=references_of(form, directs),
    )


def _readout(around: Surroundings, dtype: torch.dtype) -> Readout | None:
    if around.readout is None:
        return None
    weight, bias, function = around.readout
    return Readout(weight.to(dtype), None if bias is None else bias.to(dtype), function)


def _versions(contents: Contents, *, is_guessed: bool) -> Sequence[Convention]:
    """Return who wrote the file, and how its layers were found."""
    found = []
    if contents.version:
        found.append(Convention("version", f"Keras {contents.version}", "the file says so"))
    if is_guessed:
        reason = "the file does not list layers, only weights"
        found.append(Convention("layers", "by the names and shapes of the weights", reason))
    return found


def _conventions(stack: Stack) -> Sequence[Convention]:
    """Return those of all layers, each once."""
    every = [each for layer in stack.layers for each in conventions(layer)]
    return list({(each.question, each.answer): each for each in reversed(every)}.values())[::-1]


IMPORTER = Importer("Keras", matches, open_file)
