"""The models on disk: what is saved comes back, and what is broken says how."""

import hashlib
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store import (
    ActivationStatistics,
    BrokenModelError,
    Model,
    NamedUnit,
    Statistics,
    Store,
    load_model,
    save_model,
    write_units,
)
from networks import random_network
from safetensors.torch import load, save

VOCABULARY = ["<unk>", "the", "movie", "was", "not", "good", "naïve", "👍"]
ABOUT = {
    "title": "A small LSTM",
    "task": "sentiment",
    "description": "How likely the sentence is praise.",
    "outputs": ["positive", "negative"],
    "licence": "CC0-1.0",
    "seed": 3,
    "metrics": [{"name": "accuracy", "value": 0.8, "standard_error": 0.01, "seeds": [0.8, 0.79], "examples": 1600}],
}
STATISTICS = Statistics(
    steps=10,
    activations=[
        ActivationStatistics(
            layer=0,
            direction="forward",
            activation="f",
            mean=[0.5] * 7,
            standard_deviation=[0.1] * 7,
            left_saturated=[0.2] * 7,
            right_saturated=[0.3] * 7,
        )
    ],
)
UNIT = NamedUnit(
    feature="bracket depth",
    layer=0,
    direction="forward",
    activation="c",
    unit=6,
    sign=-1,
    measure="r",
    score=0.8,
    interval=(0.7, 0.9),
    untrained=[0.1, 0.3],
    texts=10,
    steps=200,
)


def network(**config: Any) -> Network:
    return random_network(**{"cell": "lstm", "vocabulary_size": len(VOCABULARY), **config})


def saved(folder: Path, net: Network | None = None, tokenizer: type[Tokenizer] = WordTokenizer, **about: Any) -> Model:
    return save_model(
        folder, net or network(), tokenizer(VOCABULARY), {**ABOUT, **about}, STATISTICS, "# A small LSTM\n"
    )


def named(**changes: Any) -> dict[str, Any]:
    """The fields of ``ModelConfig`` in which a unit is named."""
    return {"units": [{**UNIT.model_dump(), **changes}]}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("tokenizer", [WordTokenizer, CharacterTokenizer])
def test_a_saved_model_comes_back_whole(tmp_path: Path, tokenizer: type[Tokenizer], dtype: torch.dtype) -> None:
    original = network(layers=2, bidirectional=True, dtype=dtype)
    saved(tmp_path / "small", original, tokenizer)
    model = load_model(tmp_path / "small")

    assert (model.id, model.folder) == ("small", tmp_path / "small")
    assert (model.config.network, model.config.title) == (original.config, "A small LSTM")
    assert (type(model.tokenizer), model.tokenizer.vocabulary) == (tokenizer, tuple(VOCABULARY))
    assert model.statistics == STATISTICS
    assert (tmp_path / "small" / "README.md").read_text() == "# A small LSTM\n"
    assert not model.network.training
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    for name, tensor in original.state_dict().items():
        assert torch.equal(model.network.state_dict()[name], tensor), name


def test_a_model_traces_text(tmp_path: Path) -> None:
    model = saved(tmp_path / "small")
    trace = model.trace("The movie wasn't good")
    assert [(token.text, token.known) for token in trace.tokens] == [
        ("The", True),
        ("movie", True),
        ("was", True),
        ("n't", False),
        ("good", True),
    ]
    assert trace.layer()["f"].shape == (5, 7)
    with pytest.raises(ValueError, match="there is nothing to trace: the sequence is empty"):
        model.trace(" \n")


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    saved(tmp_path / "one")
    saved(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_weights_carry_one_metadata_key(tmp_path: Path) -> None:
    data = contents(saved(tmp_path / "small").folder)["model.safetensors"]
    (length,) = struct.unpack("<Q", data[:8])
    assert json.loads(data[8 : 8 + length])["__metadata__"] == {"format": "pt"}


def test_others_may_read_what_was_saved_as_any_file(tmp_path: Path) -> None:
    folder = saved(tmp_path / "small").folder
    (tmp_path / "any folder").mkdir()
    (tmp_path / "any file").touch()
    assert folder.stat().st_mode == (tmp_path / "any folder").stat().st_mode
    assert {path.stat().st_mode for path in folder.iterdir()} == {(tmp_path / "any file").stat().st_mode}


def test_a_model_is_replaced_as_a_whole(tmp_path: Path) -> None:
    saved(tmp_path / "small")
    model = save_model(tmp_path / "small", network(hidden_size=3), WordTokenizer(VOCABULARY), ABOUT)
    assert model.config.network.hidden_size == 3
    assert model.statistics is None
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert "statistics.json" not in contents(tmp_path / "small")


def nan_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    net.head.weight.data[0, 0] = float("nan")
    saved(folder, net)


def wrong_description(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(folder, outputs=[])


def no_rename(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system refuses to put the new folder in its place."""
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError("no space left")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    saved(folder)


@pytest.mark.parametrize(
    ("fail", "error"), [(nan_weights, BrokenModelError), (wrong_description, ValueError), (no_rename, OSError)]
)
@pytest.mark.parametrize("replaces", [True, False], ids=["replacing", "new"])
def test_a_failure_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., None], error: type[Exception], replaces: bool
) -> None:
    if replaces:
        saved(tmp_path / "small", title="The old one")
    before = contents(tmp_path)
    with pytest.raises(error):
        fail(tmp_path / "small", monkeypatch)
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"] * replaces


def edited(name: str, edit: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Breaks a JSON file: what it holds is replaced by what ``edit`` makes of it."""

    def apply(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps(edit(json.loads(path.read_text()))))

    return apply


def config(**changes: Any) -> Callable[[Path], None]:
    return edited("config.json", lambda old: {**old, **changes})


def sizes(**changes: Any) -> Callable[[Path], None]:
    return edited("config.json", lambda old: {**old, "network": {**old["network"], **changes}})


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
    """Puts one tensor of eight bytes in a format of safetensors in place of the weights."""
    extent = 16 if dtype == "F4" else 8
    header = json.dumps({"head.bias": {"dtype": dtype, "shape": [extent], "data_offsets": [0, 8]}}).encode()
    return weight_bytes(lambda _: struct.pack("<Q", len(header)) + header + bytes(8))


def weights(**changes: torch.Tensor | None) -> Callable[[Path], None]:
    """Puts other tensors in place of those of these names (with __ for a dot), or takes them away."""

    def edit(data: bytes) -> bytes:
        state = load(data) | {name.replace("__", "."): tensor for name, tensor in changes.items()}
        return save({name: tensor for name, tensor in state.items() if tensor is not None})

    return weight_bytes(edit)


def missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def holding(name: str, data: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(data) and None


def a_folder(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink() or (folder / name).mkdir()


FIT = "model.safetensors: does not fit config.json:"
DTYPES = "it must be torch.float32 or torch.float64 throughout"
NO_ACTIVATION = "the network has no such activation"
BROKEN = [
    (missing("config.json"), "config.json: the file is missing"),
    (missing("vocab.json"), "vocab.json: the file is missing"),
    (missing("model.safetensors"), "model.safetensors: the file is missing"),
    (a_folder("vocab.json"), "vocab.json: cannot be read: Is a directory"),
    (a_folder("statistics.json"), "statistics.json: cannot be read: Is a directory"),
    # config.json
    (holding("config.json", b"{"), "config.json: Invalid JSON: EOF while parsing an object at line 1 column 1"),
    (holding("config.json", b"\xff"), "config.json: Invalid JSON: expected value at line 1 column 1"),
    (holding("config.json", b"[]"), "config.json: Input should be an object"),
    (config(colour="red"), "config.json: colour: Extra inputs are not permitted"),
    (sizes(colour="red"), "config.json: network.colour: Unexpected keyword argument"),
    (edited("config.json", lambda old: old.pop("licence") and old), "config.json: licence: Field required"),
    (config(tokenizer="syllable"), "config.json: tokenizer: Input should be 'word' or 'character'"),
    (config(outputs=["positive"]), "config.json: 1 names for 2 outputs"),
    (config(**named(layer=1)), "config.json: bracket depth: layer 1 forward c, unit 6: the network has no such unit"),
    (
        config(**named(direction="backward")),
        "config.json: bracket depth: layer 0 backward c, unit 6: the network has no such unit",
    ),
    (
        config(**named(activation="z")),
        "config.json: bracket depth: layer 0 forward z, unit 6: the network has no such unit",
    ),
    (config(**named(unit=7)), "config.json: bracket depth: layer 0 forward c, unit 7: the network has no such unit"),
    (
        config(**named(activation="x")),
        "config.json: units.0.activation: Input should be 'i', 'f', 'g', 'o', 'r', 'z', 'n', 'c' or 'h'",
    ),
    (config(**named(score=1.5)), "config.json: units.0.score: Input should be less than or equal to 1"),
    (config(**named(colour="red")), "config.json: units.0.colour: Extra inputs are not permitted"),
    (config(weights_sha256="0"), "config.json: weights_sha256: String should match pattern '^[0-9a-f]{64}$'"),
    (sizes(cell="transformer"), "config.json: network.cell: Input should be 'rnn', 'lstm' or 'gru'"),
    (sizes(layers=0), "config.json: network: layers is 0: it must be at least 1"),
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
        "model.safetensors: Error while deserializing: incomplete metadata, file not fully covered",
    ),
    (weight_bytes(lambda _: b""), "model.safetensors: Error while deserializing: header too small"),
    (weight_bytes(lambda _: b"\xff" * 64), "model.safetensors: Error while deserializing: header too large"),
    (of_format("F4"), "model.safetensors: holds a number format that PyTorch does not read"),
    (of_format("F8_E8M0"), "model.safetensors: holds a number format that PyTorch does not read"),
    (weights(head__bias=None), f'{FIT} Missing key(s) in state_dict: "head.bias".'),
    (weights(more=torch.zeros(1)), f'{FIT} Unexpected key(s) in state_dict: "more".'),
    (
        weights(head__bias=torch.zeros(3)),
        f"{FIT} size mismatch for head.bias: copying a param with shape torch.Size([3]) from checkpoint, "
        "the shape in current model is torch.Size([2]).",
    ),
    (sizes(hidden_size=10**30), f"{FIT} no tensor is of hidden_size {10**30}"),
    (sizes(layers=10**9), f"{FIT} 7 tensors are no {10**9} layers"),
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
        "statistics.json: layer 0 forward f: 7 means and standard deviations are needed, one a unit",
    ),
    (
        statistics(left_saturated=[0.5] * 6),
        "statistics.json: layer 0 forward f: 7 shares are needed, one a unit, or null",
    ),
    (
        statistics(right_saturated=[0.5] * 6 + [1.1]),
        "statistics.json: activations.0.right_saturated.6: Input should be less than or equal to 1",
    ),
    (statistics(colour="red"), "statistics.json: activations.0.colour: Extra inputs are not permitted"),
]


@pytest.mark.parametrize(("damage", "reason"), BROKEN, ids=[reason for _, reason in BROKEN])
def test_a_broken_model_says_which_file_and_why(tmp_path: Path, damage: Callable[[Path], None], reason: str) -> None:
    saved(tmp_path / "small")
    damage(tmp_path / "small")
    with pytest.raises(BrokenModelError, match=f"^{re.escape(reason)}$"):
        load_model(tmp_path / "small")


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


def test_named_units_come_back_and_can_be_replaced(tmp_path: Path) -> None:
    saved(tmp_path / "small", units=[UNIT])
    assert load_model(tmp_path / "small").config.units == [UNIT]
    before = contents(tmp_path / "small")
    other = UNIT.model_copy(update={"unit": 0})
    write_units(tmp_path / "small", [other, UNIT])
    model = load_model(tmp_path / "small")
    assert model.config.units == [other, UNIT]
    after = contents(tmp_path / "small")
    assert {name for name in after if after[name] != before.get(name)} == {"config.json"}
    write_units(tmp_path / "small", [UNIT])
    assert contents(tmp_path / "small") == before


def test_units_are_not_written_where_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match=r"^config.json: the file is missing$"):
        write_units(tmp_path, [UNIT])
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_written_beside_the_card_where_there_is_one(tmp_path: Path) -> None:
    save_model(tmp_path / "one", network(), WordTokenizer(VOCABULARY), ABOUT, saturation="<svg/>")
    assert contents(tmp_path / "one")["saturation.svg"] == b"<svg/>"
    assert "saturation.svg" not in contents(saved(tmp_path / "other").folder)


def test_the_store_lists_broken_models_with_their_reason_while_the_others_load(tmp_path: Path) -> None:
    for name in ("b", "a", "broken", ".hidden", "_private"):
        saved(tmp_path / name)
    saved(tmp_path / "c", task="agreement")
    missing("vocab.json")(tmp_path / "broken")
    (tmp_path / "empty").mkdir()
    (tmp_path / "__init__.py").touch()

    store = Store(tmp_path)

    assert list(store.models) == ["a", "b", "c"]
    assert store.broken == {
        "broken": "vocab.json: the file is missing",
        "empty": "config.json: the file is missing",
    }
    assert [model.id for model in store] == ["a", "b", "c"]
    assert [model.id for model in store.task("sentiment")] == ["a", "b"]
    assert store.task("translation") == []


def test_a_linked_folder_goes_by_the_name_of_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "elsewhere" / "small")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "linked").symlink_to(tmp_path / "elsewhere" / "small")
    assert [(name, model.id) for name, model in Store(tmp_path / "models").models.items()] == [("linked", "linked")]
    monkeypatch.chdir(tmp_path / "elsewhere" / "small")
    assert load_model(".").id == "small"


def test_a_missing_folder_is_an_empty_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    assert (store.models, store.broken) == ({}, {})
