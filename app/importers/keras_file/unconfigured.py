"""Guess the layers of a file that holds only weights, from names and shapes; what these leave open is asked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .hdf5 import Tree
from .model import SILENT, Graph, Layer, snake_case
from .recurrent import BLOCKS
from .stores import OLD_CONTAINER, Named, Part, Store

BY_BLOCKS = {len(blocks): kind for kind, blocks in BLOCKS.items()}
"""Which cell has so many blocks: no two have as many."""

SILENT_NAMES = {snake_case(kind): kind for kind in sorted(SILENT)}
BY_NAMES = {("embeddings",): "Embedding", ("kernel",): "Dense", ("kernel", "bias"): "Dense"}
HARMLESS = {"input_layer", "embedding", "dense", "time_distributed", *SILENT_NAMES}
"""Classes that do not stand between recurrent layers, or do nothing there, as archives write their names."""


def guessed(tree: Tree, store: Store) -> Graph:
    """Return the layers of a file of weights."""
    layers = _in_order(_named(store)) if isinstance(store, Named) else _linked(_numbered(tree, store), tree)
    graph = Graph({layer.path: layer for layer in layers})
    return Graph({path: _merged(layer, graph, store) for path, layer in graph.layers.items()})


def _merged(layer: Layer, graph: Graph, store: Store) -> Layer:
    """Return a layer, with its merge_mode if the next layer tells it: only concat gives two numbers for each unit."""
    if layer.kind != "Bidirectional" or (after := graph.after(layer)) is None:
        return layer
    parts: Mapping[str, Part] = {"Bidirectional": "forward", "TimeDistributed": "inner"}
    arrays, next_arrays = store.arrays(layer, "forward"), store.arrays(after, parts.get(after.kind, ""))
    is_concat = len(arrays) > 1 and bool(next_arrays) and next_arrays[0].shape[:1] == (2 * arrays[1].shape[0],)
    return replace(layer, config={**layer.config, "merge_mode": "concat"}) if is_concat else layer


def _named(store: Named) -> Iterator[Layer]:
    """Yield the layers of an HDF5 file, in its order."""
    for name in store.layer_names:
        arrays = store.arrays(Layer(name, "", {}, ""))
        owners = dict.fromkeys(_owner(array.name) for array in arrays)
        if not arrays:
            yield _layer(name, SILENT_NAMES.get(_bare(name), "unknown"), "")
        for owner in owners:
            theirs = [array for array in arrays if _owner(array.name) == owner]
            last = [array.name.rpartition("/")[2].partition(":")[0] for array in theirs]
            is_pair = any("/backward_" in array.name for array in theirs)
            kind = _kind([array.shape for array in (theirs[: len(theirs) // 2] if is_pair else theirs)])
            if "recurrent_kernel" not in last:
                kind = BY_NAMES.get(tuple(last), "unknown")
            yield _layer(name if len(owners) == 1 else f"{name}/{owner}", kind, "", is_pair=is_pair)


def _owner(name: str) -> str:
    """Return the name of the layer whose array is called ``name``: "lstm" for "…/lstm/lstm_cell/kernel:0"."""
    parts = name.split("/")[:-1]
    while len(parts) > 1 and re.search(r"_cell(_\d+)?$|^(forward|backward)_", parts[-1]):
        parts.pop()
    return parts[-1]


def _in_order(layers: Iterator[Layer]) -> Iterator[Layer]:
    """Yield layers, each reading the one before."""
    previous: tuple[str, ...] = ()
    for layer in layers:
        yield replace(layer, inputs=previous)
        previous = (layer.path,)


def _numbered(tree: Tree, store: Store) -> Iterator[Layer]:
    """Yield the layers whose groups hold arrays that are numbered, as archives do."""
    groups = {re.sub(r"(/cell)?/vars$", "", name.rpartition("/")[0]) for name in tree.arrays}
    groups = {group for group in groups if not group.startswith("optimizer")}
    pairs = {group.rpartition("/")[0] for group in groups if group.endswith("/forward_layer")}
    halves = {f"{pair}/{direction}_layer" for pair in pairs for direction in ("forward", "backward")}
    applied = {group for group in groups if group.endswith("/layer")}  # what TimeDistributed applies
    for group in sorted({group.removesuffix("/layer") for group in groups - halves} | pairs, key=_natural):
        arrays = store.arrays(Layer(group, "", {}, group), "forward" if group in pairs else "")
        kind = _kind([array.shape for array in arrays])
        bare = _bare(group)
        name = tree.text("name", f"{group}/vars") if f"{group}/vars" in tree.groups else ""
        path = name or group.removeprefix("layers/").removeprefix(f"{OLD_CONTAINER}/")  # old versions write no names
        layer = _layer(
            path, {"embedding": "Embedding", "dense": "Dense"}.get(bare, kind), group, is_pair=group in pairs
        )
        yield _wrapping(layer, "TimeDistributed", "Dense") if f"{group}/layer" in applied else layer


def _linked(numbered: Iterator[Layer], tree: Tree) -> Iterator[Layer]:
    """Yield layers, each reading the one that comes before by class, number and size.

    Groups have no order between classes. What else the model has could stand anywhere: where that is more than an
    embedding, dropout and one head, no layer is said to read another.
    """
    layers = list(numbered)
    recurrent = [layer for layer in layers if layer.kind in {*BLOCKS, "Bidirectional"}]
    embeddings = [layer for layer in layers if layer.kind == "Embedding"]
    heads = [layer for layer in layers if layer.kind in {"Dense", "TimeDistributed"}]
    places = {layer.group.rpartition("/")[0] for layer in layers}
    classes = {_bare(group) for group in tree.groups if group.rpartition("/")[0] in places and _bare(group) != "vars"}
    ours = {_bare(layer.group) for layer in recurrent}
    is_plain = len(places) == 1 and len(ours) == 1 and classes <= HARMLESS | ours and len(embeddings) < 2
    previous = tuple(layer.path for layer in embeddings)
    for layer in [*embeddings, *recurrent, *(heads if len(heads) == 1 else ())]:
        yield replace(layer, inputs=previous if is_plain and layer.kind != "Embedding" else ())
        previous = (layer.path,)


def _bare(name: str) -> str:
    """Return the last part of a path without its number."""
    return re.sub(r"_\d+$", "", name.rpartition("/")[2])


def _natural(name: str) -> list[Any]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _kind(shapes: Sequence[tuple[int, ...]]) -> str:
    """Return which cell has a kernel, a recurrent kernel and a bias of these shapes; "unknown" if none."""
    if len(shapes) not in {2, 3} or any(len(shape) != 2 for shape in shapes[:2]) or 0 in shapes[1]:
        return "unknown"
    (_, columns), (units, recurrent_columns) = shapes[:2]
    if columns != recurrent_columns or columns % units:
        return "unknown"
    return BY_BLOCKS.get(columns // units, "unknown")


def _layer(path: str, kind: str, group: str, *, is_pair: bool = False) -> Layer:
    layer = Layer(path, kind, {}, group, is_configured=False)
    return _wrapping(layer, "Bidirectional", kind) if is_pair else layer


def _wrapping(layer: Layer, kind: str, inner: str) -> Layer:
    return replace(layer, kind=kind, config={"layer": {"class_name": inner, "config": {}}})
