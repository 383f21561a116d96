"""Embedding, vocabulary and head: read where nothing else can be meant, and otherwise said to be missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from .files import changed, layers_of, opened, refusal, setting

LSTM, TEXT, HEAD = "keras3_lstm.keras", "keras3_text.keras", "keras3_reset_before.keras"


def replaced(place: int, kind: str, **config: Any) -> Any:
    """A change of a model's config: another layer in the place of one."""

    def change(model: dict[str, Any]) -> None:
        layers = layers_of(model)
        layers[place].update({"class_name": kind, "registered_name": None})
        layers[place]["config"].update(config)

    return change


def appended(*layers: tuple[str, dict[str, Any]]) -> Any:
    def change(model: dict[str, Any]) -> None:
        for n, (kind, config) in enumerate(layers):
            model["config"]["layers"].append({"class_name": kind, "config": {"name": f"added{n}", **config}})

    return change


HEADS: dict[str, tuple[str, Any, str, str | None]] = {  # file, change, function, remark
    "sigmoid": (LSTM, setting("Dense", activation="sigmoid"), "sigmoid", None),
    "its function apart": (HEAD, replaced(-1, "Activation", activation="sigmoid"), "sigmoid", None),
    "a function of someone's own": (
        LSTM,
        setting("Dense", activation={"class_name": "function", "config": "mine"}),
        "",
        "layer dense is not the last, linear one: its activation is the function mine",
    ),
    "another function apart": (
        HEAD,
        replaced(-1, "Activation", activation="relu"),
        "",
        "layer time_distributed is not the last, linear one: its activation is relu",
    ),
    "more layers": (
        LSTM,
        appended(("Dense", {"units": 3})),
        "",
        "layer dense is not the last, linear one: layer added0 follows",
    ),
    "another layer": (
        LSTM,
        replaced(-1, "Conv1D"),
        "",
        "layer dense (Conv1D) reads h, and only a Dense layer is imported",
    ),
}


@pytest.mark.parametrize(("file", "change", "function", "remark"), HEADS.values(), ids=HEADS)
def test_a_head_is_one_linear_layer_and_its_function(
    file: str, change: Any, function: str, remark: str | None, tmp_path: Path
) -> None:
    found = opened(changed(file, tmp_path, change))
    if remark is None:
        assert found.readout is not None
        assert found.readout.function == function
        assert not any("head" in each for each in found.remarks)
    else:
        assert found.readout is None
        assert f"the head is not complete: {remark}" in found.remarks


@pytest.mark.parametrize("activation", ["linear", None])
def test_of_a_head_without_a_function_it_is_said_why_the_model_has_no_outputs(
    activation: str | None, tmp_path: Path
) -> None:
    path = changed(LSTM, tmp_path, setting("Dense", activation=activation))
    found = opened(path)
    assert found.readout is not None
    assert found.readout.function == ""
    assert found.remarks[-1] == (
        "the head is not complete: layer dense gives 1 number, of which nothing in the file makes probabilities, so "
        "the model has no outputs; if it is a probability for each output, say so by the answer function=sigmoid or "
        "function=softmax"
    )
    answered, logistic = opened(path, function="sigmoid"), opened(LSTM)
    assert answered.readout is not None
    assert logistic.readout is not None
    assert answered.readout.function == "sigmoid"
    assert answered.readout.weight.equal(logistic.readout.weight)
    assert answered.remarks == logistic.remarks
    assert answered.conventions[-1] == ("function", "sigmoid", "so it was answered; the file does not say")
    assert opened(path, function="none").remarks == logistic.remarks


def test_several_readers_are_no_head(tmp_path: Path) -> None:
    def fork(model: dict[str, Any]) -> None:
        layers = [each for each in layers_of(model) if each["config"]["name"] == "inner"]
        second = {**layers[0], "config": {**layers[0]["config"], "name": "again"}, "name": "again"}
        model["config"]["layers"].append(second)

    found = opened(changed("keras3_nested.keras", tmp_path, fork), "decoder")
    assert "the head is not complete: several layers read layer decoder: inner, again" in found.remarks


def test_a_bidirectional_layer_of_which_the_last_step_is_read_has_no_head(tmp_path: Path) -> None:
    """There, h of the backward direction is that after the whole text; ours at the last step has read one word."""
    found = opened(changed("keras3_bidirectional.keras", tmp_path, setting("GRU", return_sequences=False)))
    assert found.readout is None
    what = "what follows layer both reads h of the backward direction where it ends, at step 0"
    assert f"the head is not complete: {what}" in found.remarks


def test_masking_is_said_and_looked_through(tmp_path: Path) -> None:
    found = opened(changed(LSTM, tmp_path, replaced(2, "Masking", mask_value=0.5)))
    assert "layer spatial_dropout1d skips steps whose numbers are all 0.5: Gatescope does not" in found.remarks
    assert found.embedding is not None


def resized(place: str, shape: tuple[int, ...]) -> Any:
    def change(file: Any) -> None:
        del file[place]
        file[place] = np.ones(shape, "f4")

    return change


SHAPES = {
    "embedding": (
        "layers/embedding/vars/0",
        (9, 5),
        "layer embedding (Embedding) has the arrays [(9, 5)], which do not fit 3",
    ),
    "no rows": (
        "layers/embedding/vars/0",
        (0, 3),
        "layer embedding (Embedding) has the arrays [(0, 3)], which do not fit 3",
    ),
    "head": ("layers/dense/vars/0", (5, 1), "layer dense (Dense) has the arrays [(5, 1), (1,)], which do not fit 4"),
    "bias": ("layers/dense/vars/1", (2,), "layer dense: its bias (2,) does not fit its kernel (4, 1)"),
}


@pytest.mark.parametrize(("place", "shape", "sentence"), SHAPES.values(), ids=SHAPES)
def test_arrays_that_do_not_fit_are_refused(place: str, shape: tuple[int, ...], sentence: str, tmp_path: Path) -> None:
    assert refusal(changed(LSTM, tmp_path, weights=resized(place, shape))) == sentence


def test_a_head_without_bias_is_one(tmp_path: Path) -> None:
    def remove(file: Any) -> None:
        del file["layers/dense/vars/1"]

    found = opened(changed(LSTM, tmp_path, weights=remove))
    assert found.readout is not None
    assert found.readout.bias is None


WORDS = ["", "[UNK]", "good", "not"]
VOCABULARIES: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {
    "in the config, whole": ("TextVectorization", {"vocabulary": WORDS}, WORDS),
    "in the config, without special tokens": ("TextVectorization", {"vocabulary": WORDS[2:]}, WORDS),
    "lookup": ("StringLookup", {"vocabulary": WORDS[2:], "mask_token": "", "oov_token": "[UNK]"}, WORDS),
    "lookup without padding": ("StringLookup", {"vocabulary": WORDS[2:], "mask_token": None}, WORDS[1:]),
    "lookup of several unknowns": (
        "StringLookup",
        {"vocabulary": WORDS[2:], "mask_token": None, "num_oov_indices": 2},
        ["[UNK] 0", "[UNK] 1", "good", "not"],
    ),
    "counts": ("TextVectorization", {"vocabulary": WORDS, "output_mode": "count"}, None),
    "a word twice": ("TextVectorization", {"vocabulary": [*WORDS, "good"]}, None),
    "numbers": ("TextVectorization", {"vocabulary": [1, 2]}, None),
}


@pytest.mark.parametrize(("kind", "config", "tokens"), VOCABULARIES.values(), ids=VOCABULARIES)
def test_a_vocabulary_is_read_by_id(
    kind: str, config: dict[str, Any], tokens: list[str] | None, tmp_path: Path
) -> None:
    found = opened(changed(TEXT, tmp_path, replaced(1, kind, **config)))
    assert found.vocabulary == tokens
    assert found.embedding is not None
    assert len(found.embedding) == (20 if tokens is None else len(tokens))
    missing = "the vocabulary of layer text_vectorization is not in the file: give its tokens in a vocabulary file"
    assert (missing in found.remarks) == (tokens is None)


def test_more_tokens_than_rows_are_refused(tmp_path: Path) -> None:
    words = [f"word{n}" for n in range(30)]
    path = changed(TEXT, tmp_path, setting("TextVectorization", vocabulary=words))
    assert refusal(path) == "layer text_vectorization has 32 tokens, and embedding embedding 20 rows"


def test_the_embedding_of_weights_is_that_of_the_file() -> None:
    found = opened(LSTM)
    assert found.embedding is not None
    assert found.embedding.shape == (9, 3)
    assert found.embedding.dtype == torch.float32


@pytest.mark.parametrize("count", [10**12, -1, "two", [1], True, 1.5])
def test_a_number_of_unknown_tokens_that_is_none_is_refused(tmp_path: Path, count: object) -> None:
    path = changed(TEXT, tmp_path, replaced(1, "StringLookup", vocabulary=["a"], num_oov_indices=count))
    said = f"layer text_vectorization: num_oov_indices is {count}, which must be a number up to 1,000"
    assert refusal(path) == said
