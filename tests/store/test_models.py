"""The models on disk: what is saved comes back whole, or what was there before stays."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gatescope.recurrent.tokenizer import CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store.models import BrokenModelError, Store, load_model, save_model, write_units
from model_folders import ABOUT, STATISTICS, UNIT, VOCABULARY, contents, edited, missing, network, saved


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


@pytest.mark.parametrize("is_about_tokens", [True, False])
def test_a_folder_of_before_is_about_the_next_token_if_its_outputs_are_the_vocabulary(
    tmp_path: Path, is_about_tokens: bool
) -> None:
    outputs = VOCABULARY if is_about_tokens else [*VOCABULARY[:-1], "end"]
    saved(tmp_path / "small", network(outputs=8), outputs=outputs)
    edited("config.json", lambda config: config.pop("predicts_next") in (True, False) and config)(tmp_path / "small")
    assert load_model(tmp_path / "small").config.predicts_next is is_about_tokens


@pytest.mark.parametrize("predicts_next", [True, False])
def test_what_outputs_are_about_is_saved_with_the_model(tmp_path: Path, predicts_next: bool) -> None:
    outputs = [*VOCABULARY[:0:-1], "end"]
    saved(tmp_path / "small", network(outputs=8), outputs=outputs, predicts_next=predicts_next)
    assert json.loads(contents(tmp_path / "small")["config.json"])["predicts_next"] is predicts_next
    model = load_model(tmp_path / "small")
    assert model.next_outputs == ((None, 6, 5, 4, 3, 2, 1, 0) if predicts_next else ())


def test_a_model_that_cannot_predict_the_next_token_is_not_saved_as_one_that_does(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match="predicts_next: no output has the name 'the'"):
        saved(tmp_path / "small", predicts_next=True)
    assert list(tmp_path.iterdir()) == []


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
