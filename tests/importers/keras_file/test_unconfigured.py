"""Files that hold only weights: what names and shapes tell is taken from them, and the rest is asked."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from gatescope.importers.found import UndecidedError

from .files import ANSWERS, changed, computed, opened, refusal

ARCHIVE, NAMED = "keras3_lstm.weights.h5", "keras2_only_weights.h5"
WHICH = "say which by --answer activations=tanh+sigmoid or --answer activations=tanh+hard_sigmoid"


@pytest.mark.parametrize(
    "file", [ARCHIVE, "keras2_lstm.weights.h5", "keras212_lstm.weights.h5", "keras3_subclass.keras"]
)
def test_activations_are_asked_for(file: str) -> None:
    with pytest.raises(UndecidedError) as caught:
        opened(file)
    assert (caught.value.question, caught.value.choices[0]) == ("activations", "tanh+sigmoid")
    assert "weights do not tell its activations: " + WHICH in str(caught.value)


def test_an_answer_is_one_of_the_choices() -> None:
    wrong = "the answer activations=tanh is not one of the choices: layer lstm: weights do not tell its activations"
    assert refusal(ARCHIVE, "lstm", activations="tanh").startswith(f"{wrong}: {WHICH}")
    hard = "layer lstm: recurrent_activation is hard_sigmoid, and the gates of our LSTM are sigmoid"
    assert refusal(ARCHIVE, "lstm", activations="tanh+hard_sigmoid") == hard
    other = "layer lstm: activation is other, and our LSTM computes tanh"
    assert refusal(ARCHIVE, "lstm", activations="other+other") == other


def test_an_archive_of_weights_is_read_as_the_model_is() -> None:
    whole, only = opened("keras3_lstm.keras"), opened(ARCHIVE, **ANSWERS)
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("f4")
    assert np.array_equal(computed(whole, x), computed(only, x))
    assert only.readout is not None
    assert only.readout.function == ""
    assert any(each.startswith("the head is not complete: layer dense gives 1 number") for each in only.remarks)
    assert {each.question: each.reason for each in only.conventions}["layers"] == (
        "the file does not list layers, only weights"
    )
    assert {each.question: each.reason for each in only.conventions}["activations"] == "the answer that was given"


def test_the_counting_of_old_archives_is_undone() -> None:
    """Keras 2.12 counts every layer with weights twice."""
    only = opened("keras212_lstm.weights.h5", **ANSWERS)
    assert only.name == "lstm + lstm_2"
    x = np.random.default_rng(1).normal(size=(4, 2)).astype("f4")
    assert np.array_equal(computed(opened("keras212_lstm.keras"), x), computed(only, x))


def test_how_directions_are_merged_is_asked_unless_the_next_layer_tells(tmp_path: Path) -> None:
    with pytest.raises(UndecidedError, match="layer both: weights do not tell its merge_mode: "):
        opened(NAMED, "both", activations="tanh+sigmoid")

    def append(file: Any) -> None:
        file.attrs["layer_names"] = [b"cudnn", b"both", b"dropout_3", b"dense"]
        file.create_group("dropout_3").attrs["weight_names"] = np.zeros(0)
        group = file.create_group("dense")
        group["dense/kernel:0"] = np.zeros((6, 2), "f4")
        group.attrs["weight_names"] = [b"dense/kernel:0"]

    path = changed(NAMED, tmp_path, weights=append)
    found = opened(path, "both", activations="tanh+sigmoid")
    assert list(found.layers[0]) == ["forward", "backward"]
    reasons = {each.question: each.reason for each in found.conventions}
    assert reasons["directions"] == "the next layer reads two numbers for each unit"


def test_cudnn_s_layout_leaves_nothing_to_ask_of_a_layer() -> None:
    found = opened("keras2_cudnn_only_weights.h5", "cudnn")
    assert {each.question: each.reason for each in found.conventions}["activations"] == "CuDNN has no others"


def only_weights(path: Path, *shapes: tuple[int, ...]) -> Path:
    with h5py.File(path, "w") as file:
        for n, shape in enumerate(shapes):
            file[f"layers/x/cell/vars/{n}"] = np.ones(shape, "f4")
    return path


def test_a_gru_without_bias_does_not_say_where_it_resets(tmp_path: Path) -> None:
    path = only_weights(tmp_path / "gru.weights.h5", (2, 9), (3, 9))
    with pytest.raises(UndecidedError) as caught:
        opened(path, **ANSWERS)
    assert (caught.value.question, caught.value.choices) == ("reset_after", ("true", "false"))
    assert opened(path, **ANSWERS, reset_after="true").cell.variant == "gru"
    assert opened(path, **ANSWERS, reset_after="false").cell.variant == "reset-before gru"


def test_the_activation_of_a_plain_rnn_is_asked(tmp_path: Path) -> None:
    path = only_weights(tmp_path / "rnn.weights.h5", (2, 3), (3, 3), (3,))
    with pytest.raises(UndecidedError) as caught:
        opened(path)
    assert (caught.value.question, caught.value.choices) == ("activation", ("tanh", "relu"))
    assert opened(path, activation="relu").cell.variant == "relu rnn"


@pytest.mark.parametrize(
    "shapes", [[(2, 9)], [(2, 9), (3, 9, 1)], [(2, 9), (3, 8)], [(2, 6), (3, 6)], [(2, 9), (0, 9)]]
)
def test_arrays_of_other_shapes_are_no_recurrent_layer(shapes: list[tuple[int, ...]], tmp_path: Path) -> None:
    said = refusal(only_weights(tmp_path / "x.weights.h5", *shapes))
    assert said.startswith("the model has no LSTM, GRU or SimpleRNN layer")


def test_layers_between_which_others_may_stand_are_not_joined(tmp_path: Path) -> None:
    def between(file: Any) -> None:
        file.create_group("layers/layer_normalization/vars")["0"] = np.ones(4, "f4")

    path = changed(ARCHIVE, tmp_path, weights=between)
    which = "say which by --module lstm or --module second"
    assert refusal(path, **ANSWERS) == f"the model has 2 recurrent networks: {which}"


def test_models_in_a_model_are_seen(tmp_path: Path) -> None:
    def nested(file: Any) -> None:
        file.create_group("inner")
        names = []
        for layer in ("first", "second"):
            for name, shape in {"kernel": (3, 12), "recurrent_kernel": (3, 12), "bias": (12,)}.items():
                names.append(f"{layer}/lstm_cell_1/{name}:0")
                file["inner"][names[-1]] = np.full(shape, 0.1, "f4")
        file["inner"].attrs["weight_names"] = names
        file.attrs["layer_names"] = [b"inner"]

    path = changed(NAMED, tmp_path, weights=nested)
    assert opened(path, **ANSWERS).name == "inner/first + inner/second"


def test_a_name_without_its_array_is_refused(tmp_path: Path) -> None:
    def remove(file: Any) -> None:
        del file["cudnn/cudnn"]

    said = refusal(changed(NAMED, tmp_path, weights=remove))
    assert said.endswith(" is listed in the file, and missing from it")
