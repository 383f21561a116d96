"""The models on disk: what is saved comes back whole, or what was there before stays."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gatescope.recurrent.tokenizer import CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store.files import BrokenModelError
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model, write_config, write_statistics
from model_folders import ABOUT, STATISTICS, UNIT, VOCABULARY, contents, network, saved


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


def test_named_units_come_back_and_can_be_replaced(tmp_path: Path) -> None:
    saved(tmp_path / "small", units=[UNIT])
    assert load_model(tmp_path / "small").config.units == [UNIT]
    before = contents(tmp_path / "small")
    other = UNIT.model_copy(update={"unit": 0})
    write_config(tmp_path / "small", {"units": [other, UNIT]})
    model = load_model(tmp_path / "small")
    assert model.config.units == [other, UNIT]
    after = contents(tmp_path / "small")
    assert {name for name in after if after[name] != before.get(name)} == {"config.json"}
    write_config(tmp_path / "small", {"units": [UNIT]})
    assert contents(tmp_path / "small") == before


def test_a_scale_of_pushes_can_be_written_into_statistics(tmp_path: Path) -> None:
    saved(tmp_path / "small")
    before = contents(tmp_path / "small")
    assert b"push_scale" in before["statistics.json"]
    write_statistics(tmp_path / "small", {"push_scale": 2.5})
    assert load_model(tmp_path / "small").statistics == STATISTICS.model_copy(update={"push_scale": 2.5})
    after = contents(tmp_path / "small")
    assert {name for name in after if after[name] != before.get(name)} == {"statistics.json"}
    write_statistics(tmp_path / "small", {"push_scale": None})
    assert contents(tmp_path / "small") == before


def test_fields_are_not_written_where_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match=r"^config.json: the file is missing$"):
        write_config(tmp_path, {"units": [UNIT]})
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_written_beside_the_card_where_there_is_one(tmp_path: Path) -> None:
    save_model(tmp_path / "one", network(), WordTokenizer(VOCABULARY), ABOUT, saturation="<svg/>")
    assert contents(tmp_path / "one")["saturation.svg"] == b"<svg/>"
    assert "saturation.svg" not in contents(saved(tmp_path / "other").folder)
