"""HDF5 of strangers: what leads out of the file, claims more than it holds, or is no weight, is refused."""

import builtins
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from gatescope.importers.keras_file import hdf5

from .files import changed, refusal

FILE, PLACE = "keras3_reset_before.keras", "layers/gru/cell/vars/0"
Change = Callable[[Any], None]


def instead(make: Change) -> Change:
    """Put something else in the place of the kernel."""

    def change(file: Any) -> None:
        del file[PLACE]
        make(file)

    return change


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((2, 12), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 12))
    file.create_virtual_dataset(PLACE, layout)


def deep(file: Any) -> None:
    file.create_group("/".join("x" * 40))


def chunked(file: Any) -> None:
    file.create_dataset(PLACE, (2, 10**12), "f4", chunks=(1, 1000))


def compressed(file: Any) -> None:
    file.create_dataset(PLACE, (2, 10**9), "f4", chunks=(1, 1000), compression="gzip")


def not_a_number(file: Any) -> None:
    file[PLACE][1, 3] = np.nan


def itself(file: Any) -> None:
    file["layers/again"] = file["layers"]


REFUSED: dict[str, tuple[Change, str]] = {
    "soft link": (
        instead(lambda file: file.__setitem__(PLACE, h5py.SoftLink("/layers/gru/cell/vars/1"))),
        f"{PLACE} is a link to another place or file: save the arrays themselves",
    ),
    "external link": (
        instead(lambda file: file.__setitem__(PLACE, h5py.ExternalLink("/etc/passwd", "/x"))),
        f"{PLACE} is a link to another place or file: save the arrays themselves",
    ),
    "external storage": (
        instead(lambda file: file.create_dataset(PLACE, (2, 12), "f4", external=[("/etc/passwd", 0, 96)])),
        f"the numbers of {PLACE} lie in other files: save them in this one",
    ),
    "virtual": (instead(virtual), f"the numbers of {PLACE} lie in other files: save them in this one"),
    "integers": (
        instead(lambda file: file.create_dataset(PLACE, data=np.ones((2, 12), "i1"))),
        f"{PLACE} holds int8, and weights are floating-point numbers",
    ),
    "texts": (
        instead(lambda file: file.create_dataset(PLACE, (2, 12), h5py.string_dtype())),
        f"{PLACE} holds object, and weights are floating-point numbers",
    ),
    "not a number": (
        not_a_number,
        f"{PLACE} holds NaN or infinity: the training diverged, or the file is damaged",
    ),
    "deep": (deep, f"{'/'.join('x' * 33)} lies more than 32 groups deep: this is not a file of Keras"),
    "a group that holds itself": (
        itself,
        f"layers{'/again' * 32} lies more than 32 groups deep: this is not a file of Keras",
    ),
}


@pytest.mark.parametrize(("change", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_weights_is_refused(change: Change, sentence: str, tmp_path: Path) -> None:
    assert refusal(changed(FILE, tmp_path, weights=change)) == sentence


@pytest.mark.parametrize("make", [chunked, compressed])
def test_a_shape_is_no_more_than_a_claim(make: Change, tmp_path: Path) -> None:
    """Before anything is reserved for it: the layer's own shapes must agree."""
    assert refusal(changed(FILE, tmp_path, weights=instead(make))).startswith(
        "layer gru: GRU of H = 4 has kernel (E, 3·H)"
    )


def test_an_array_that_claims_more_than_the_file_holds_is_refused(tmp_path: Path) -> None:
    def long(file: Any) -> None:
        file.create_dataset(PLACE, (10**11, 12), "f4", chunks=(1000, 12))

    assert refusal(changed(FILE, tmp_path, weights=instead(long))) == (
        f"{PLACE} claims 4,800,000,000,000 bytes, of which the file holds 0"
    )


def test_an_array_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    def long(file: Any) -> None:
        file.create_dataset(PLACE, (10**11, 12), "f4", chunks=(1000, 12), compression="gzip")

    assert refusal(changed(FILE, tmp_path, weights=instead(long))) == (
        f"the weights are larger than 536,870,912 bytes, up to {PLACE}"
    )


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


def test_only_two_bytes_are_a_bfloat16(tmp_path: Path) -> None:
    def claim(file: Any) -> None:
        del file[PLACE]
        file[PLACE] = np.ones((2, 12), "i4")
        file[PLACE].attrs["dtype"] = "bfloat16"

    assert refusal(changed(FILE, tmp_path, weights=claim)) == (
        f"{PLACE} holds int32, and weights are floating-point numbers"
    )


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
