"""Importing from file to model: the folder that is written, its name, and what is refused."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import Wishes, import_model, name_for
from gatescope.importers.verifying import verify
from gatescope.store.loading import load_model
from torch import nn
from torch_files import UNITS, h_of, inputs, module_of, saved, tagger

LETTERS = ["<unk>", *"abcdefgh"]


@pytest.mark.parametrize("case", ["stacked LSTM in both directions", "projected LSTM", "GRU", "LSTMCell"])
def test_a_model_that_reads_numbers_traces_what_torch_computes(case: str, tmp_path: Path) -> None:
    module, answers = module_of(case)
    path = saved(module.state_dict(), tmp_path, "my network.pt")
    model, report = import_model(Request(path, "", answers), tmp_path / "models", "0.1.0")
    assert model.folder == tmp_path / "models" / "my-network"
    x = inputs()
    layers = model.trace(values=x).layers
    h = np.concatenate([each["h"] for each in layers if each.layer == layers[-1].layer], axis=-1)
    if isinstance(module, nn.RNNBase) and module.proj_size:
        ends = [f"l{module.num_layers - 1}{suffix}" for suffix in ("", "_reverse")]
        h = h @ torch.block_diag(*(getattr(module, f"weight_hr_{end}") for end in ends)).detach().numpy().T
        assert model.config.description.endswith(". Its h is that before the projection to 3 numbers.")
    np.testing.assert_allclose(h, h_of(module, x), atol=1e-6)
    assert [each.name for each in model.config.columns] == [f"input {at}" for at in range(5)]
    assert load_model(model.folder).imported == report
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.source == "my network.pt"


def test_a_language_model_reads_text(tmp_path: Path) -> None:
    network = tagger(vocabulary=9, outputs=9)
    path = saved(network.state_dict(), tmp_path)
    (tmp_path / "letters.json").write_text(json.dumps(LETTERS))
    wishes = Wishes("letters-1", "Letters", tmp_path / "letters.json", "abba")
    model, report = import_model(Request(path), tmp_path, "0.1.0", wishes)
    assert (model.id, model.config.title, model.config.predicts_next) == ("letters-1", "Letters", True)
    assert model.config.description == f"LSTM, 1 layer of {UNITS} units, imported from a file of PyTorch."
    with torch.inference_mode():
        expected = network(torch.tensor([1, 2, 8])).softmax(-1)
    np.testing.assert_allclose(model.trace("abh").outputs, expected, atol=1e-6)
    assert report.text == "4 characters of the text given"


def test_a_model_of_our_own_is_imported_as_it_is(tmp_path: Path) -> None:
    shipped = load_model(Path(__file__).parents[2] / "models/prose-gru")
    model, report = import_model(Request(shipped.folder), tmp_path, "0.1.0")
    text = "It was the best of times, it was the worst of times."
    np.testing.assert_allclose(model.trace(text).outputs, shipped.trace(text).outputs, atol=1e-6)
    right, *wrong = [each.bits for each in report.orders]
    assert right is not None
    assert right < 3
    assert min(each for each in wrong if each is not None) > right + 1
    assert (report.sha256, report.unused) == ("", [])


def test_of_a_folder_the_one_file_is_imported_that_can_be(tmp_path: Path) -> None:
    """What is dropped together: ONNX with its external data, a state dict with its vocabulary."""
    folder = tmp_path / "my model"
    folder.mkdir()
    path = saved(tagger().state_dict(), folder, "weights.pt")
    tokens = [*LETTERS[:-1], "zebra"]
    (folder / "vocab.json").write_text(json.dumps(tokens))
    (folder / "notes.md").write_text("trained on Monday")
    model, report = import_model(Request(folder), tmp_path / "models", "0.1.0")
    assert (model.id, report.source) == ("my-model", "weights.pt")
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert model.tokenizer is not None
    assert list(model.tokenizer.vocabulary) == tokens
    assert verify(model, Request(folder), "0.1.0").error == report.error
    (folder / "vocab.json").write_text("[]")
    _, report = import_model(Request(folder), tmp_path / "others", "0.1.0")
    assert report.remarks[-2].startswith("the vocabulary is not imported: vocab.json holds no vocabulary")
    saved(tagger().state_dict(), folder, "epoch-2.pt")
    with pytest.raises(ImportRefusedError, match=r"^these are several files that can be imported, epoch-2.pt, weights"):
        import_model(Request(folder), tmp_path / "none", "0.1.0")


def test_which_network_is_meant_may_be_an_answer(tmp_path: Path) -> None:
    lstm, gru = nn.LSTM(3, 4), nn.GRU(3, 4)
    state = {
        f"{kind}.{name}": each
        for kind, of in {"lstm": lstm, "gru": gru}.items()
        for name, each in of.state_dict().items()
    }
    path = saved(state, tmp_path)
    _, report = import_model(Request(path, "rnn", {"module": "gru"}), tmp_path / "models", "0.1.0")
    assert report.module == "gru"


def test_nothing_is_saved_where_the_import_is_refused(tmp_path: Path) -> None:
    path, into = saved(module_of("LSTM")[0].state_dict(), tmp_path), tmp_path / "models"
    for wishes, message in (
        (Wishes(name="../up"), r"^'\.\./up' cannot be the name of a model: use up to 100 letters, digits"),
        (Wishes(vocabulary=path), r"^model\.pt is a pickle, which would run code to be read"),
    ):
        with pytest.raises(ImportRefusedError, match=message):
            import_model(Request(path), into, "0.1.0", wishes)
    (tmp_path / "vocab.json").write_text('["<unk>"]')
    with pytest.raises(ImportRefusedError, match=r"^vocab\.json is of no use: no embedding was found"):
        import_model(Request(path), into, "0.1.0", Wishes(vocabulary=tmp_path / "vocab.json"))
    tagged = saved(tagger().state_dict(), tmp_path, "tagger.pt")
    with pytest.raises(ImportRefusedError, match=r"^vocab\.json has 1 token, but the embedding has 9 rows"):
        import_model(Request(tagged), into, "0.1.0", Wishes(vocabulary=tmp_path / "vocab.json"))
    assert not into.exists()


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    path, into = saved(module_of("LSTM")[0].state_dict(), tmp_path), tmp_path / "models"
    import_model(Request(path), into, "0.1.0")
    with pytest.raises(ImportRefusedError, match=f"^there is a model model in {re.escape(str(into))} already"):
        import_model(Request(path), into, "0.1.0")
    assert import_model(Request(path), into, "0.1.0", Wishes("other"))[0].id == "other"


def test_what_is_of_no_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(
        ImportRefusedError, match=r"^this is not a file that can be imported: the formats are PyTorch, "
    ):
        import_model(Request(tmp_path / "picture.png"), tmp_path / "models", "0.1.0")
    with pytest.raises(ImportRefusedError, match=r"^this folder holds no file that can be imported"):
        import_model(Request(tmp_path), tmp_path / "models", "0.1.0")
    with pytest.raises(FileNotFoundError):
        import_model(Request(tmp_path / "nothing.pt"), tmp_path / "models", "0.1.0")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a.pt", "a"),
        ("epoch=3.step.ckpt", "epoch-3.step"),
        ("été.bin", "t"),
        ("…….pt", "model"),
        (f"{'x' * 200}.pt", "x" * 100),
    ],
)
def test_a_model_is_named_after_its_file(file: str, name: str, tmp_path: Path) -> None:
    assert name_for(tmp_path / file, "") == name
    assert name_for(tmp_path / file, "mine") == "mine"
