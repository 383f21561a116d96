"""safetensors: files, and folders as Hugging Face lays them out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.importers.building import build
from gatescope.importers.found import UndecidedError
from gatescope.importers.proof import h_of as our_h
from safetensors.torch import save_file
from torch import nn
from torch_files import CASES, h_of, inputs, module_of, opened, tagger

LETTERS = ["<unk>", *"abcdefgh"]


@pytest.mark.parametrize("case", CASES)
def test_a_file_computes_what_torch_does(case: str, tmp_path: Path) -> None:
    module, answers = module_of(case)
    save_file(module.state_dict(), tmp_path / "weights.safetensors", {"format": "pt"})
    found, x = opened(tmp_path / "weights.safetensors", **answers), inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(module, x), atol=1e-6)
    assert found.format == "safetensors"


def folder(path: Path, *, shards: bool = False, **files: Any) -> Path:
    """A folder with the weights of a tagger, whole or in two files, and other JSON files."""
    state = dict(tagger(vocabulary=9, outputs=9).state_dict())
    if shards:
        names = {"1.safetensors": [*state][:3], "2.safetensors": [*state][3:]}
        for name, own in names.items():
            save_file({each: state[each] for each in own}, path / name)
        places = {each: name for name, own in names.items() for each in own}
        files = {"model.safetensors.index": {"metadata": {}, "weight_map": places}, **files}
    else:
        save_file(state, path / "model.safetensors")
    for name, value in files.items():
        (path / f"{name}.json").write_text(value if isinstance(value, str) else json.dumps(value))
    return path


@pytest.mark.parametrize("shards", [False, True])
def test_a_folder_is_read_with_its_vocabulary(*, shards: bool, tmp_path: Path) -> None:
    ids = {token: at for at, token in enumerate(LETTERS)}
    found = opened(folder(tmp_path, shards=shards, vocab=ids, config={"model_type": "lstm"}))
    network, x = tagger(vocabulary=9, outputs=9), inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(network.rnn, x), atol=1e-6)
    assert (found.vocabulary, found.remarks, found.unused) == (LETTERS, [], [])


def test_a_simple_tokenizer_is_read_and_another_is_named(tmp_path: Path) -> None:
    ids = {token: at for at, token in enumerate(LETTERS)}
    simple = {"model": {"type": "WordLevel", "vocab": ids}}
    assert opened(folder(tmp_path, tokenizer=simple)).vocabulary == LETTERS
    found = opened(folder(tmp_path, tokenizer={"model": {"type": "BPE", "vocab": ids}}))
    assert found.vocabulary is None
    assert found.remarks[0].startswith("the vocabulary is not imported: tokenizer.json is a tokenizer of kind BPE")


def test_the_configuration_says_the_nonlinearity(tmp_path: Path) -> None:
    save_file(nn.RNN(3, 4).state_dict(), tmp_path / "model.safetensors")
    with pytest.raises(UndecidedError):
        opened(tmp_path)
    (tmp_path / "config.json").write_text('{"nonlinearity": "relu", "layers": 1}')
    found = opened(tmp_path)
    assert found.cell.options == {"nonlinearity": "relu"}
    assert [each.reason for each in found.conventions if each.question == "nonlinearity"] == ["so config.json says"]


@pytest.mark.parametrize(
    ("labels", "names", "said"),
    [
        ({"2": "good", "0": "bad", "1": "so so"}, ["bad", "so so", "good"], None),
        ({"0": "bad", "1": "good"}, [], "the file names 2 outputs, but the head gives 3: they are numbered"),
        ({"0": "bad", "1": "bad", "2": "good"}, [], "the file does not name its outputs: they are numbered"),
        ({"0": "bad", "5": "good"}, [], "the file does not name its outputs: they are numbered"),
        (["bad"], [], "the file names 1 output, but the head gives 3: they are numbered"),
        ("good", [], "the file does not name its outputs: they are numbered"),
    ],
    ids=["three", "two", "alike", "gaps", "one", "text"],
)
def test_the_configuration_names_the_outputs_of_a_head(
    labels: Any, names: list[str], said: str | None, tmp_path: Path
) -> None:
    save_file(dict(tagger(vocabulary=9, outputs=3).state_dict()), tmp_path / "model.safetensors")
    (tmp_path / "vocab.json").write_text(json.dumps(LETTERS))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": labels}))
    built = build(opened(tmp_path, function="softmax"))
    assert list(built.outputs) == (names or ["output 0", "output 1", "output 2"])
    assert built.remarks == ([said] if said else [])
