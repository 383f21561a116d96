"""Loading a model: one that is broken says which file is, and how; older forms still load."""

import hashlib
import json
import os
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gatescope.recurrent.tokenizer import Token, WordTokenizer
from gatescope.store import loading
from gatescope.store.files import BrokenModelError
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from gatescope.store.store import Store
from model_folders import ABOUT, COLUMNS, UNIT, VOCABULARY, edited, missing, network, saved, saved_numbers
from safetensors.torch import load, save


def named(**changes: Any) -> dict[str, Any]:
    """The fields of ``ModelConfig`` in which a unit is named."""
    return {"units": [{**UNIT.model_dump(), **changes}]}


def config(**changes: Any) -> Callable[[Path], None]:
    return edited("config.json", lambda old: {**old, **changes})


def sizes(**changes: Any) -> Callable[[Path], None]:
    return edited("config.json", lambda old: {**old, "network": {**old["network"], **changes}})


def columns(**changes: Any) -> Callable[[Path], None]:
    """Breaks the first column of a model that reads numbers."""
    return config(columns=[{**COLUMNS[0], **changes}, *COLUMNS[1:]])


def vocabulary(*tokens: str) -> Callable[[Path], None]:
    return edited("vocab.json", lambda _: tokens)


def statistics(**changes: Any) -> Callable[[Path], None]:
    return edited("statistics.json", lambda old: {**old, "activations": [{**old["activations"][0], **changes}]})


def weight_bytes(edit: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Breaks the weights and makes config.json vouch for them, so that the hash does not give it away."""

    def apply(folder: Path) -> None:
        path = folder / "model.safetensors"
        path.write_bytes(edit(path.read_bytes()))
        config(weights_sha256=hashlib.sha256(path.read_bytes()).hexdigest())(folder)

    return apply


def of_format(dtype: str) -> Callable[[Path], None]:
    """Puts one tensor in a format of safetensors in place of the weights."""
    extent, size = {"F4": (16, 8), "F6_E2M3": (16, 12)}.get(dtype, (8, 8))
    return header({"head.bias": {"dtype": dtype, "shape": [extent], "data_offsets": [0, size]}}, size)


def header(tensors: dict[str, Any], size: int) -> Callable[[Path], None]:
    """Puts this header of safetensors, and so many zero bytes, in place of the weights."""
    text = json.dumps(tensors).encode()
    return weight_bytes(lambda _: struct.pack("<Q", len(text)) + text + bytes(size))


def weights(**changes: torch.Tensor | None) -> Callable[[Path], None]:
    """Puts other tensors in place of those of these names (with __ for a dot), or takes them away."""

    def edit(data: bytes) -> bytes:
        state = load(data) | {name.replace("__", "."): tensor for name, tensor in changes.items()}
        return save({name: tensor for name, tensor in state.items() if tensor is not None})

    return weight_bytes(edit)


def holding(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def a_folder(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink() or (folder / name).mkdir()


FIT = "model.safetensors: does not fit config.json:"
DTYPES = "it must be torch.float32 or torch.float64 throughout"
NO_ACTIVATION = "the network does not have this activation"
BROKEN = [
    (missing("config.json"), "config.json: the file is missing"),
    (missing("vocab.json"), "vocab.json: the file is missing"),
    (missing("model.safetensors"), "model.safetensors: the file is missing"),
    (a_folder("vocab.json"), "vocab.json: is a folder: it must be a regular file"),
    (a_folder("statistics.json"), "statistics.json: is a folder: it must be a regular file"),
    # config.json
    (holding("config.json", b"{"), "config.json: Invalid JSON: EOF while parsing an object at line 1 column 1"),
    (holding("config.json", b"\xff"), "config.json: Invalid JSON: expected value at line 1 column 1"),
    (holding("config.json", b"[]"), "config.json: Input should be an object"),
    (config(colour="red"), "config.json: colour: Extra inputs are not permitted"),
    (sizes(colour="red"), "config.json: network.colour: Unexpected keyword argument"),
    (edited("config.json", lambda old: old.pop("licence") and old), "config.json: licence: Field required"),
    (config(tokenizer="syllable"), "config.json: tokenizer: Input should be 'word' or 'character'"),
    (
        edited("config.json", lambda old: old.pop("tokenizer") and old),
        "config.json: tokenizer: is missing, and the model reads text: set it to word or character",
    ),
    (config(columns=COLUMNS), "config.json: columns: the model reads text, which has none: leave them out"),
    (
        config(corrects_spelling=True, tokenizer="character"),
        "config.json: corrects_spelling: only words have a spelling: set it to false",
    ),
    (config(outputs=["positive"]), "config.json: 1 names for 2 outputs"),
    (
        config(verdict="perhaps"),
        "config.json: verdict: 'perhaps' is not the name of one output: name one of 'positive', 'negative'",
    ),
    (
        config(verdict="positive", outputs=["positive", "positive"]),
        "config.json: verdict: 'positive' is not the name of one output: name one of 'positive', 'positive'",
    ),
    (
        edited(
            "config.json", lambda old: {**old, "verdict": "positive", "network": old["network"] | {"head": "softmax"}}
        ),
        "config.json: verdict: the outputs share one probability (softmax): leave verdict out",
    ),
    (
        config(predicts_next=True),
        "config.json: predicts_next: no output has the name 'the': name one output for each token of vocab.json, or "
        "set predicts_next to false",
    ),
    (
        config(predicts_next=True, outputs=["the", "the"]),
        "config.json: predicts_next: two outputs have the name 'the': name one output for each token of vocab.json, or "
        "set predicts_next to false",
    ),
    (
        config(predicts_next="perhaps"),
        "config.json: predicts_next: Input should be a valid boolean, unable to interpret input",
    ),
    (
        config(**named(layer=1)),
        "config.json: bracket depth: layer 1 forward c, unit 6: the network does not have this unit",
    ),
    (
        config(**named(direction="backward")),
        "config.json: bracket depth: layer 0 backward c, unit 6: the network does not have this unit",
    ),
    (
        config(**named(activation="z")),
        "config.json: bracket depth: layer 0 forward z, unit 6: the network does not have this unit",
    ),
    (
        config(**named(unit=7)),
        "config.json: bracket depth: layer 0 forward c, unit 7: the network does not have this unit",
    ),
    (
        config(**named(activation="x")),
        "config.json: units.0.activation: Input should be 'i', 'f', 'g', 'o', 'r', 'z', 'n', 'c' or 'h'",
    ),
    (config(**named(score=1.5)), "config.json: units.0.score: Input should be less than or equal to 1"),
    (config(**named(colour="red")), "config.json: units.0.colour: Extra inputs are not permitted"),
    (config(weights_sha256="0"), "config.json: weights_sha256: String should match pattern '^[0-9a-f]{64}$'"),
    (
        sizes(cell="transformer"),
        "config.json: network.cell: Input should be 'lstm', 'gru', 'rnn', 'coupled_lstm' or 'mingru'",
    ),
    (sizes(layers=0), "config.json: network: layers is 0: it must be at least 1"),
    (config(seed=10**30), "config.json: seed: Input should be less than 9223372036854775808"),
    (holding("config.json", b'{"a": 1, "a": 2}'), "config.json: a: the field is there twice: keep one"),
    (
        holding("config.json", b'{"seed": 1%s}' % (b"0" * 5000)),
        "config.json: Invalid JSON: number out of range at line 1 column 4311",
    ),
    (
        holding("config.json", b"[" * 100_000),
        "config.json: Invalid JSON: recursion limit exceeded at line 1 column 202",
    ),
    (
        holding("config.json", json.dumps({f"x{at}": 1 for at in range(1_001)}).encode()),
        "config.json: an object has 1,001 fields: it may have at most 1,000",
    ),
    (
        config(start={"forget_bias": float("inf")}),
        "config.json: start.forget_bias: Input should be a finite number",
    ),
    # vocab.json
    (holding("vocab.json", b'["<unk>"'), "vocab.json: Invalid JSON: EOF while parsing a list at line 1 column 8"),
    (holding("vocab.json", b'{"<unk>": 0}'), "vocab.json: Input should be a valid array"),
    (holding("vocab.json", b'["<unk>", 1]'), "vocab.json: 1: Input should be a valid string"),
    (vocabulary(), "vocab.json: a vocabulary starts with '<unk>'"),
    (vocabulary(*reversed(VOCABULARY)), "vocab.json: a vocabulary starts with '<unk>'"),
    (vocabulary(*VOCABULARY[:-1], "good"), "vocab.json: the vocabulary lists a token twice"),
    (vocabulary(*VOCABULARY[:-1]), "vocab.json: 7 tokens, but config.json says 8"),
    # model.safetensors
    (
        config(weights_sha256="0" * 64),
        "model.safetensors: its SHA-256 is not the one that config.json records: the file was changed",
    ),
    (
        weight_bytes(lambda data: data[:-5]),
        "model.safetensors: Error while deserializing header: incomplete metadata, file not fully covered",
    ),
    (weight_bytes(lambda _: b""), "model.safetensors: Error while deserializing header: header too small"),
    (weight_bytes(lambda _: b"\xff" * 64), "model.safetensors: Error while deserializing header: header too large"),
    (of_format("F4"), f"model.safetensors: holds torch.float4_e2m1fn_x2: {DTYPES}"),
    (of_format("F8_E8M0"), f"model.safetensors: holds torch.float8_e8m0fnu: {DTYPES}"),
    (of_format("F6_E2M3"), "model.safetensors: Dtype not understood: F6_E2M3"),
    (
        header({"x": {"dtype": "F32", "shape": [1] * 65, "data_offsets": [0, 4]}}, 4),
        "model.safetensors: x has 65 dimensions: no weight of a network has more than 2",
    ),
    (
        header({"x": {"dtype": "F32", "shape": [0, 2**63], "data_offsets": [0, 0]}}, 0),
        "model.safetensors: reshape(): argument 'shape' failed to unpack the object at pos 2 with error "
        '"Overflow when unpacking long long',
    ),
    (
        header({f"x{at}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for at in range(5000)}, 0),
        "model.safetensors: holds 5,000 tensors: at most 4,096 are read",
    ),
    (
        header({"__metadata__": {"x": "x" * 2_000_000}}, 4),
        "model.safetensors: has a header of 2,000,027 bytes: at most 2,000,000 are read",
    ),
    (
        header({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}, 4),
        "model.safetensors: Error while deserializing header: invalid shape, data type, or offset for tensor",
    ),
    (weights(head__bias=None), f'{FIT} Missing key(s) in state_dict: "head.bias".'),
    (weights(more=torch.zeros(1)), f'{FIT} Unexpected key(s) in state_dict: "more".'),
    (
        weights(head__bias=torch.zeros(3)),
        f"{FIT} size mismatch for head.bias: copying a param with shape torch.Size([3]) from checkpoint, "
        "the shape in current model is torch.Size([2]).",
    ),
    (sizes(hidden_size=10**30), f"{FIT} no tensor has the hidden_size {10**30}"),
    (sizes(layers=10**9), f"{FIT} 7 tensors are too few for {10**9} layers"),
    (
        weights(head__bias=torch.tensor([1.0, float("nan")])),
        "model.safetensors: head.bias holds a number that is not finite",
    ),
    (
        weights(recurrent__weight_hh_l0=torch.full((28, 7), float("-inf"))),
        "model.safetensors: recurrent.weight_hh_l0 holds a number that is not finite",
    ),
    (weights(head__bias=torch.zeros(2, dtype=int)), f"model.safetensors: holds torch.float32, torch.int64: {DTYPES}"),
    (weights(head__bias=torch.zeros(2).double()), f"model.safetensors: holds torch.float32, torch.float64: {DTYPES}"),
    # statistics.json
    (holding("statistics.json", b""), "statistics.json: Invalid JSON: EOF while parsing a value at line 1 column 0"),
    (statistics(direction="up"), "statistics.json: activations.0.direction: Input should be 'forward' or 'backward'"),
    (statistics(mean=[float("nan")] * 7), "statistics.json: activations.0.mean.0: Input should be a finite number"),
    (statistics(layer=1), f"statistics.json: layer 1 forward f: {NO_ACTIVATION}"),
    (statistics(direction="backward"), f"statistics.json: layer 0 backward f: {NO_ACTIVATION}"),
    (statistics(activation="z"), f"statistics.json: layer 0 forward z: {NO_ACTIVATION}"),
    (
        statistics(mean=[0.5] * 6),
        "statistics.json: layer 0 forward f: 7 means and standard deviations are needed, one per unit",
    ),
    (
        statistics(left_saturated=[0.5] * 6),
        "statistics.json: layer 0 forward f: 7 shares are needed, one per unit, or null",
    ),
    (
        statistics(right_saturated=[0.5] * 6 + [1.1]),
        "statistics.json: activations.0.right_saturated.6: Input should be less than or equal to 1",
    ),
    (
        edited("statistics.json", lambda old: {**old, "push_scale": -1.0}),
        "statistics.json: push_scale: Input should be greater than or equal to 0",
    ),
    (statistics(colour="red"), "statistics.json: activations.0.colour: Extra inputs are not permitted"),
]


def test_statistics_of_an_older_version_have_no_scale_of_pushes(tmp_path: Path) -> None:
    saved(tmp_path / "small")
    edited("statistics.json", lambda old: {key: old[key] for key in ("steps", "activations")})(tmp_path / "small")
    statistics = load_model(tmp_path / "small").statistics
    assert statistics is not None
    assert statistics.push_scale is None


@pytest.mark.parametrize(("damage", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_model_says_which_file_and_why(tmp_path: Path, damage: Callable[[Path], None], reason: str) -> None:
    saved(tmp_path / "small")
    damage(tmp_path / "small")
    with pytest.raises(BrokenModelError, match=f"^{re.escape(reason)}$"):
        load_model(tmp_path / "small")


BROKEN_NUMBERS = [
    (config(input="words"), "config.json: input: Input should be 'text' or 'numbers'"),
    (config(columns=COLUMNS[:2]), "config.json: 2 columns for an input_size of 3"),
    (config(columns=[]), "config.json: 0 columns for an input_size of 3"),
    (
        config(columns=[*COLUMNS[:2], COLUMNS[0]]),
        "config.json: columns: two have the name 'temperature': give each its own",
    ),
    (columns(scale=0), "config.json: columns.0.scale: Input should be greater than 0"),
    (columns(mean=None), "config.json: columns.0.mean: Input should be a valid number"),
    (columns(name=""), "config.json: columns.0.name: String should have at least 1 character"),
    (columns(colour="red"), "config.json: columns.0.colour: Unexpected keyword argument"),
    (config(tokenizer="word"), "config.json: tokenizer: the model reads numbers, not tokens: leave it out"),
    (config(predicts_next=True), "config.json: predicts_next: the model reads numbers, not tokens: leave it out"),
    (
        config(input="text", columns=[]),
        "config.json: network.input_size: is 3, and the model reads text: set input to numbers, or "
        "leave input_size out",
    ),
    (
        sizes(input_size=0, vocabulary_size=8, embedding_size=3),
        "config.json: network.input_size: is missing, and the model reads numbers: say how many",
    ),
    (sizes(input_size=4), "config.json: 3 columns for an input_size of 4"),
    (sizes(input_size=10**12), "config.json: 3 columns for an input_size of 1000000000000"),
    (
        sizes(vocabulary_size=8),
        "config.json: network: vocabulary_size is 8: a network with an input_size has no embedding",
    ),
    (config(outputs=["event"]), "config.json: 1 names for 0 outputs"),
    (missing("model.safetensors"), "model.safetensors: the file is missing"),
    (
        weights(embedding__weight=torch.zeros(8, 3)),
        f'{FIT} Unexpected key(s) in state_dict: "embedding.weight".',
    ),
    (
        weights(head__bias=torch.zeros(2)),
        f'{FIT} Unexpected key(s) in state_dict: "head.bias".',
    ),
]


@pytest.mark.parametrize(("damage", "reason"), BROKEN_NUMBERS, ids=[reason for _, reason in BROKEN_NUMBERS])
def test_a_broken_model_of_numbers_says_which_file_and_why(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    saved_numbers(tmp_path / "small")
    damage(tmp_path / "small")
    with pytest.raises(BrokenModelError, match=f"^{re.escape(reason)}$"):
        load_model(tmp_path / "small")


def test_a_model_of_numbers_is_saved_without_what_it_does_not_have(tmp_path: Path) -> None:
    model = saved_numbers(tmp_path / "small")
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    written = json.loads((tmp_path / "small" / "config.json").read_text())
    assert (written["input"], written["network"]["input_size"]) == ("numbers", 3)
    assert "tokenizer" not in written
    assert [column.unit for column in model.config.columns] == ["°C", "mm", "m/s"]
    assert (model.tokenizer, model.next_outputs, model.config.predicts_next) == (None, (), False)


def test_what_is_not_a_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    missing, file = tmp_path / "missing", tmp_path / "m.pt"
    file.write_bytes(b"PK")
    for path, reason in (
        (missing, f"{missing}: this folder does not exist"),
        (
            file,
            f"{file} is a file: a model is a folder that holds config.json, vocab.json and model.safetensors; to see "
            "the gates of a module of your own, load it with torch.load and call trace_module",
        ),
    ):
        for given in (path, str(path)):
            with pytest.raises(BrokenModelError, match=f"^{re.escape(reason)}$"):
                load_model(given)


@pytest.mark.parametrize("is_about_tokens", [True, False])
def test_a_folder_of_before_is_about_the_next_token_if_its_outputs_are_the_vocabulary(
    tmp_path: Path, is_about_tokens: bool
) -> None:
    outputs = VOCABULARY if is_about_tokens else [*VOCABULARY[:-1], "end"]
    saved(tmp_path / "small", network(outputs=8), outputs=outputs)
    edited("config.json", lambda config: config.pop("predicts_next") in (True, False) and config)(tmp_path / "small")
    assert load_model(tmp_path / "small").config.predicts_next is is_about_tokens


def test_spelling_is_corrected_where_the_folder_says_so(tmp_path: Path) -> None:
    saved(tmp_path / "old")
    edited("config.json", lambda config: config.pop("corrects_spelling") is False and config)(tmp_path / "old")
    assert load_model(tmp_path / "old").tokens("movue")[0].read_as is None
    tokenizer = WordTokenizer(VOCABULARY, corrects_spelling=True)
    save_model(tmp_path / "new", network(), tokenizer, ABOUT)
    assert load_model(tmp_path / "new").tokens("movue")[0] == Token("movue", 0, 5, 2, known=False, read_as="movie")


@pytest.mark.parametrize("name", ["statistics.json", "README.md"])
def test_a_model_can_do_without(tmp_path: Path, name: str) -> None:
    saved(tmp_path / "small")
    missing(name)(tmp_path / "small")
    assert load_model(tmp_path / "small").config.title == "A small LSTM"


def test_a_model_of_the_form_before_units_and_shares_loads(tmp_path: Path) -> None:
    saved(tmp_path / "old")
    fields = ("interval", "unit", "baselines")

    def without(config: dict[str, Any]) -> dict[str, Any]:
        kept = [{name: value for name, value in each.items() if name not in fields} for each in config["metrics"]]
        return {name: value for name, value in config.items() if name != "units"} | {"metrics": kept}

    def bare(old: dict[str, Any]) -> dict[str, Any]:
        kept = [{k: v for k, v in each.items() if not k.endswith("_saturated")} for each in old["activations"]]
        return old | {"activations": kept}

    edited("config.json", without)(tmp_path / "old")
    edited("statistics.json", bare)(tmp_path / "old")
    model = load_model(tmp_path / "old")
    assert model.config.units == []
    assert (model.config.metrics[0].interval, model.config.metrics[0].unit) == (None, "share")
    assert model.statistics is not None
    assert model.statistics.activations[0].left_saturated is None


def test_a_model_that_is_replaced_while_it_is_loaded_is_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path / "small", title="The old one")
    new = network(seed=1)
    original = loading._load_network

    def late(folder: Path, config: Any) -> Any:
        monkeypatch.undo()
        saved(tmp_path / "small", new, title="The new one")
        return original(folder, config)

    monkeypatch.setattr(loading, "_load_network", late)
    model = load_model(tmp_path / "small")
    assert model.config.title == "The new one"
    assert torch.equal(model.network.require_head().weight, new.require_head().weight)


def test_weights_are_read_where_the_system_has_no_files_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = saved(tmp_path / "small").network.state_dict()
    monkeypatch.delattr(os, "memfd_create")
    read = load_model(tmp_path / "small").network.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in read.items())


def test_weights_in_use_do_not_depend_on_their_file(tmp_path: Path) -> None:
    """If the file were mapped into memory, to shorten it would end the process."""
    model = saved(tmp_path / "small")
    before = model.trace("the movie was not good").outputs
    with (tmp_path / "small" / "model.safetensors").open("r+b") as file:
        file.truncate(0)
    assert (model.trace("the movie was not good").outputs == before).all()


def test_a_linked_folder_goes_by_the_name_of_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "elsewhere" / "small")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "linked").symlink_to(tmp_path / "elsewhere" / "small")
    assert [(name, model.id) for name, model in Store(tmp_path / "models").models.items()] == [("linked", "linked")]
    monkeypatch.chdir(tmp_path / "elsewhere" / "small")
    assert load_model(".").id == "small"
