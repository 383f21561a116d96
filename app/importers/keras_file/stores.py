"""Where files keep the weights of a layer: archives by number, HDF5 models by name."""

import re
from collections.abc import Sequence
from typing import Literal

from ..found import ImportRefusedError
from .hdf5 import Array, Tree
from .model import Layer

Part = Literal["", "forward", "backward", "inner"]
"""Of what: the layer itself, the two that Bidirectional runs, or the one that TimeDistributed applies."""

OLD_CONTAINER = "_layer_checkpoint_dependencies"  # of Keras 2.12, which counts every layer that has weights twice


class Numbered:
    """Of archives, and of ``.weights.h5``: groups by class and number, in which arrays are numbered."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def arrays(self, layer: Layer, part: Part = "") -> Sequence[Array]:
        """Return the weights of a layer, in Keras' order; none if the file has none."""
        inner = {"": "", "inner": "/layer"}.get(part, f"/{part}_layer")
        old = re.sub(r"_(\d+)(?=/|$)", lambda number: f"_{2 * int(number[1])}", layer.group)
        for group in (layer.group + inner, re.sub(r"(?<![^/])layers(?=/)", OLD_CONTAINER, old) + inner):
            for place in (f"{group}/cell/vars", f"{group}/vars"):
                arrays = [self._tree.arrays[name] for n in range(8) if (name := f"{place}/{n}") in self._tree.arrays]
                if arrays:
                    return arrays
        return []


class Named:
    """Of HDF5 models: a group for each layer of the whole model, and the order of its arrays in an attribute."""

    def __init__(self, tree: Tree, root: str) -> None:
        self._tree, self._root = tree, root

    @property
    def layer_names(self) -> Sequence[str]:
        """The names of all layers of the whole model, in its order."""
        return self._tree.texts("layer_names", self._root) or ()

    def arrays(self, layer: Layer, part: Part = "") -> Sequence[Array]:
        """Return the weights of a layer, in Keras' order; none if the file has none."""
        group = "/".join(filter(None, (self._root, layer.outermost)))
        if group not in self._tree.groups:
            return []
        names = self._tree.texts("weight_names", group) or ()
        if layer.path != layer.outermost:  # the arrays of all layers of a model in the model are in one list
            names = [name for name in names if layer.name in name.split("/")]
        arrays = []
        for name in names:
            if (place := f"{group}/{name}") not in self._tree.arrays:
                raise ImportRefusedError(f"{place} is listed in the file, and missing from it")
            arrays.append(self._tree.arrays[place])
        half = len(arrays) // 2  # Bidirectional lists the forward layer's arrays, then those of the backward layer
        return {"forward": arrays[:half], "backward": arrays[half:]}.get(part, arrays)


Store = Numbered | Named


def store_of(tree: Tree) -> Store:
    """Return the store of a file."""
    for root in ("model_weights", ""):
        if root in tree.groups and tree.texts("layer_names", root) is not None:
            return Named(tree, root)
    return Numbered(tree)
