"""HDF5 of strangers: what leads out of the file, claims more than it holds, or is no weight, is refused."""

import builtins
from pathlib import Path

import h5py
import numpy as np
import pytest
from gatescope.importers.keras_file import hdf5

from .files import refusal

FILE = "keras3_reset_before.keras"


def test_more_objects_than_a_model_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "MOST_OBJECTS", 10)
    assert refusal(FILE) == "the file holds more than 10 groups and arrays"


def test_compressed_arrays_are_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "small.h5", "w") as file:
        file.create_dataset("x", (2, 12), "f2", compression="gzip", data=np.ones((2, 12)))
    with (tmp_path / "small.h5").open("rb") as data, hdf5.opened(data) as tree:
        array = tree.arrays["x"].read()
    assert array.dtype == np.float32
    assert np.array_equal(array, np.ones((2, 12)))


def test_a_long_list_of_names_is_read_in_its_parts(tmp_path: Path) -> None:
    """HDF5 takes at most 64 kB for an attribute."""
    path = tmp_path / "long.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names0"], file.attrs["layer_names1"] = [b"a", b"b"], ["c"]
        file.attrs["one"] = np.bytes_(b"text")
        file.attrs["number"] = 3
    with path.open("rb") as data, hdf5.opened(data) as tree:
        assert tree.texts("layer_names") == ["a", "b", "c"]
        assert tree.texts("weight_names") is None
        assert (tree.text("one"), tree.text("number"), tree.text("none")) == ("text", "", "")


def test_h5py_is_asked_for_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__
    monkeypatch.setattr(hdf5, "import_module", lambda name: real(f"missing_{name}"))
    assert refusal(FILE) == "Keras files need the package h5py: install it by pip install 'gatescope[import]'"
