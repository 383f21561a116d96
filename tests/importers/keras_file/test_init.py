"""Files of every version of Keras that can still be had: what is found in them computes what Keras computed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import TABLE
from gatescope.importers.found import Found
from gatescope.importers.keras_file import IMPORTER
from torch import Tensor

from .files import ANSWERS, FOLDER, changed, computed, expected, opened, refusal, setting, zipped

FILES = sorted({file for file, *_ in expected()})
REFUSED = {"keras2_hard_sigmoid.h5", "keras3_hard_sigmoid.h5"}
WHOLE = sorted({file for file, layer, what in expected() if what == "gives" and "weights" not in file})


def found_in(file: str, layer: str = "") -> Found:
    return opened(file, layer, **(ANSWERS if "weights" in file or "subclass" in file else {}))


def test_every_file_of_the_folder_is_tested() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.suffix in {".keras", ".h5"}}
    assert files - {"keras212_lstm.weights.h5"} == set(FILES) | REFUSED
    assert IMPORTER in TABLE


@pytest.mark.parametrize("file", FILES)
def test_every_layer_computes_what_keras_computed(file: str) -> None:
    layers = [layer for each, layer, what in expected() if each == file and what == "h"]
    assert layers
    for layer in layers:
        found = found_in(file, layer)
        x, h = (expected()[file, layer, what] for what in "xh")
        names = found.name.split(" + ")
        place = names.index(layer) if layer in names else 0
        ours = computed(found, x, place, place + 1)
        assert np.abs(ours - h).max() < (1e-15 if ours.dtype == np.float64 else 3e-7)
        assert {row.source for row in found.placed}.isdisjoint(found.unused)


def test_the_equations_agree_with_our_cells() -> None:
    for file, layer in {(file, layer) for file, layer, what in expected() if what == "h"}:
        found = found_in(file, layer)
        x = np.random.default_rng(2).normal(size=(9, found.input_size)).astype("f4")
        equations = next(each for each in found.references if each.kind == "equations")
        assert "in float64" in equations.name
        assert np.abs(equations.run(x) - computed(found, x)).max() < 5e-7


@pytest.mark.parametrize("file", WHOLE)
def test_the_whole_model_gives_what_keras_gave(file: str) -> None:
    found = found_in(file)
    assert found.embedding is not None
    assert found.readout is not None
    weight, bias, function = found.readout
    assert bias is not None
    reads, gives = expected()[file, "", "reads"], expected()[file, "", "gives"]
    h = torch.from_numpy(computed(found, found.embedding[torch.from_numpy(reads).long()].numpy()))
    functions = {"sigmoid": torch.sigmoid, "softmax": lambda a: torch.softmax(a, -1), "": Tensor.clone}
    outputs = functions[function](h @ weight.T + bias).numpy()
    assert np.abs((outputs if gives.ndim > 1 else outputs[-1]) - gives).max() < 3e-7


@pytest.mark.parametrize("prefix", ["keras2", "keras3"])
def test_the_vocabulary_is_that_of_the_text_layer(prefix: str) -> None:
    found = opened(f"{prefix}_text.keras")
    assert found.vocabulary == list(expected()[f"{prefix}_text.keras", "", "vocabulary"])
    assert found.embedding is not None
    assert len(found.embedding) == len(found.vocabulary) == 8  # the other 12 rows have no token
    assert "the first 8 rows, which have tokens" in [row.change for row in found.placed]
    assert any("standardize=lower_and_strip_punctuation" in remark for remark in found.remarks)


def test_what_became_of_each_tensor_is_said() -> None:
    found = opened("keras3_reset_before.keras")
    assert [tuple(row) for row in found.placed] == [
        ("layers/gru/cell/vars/0", (2, 12), "layer 0 forward, W_ih", "blocks z r h → r z n, transposed"),
        ("layers/gru/cell/vars/1", (4, 12), "layer 0 forward, W_hh", "blocks z r h → r z n, transposed"),
        (
            "layers/gru/cell/vars/2",
            (12,),
            "layer 0 forward, b_ih",
            "blocks z r h → r z n, b_hh is 0: there is one bias",
        ),
        ("layers/time_distributed/layer/vars/0", (4, 3), "head, weight", "transposed"),
        ("layers/time_distributed/layer/vars/1", (3,), "head, bias", ""),
    ]
    assert found.cell.variant == "reset-before gru"
    assert found.unused == []
    conventions = {each.question: each for each in found.conventions}
    assert conventions["version"].answer == "Keras 3.15.1"
    assert conventions["reset"].answer == "before the recurrent product (reset_after=False)"
    assert conventions["reset"].reason == "the bias has the shape (12,)"


def test_a_layer_without_bias_has_none_unless_another_has() -> None:
    found = opened("keras3_relu.keras")
    assert found.layers[0]["forward"].b_ih is None
    assert found.cell.variant == "relu rnn"


def test_the_weights_of_several_layers_share_a_precision(tmp_path: Path) -> None:
    def widen(file: dict[str, object]) -> None:
        array = file["layers/lstm_1/cell/vars/0"][()].astype("f8")  # type: ignore[index]
        del file["layers/lstm_1/cell/vars/0"]
        file["layers/lstm_1/cell/vars/0"] = array

    found = opened(changed("keras3_lstm.keras", tmp_path, weights=widen))
    assert {weights.w_ih.dtype for layer in found.layers for weights in layer.values()} == {torch.float64}
    assert found.embedding is not None
    assert found.embedding.dtype == torch.float64


def test_a_file_is_known_by_its_name_or_its_content(tmp_path: Path) -> None:
    for name in ("model.keras", "model.h5", "MODEL.HDF5"):
        (tmp_path / name).touch()
        assert IMPORTER.matches(tmp_path / name)
    for source in ("keras3_lstm.keras", "keras2_lstm.h5"):
        assert IMPORTER.matches(changed(source, tmp_path).rename(tmp_path / "unnamed"))
    others = {"empty": b"", "text": b"PK\x03\x04 not an archive", "picture": b"\x89PNG\r\n\x1a\n"}
    for name, data in others.items():
        (tmp_path / name).write_bytes(data)
        assert not IMPORTER.matches(tmp_path / name)
    zipped(tmp_path / "archive", {"data.pkl": b""})
    assert not IMPORTER.matches(tmp_path / "archive")
    assert not IMPORTER.matches(tmp_path)


def test_a_saved_model_of_tensorflow_is_refused(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    what = "is a SavedModel of TensorFlow, which holds a program: load it in Keras, and save it as .keras"
    assert refusal(tmp_path) == f"{tmp_path.name} {what}"


def test_several_networks_are_chosen_from_by_name() -> None:
    names = "--module encoder or --module decoder or --module inner/rnn"
    file = "keras3_nested.keras"
    assert refusal(file) == f"the model has 3 recurrent networks: say which by {names}"
    assert refusal(file, "x") == f"the model has no recurrent layer 'x': say which by {names}"
    assert opened("keras3_lstm.keras", "second").name == opened("keras3_lstm.keras").name == "lstm + second"


def test_no_code_of_the_file_is_run(tmp_path: Path) -> None:
    """A Lambda layer holds a program; one that stands before the network is named, not run."""

    def insert(model: dict[str, dict[str, list[object]]]) -> None:
        code = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}
        layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "evil", "function": code}}
        model["config"]["layers"].insert(2, layer)

    found = opened(changed("keras3_lstm.keras", tmp_path, insert))
    assert found.embedding is None
    assert "layer lstm reads what layer evil (Lambda) gives: Gatescope needs those numbers" in found.remarks


def test_what_keras_does_otherwise_is_said(tmp_path: Path) -> None:
    path = changed("keras3_lstm.keras", tmp_path, setting("LSTM", stateful=True))
    assert opened(path).remarks == [
        "layer embedding skips token 0 (mask_zero): Gatescope does not; send texts without padding",
        "layer lstm is stateful: Gatescope starts every sequence from zero",
        "layer second is stateful: Gatescope starts every sequence from zero",
        "dropout of layer second acts in training only: Gatescope has none",
        "layer second gives h of the last step only: Gatescope shows that of every step",
    ]
