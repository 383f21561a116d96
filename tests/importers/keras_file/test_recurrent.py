"""What a layer's config and weights say: computed right, or refused by the names of layer and field."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .files import changed, computed, layers_of, opened, refusal, setting

LSTM, GRU, BOTH, RELU = (
    "keras3_lstm.keras",
    "keras3_reset_before.keras",
    "keras3_bidirectional.keras",
    "keras3_relu.keras",
)
OTHER = {"module": "builtins", "class_name": "function", "config": "mine", "registered_name": "function"}

REFUSED: dict[str, tuple[str, str, dict[str, Any], str]] = {  # file, class, fields, sentence
    "activation": (
        LSTM,
        "LSTM",
        {"activation": "relu"},
        "layer lstm: activation is relu, and our LSTM computes tanh",
    ),
    "no activation": (
        LSTM,
        "LSTM",
        {"activation": None},
        "layer lstm: activation is linear, and our LSTM computes tanh",
    ),
    "activation of someone's own": (
        LSTM,
        "LSTM",
        {"activation": OTHER},
        "layer lstm: activation is the function mine, and our LSTM computes tanh",
    ),
    "activation of a plain RNN": (
        RELU,
        "SimpleRNN",
        {"activation": "sigmoid"},
        "layer simple_rnn: activation is sigmoid, and our SimpleRNN computes tanh or relu",
    ),
    "hard sigmoid": (
        GRU,
        "GRU",
        {"recurrent_activation": "hard_sigmoid"},
        "layer gru: recurrent_activation is hard_sigmoid, and the gates of our GRU are sigmoid",
    ),
    "backwards": (
        LSTM,
        "LSTM",
        {"go_backwards": True},
        "layer lstm: go_backwards is true, and it would be shown forwards; reverse the input, and save it without",
    ),
    "time first": (
        LSTM,
        "LSTM",
        {"time_major": True},
        "layer lstm: time_major is true, and save it with time_major=False, which has the same weights",
    ),
    "sum": (
        BOTH,
        "Bidirectional",
        {"merge_mode": "sum"},
        "layer both: merge_mode is sum, and our bidirectional layers give both directions end to end, as concat",
    ),
    "neither": (
        BOTH,
        "Bidirectional",
        {"merge_mode": None},
        "layer both: merge_mode is None, and our bidirectional layers give both directions end to end, as concat",
    ),
    "units": (
        GRU,
        "GRU",
        {"units": 5},
        "layer gru: GRU of H = 5 has kernel (E, 3·H), recurrent_kernel (H, 3·H) and bias, but the file "
        "layers/gru/cell/vars/0 (2, 12), layers/gru/cell/vars/1 (4, 12), layers/gru/cell/vars/2 (12,)",
    ),
    "reset after": (GRU, "GRU", {"reset_after": True}, "layer gru: reset_after does not fit its bias of (12,)"),
    "no bias": (
        GRU,
        "GRU",
        {"use_bias": False},
        "layer gru has 2 arrays, and the file 3: "
        "layers/gru/cell/vars/0, layers/gru/cell/vars/1, layers/gru/cell/vars/2",
    ),
    "not a flag": (
        GRU,
        "GRU",
        {"go_backwards": "yes"},
        "layer gru: go_backwards is 'yes', which must be true or false",
    ),
}


@pytest.mark.parametrize(("file", "kind", "fields", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_our_cells_do_not_compute_is_refused(
    file: str, kind: str, fields: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    module = "lstm" if kind == "LSTM" else ""
    assert refusal(changed(file, tmp_path, setting(kind, **fields)), module) == sentence


def of_another_class(kind: str, **entries: Any) -> Any:
    def change(model: dict[str, Any]) -> None:
        for layer in layers_of(model):
            if layer["class_name"] in {"GRU", "RNN"}:
                layer.update({"class_name": kind, **entries})

    return change


def test_classes_of_someone_s_own_are_not_keras_s(tmp_path: Path) -> None:
    kinds = {
        "lab>GRU": {"registered_name": "lab>GRU"},
        "my.layers>GRU": {"module": "my.layers", "registered_name": "GRU"},
    }
    for name, entries in kinds.items():
        path = changed(GRU, tmp_path, of_another_class("GRU", **entries))
        assert (
            refusal(path) == f"the model has no LSTM, GRU or SimpleRNN layer: it has Softmax, TimeDistributed, {name}"
        )


def test_a_model_of_other_layers_is_refused_with_their_names(tmp_path: Path) -> None:
    path = changed(GRU, tmp_path, of_another_class("MultiHeadAttention"))
    names = "MultiHeadAttention, Softmax, TimeDistributed"
    assert refusal(path) == f"the model has no LSTM, GRU or SimpleRNN layer: it has {names}"


def test_cells_in_a_cell_are_refused(tmp_path: Path) -> None:
    def stacked(model: dict[str, Any]) -> None:
        rnn = layers_of(model)[-1]["config"]
        rnn["cell"] = {"class_name": "StackedRNNCells", "config": {"cells": [rnn["cell"]]}}

    path = changed("keras3_cell.keras", tmp_path, stacked)
    assert refusal(path) == "layer stepped: cell is StackedRNNCells, and only LSTM, GRU, SimpleRNN are read"


def test_the_two_directions_are_of_one_cell(tmp_path: Path) -> None:
    def other(**fields: Any) -> Any:
        return lambda model: layers_of(model)[-2]["config"]["backward_layer"]["config"].update(fields)

    assert refusal(changed(BOTH, tmp_path, other(go_backwards=False))).startswith(
        "layer both: go_backwards of backward_layer is false, and both would read the text forwards"
    )

    def smaller(file: Any) -> None:
        cell = file["layers/bidirectional/backward_layer/cell/vars"]
        for name, shape in {"0": (4, 6), "1": (2, 6), "2": (2, 6)}.items():
            del cell[name]
            cell[name] = np.zeros(shape, "f4")

    assert refusal(changed(BOTH, tmp_path, other(units=2), smaller)) == (
        "layer both: its two directions are different cells, or of different sizes"
    )


def test_weights_in_cudnn_s_layout_are_read_into_a_plain_layer(tmp_path: Path) -> None:
    """Keras 2 loads them into LSTM and GRU, which it tells by the length of the bias."""

    def plain(model: dict[str, Any]) -> None:
        functions = {"activation": "tanh", "recurrent_activation": "sigmoid"}
        for layer in layers_of(model):
            inner = layer["config"].get("layer", layer)
            inner["class_name"] = inner["class_name"].removeprefix("CuDNN")
            inner["config"].update(functions, reset_after=True)

    path = changed("keras2_cudnn.h5", tmp_path, plain)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("f4")
    assert np.array_equal(computed(opened(path, "cudnn"), x), computed(opened("keras2_cudnn.h5", "cudnn"), x))
    layout = next(each for each in opened(path, "both").conventions if each.question == "layout")
    assert layout.reason == "its bias is twice as long"


def test_a_bias_of_cudnn_is_twice_as_long(tmp_path: Path) -> None:
    def shorten(file: Any) -> None:
        group = file["model_weights/cudnn/cudnn"]
        half = group["bias:0"][:16]
        del group["bias:0"]
        group["bias:0"] = half

    path = changed("keras2_cudnn.h5", tmp_path, weights=shorten)
    assert refusal(path, "cudnn") == "layer cudnn: CuDNNLSTM has a bias of 32, not of (16,)"


def test_a_bias_of_another_cell_is_refused(tmp_path: Path) -> None:
    def double(file: Any) -> None:
        group = file["layers/lstm/cell/vars"]
        bias = group["2"][()]
        del group["2"]
        group["2"] = np.stack([bias, bias])

    path = changed(LSTM, tmp_path, weights=double)
    assert refusal(path, "lstm") == "layer lstm: a bias of (2, 16) is not that of LSTM of H = 4"


def test_missing_weights_are_named(tmp_path: Path) -> None:
    def remove(file: Any) -> None:
        del file["layers/lstm"]

    assert refusal(changed(LSTM, tmp_path, weights=remove), "lstm") == "layer lstm: the file holds no weights of it"
