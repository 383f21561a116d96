"""PyTorch's files: what is found in each form that they take, and that nothing in them is run."""

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.importers import TABLE
from gatescope.importers.building import build
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.proof import h_of as our_h
from torch import nn
from torch_files import CASES, INPUTS, UNITS, Tagger, h_of, inputs, module_of, opened, saved, tagger

SAVE = r"save the network's state dict by torch\.save\(model\.state_dict\(\), …\)"


@pytest.mark.parametrize("case", CASES)
def test_each_module_is_found_and_computes_what_torch_does(case: str, tmp_path: Path) -> None:
    module, answers = module_of(case)
    found = opened(saved(module.state_dict(), tmp_path), **answers)
    x = inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(module, x), atol=1e-6)
    assert [each.source for each in found.placed] == list(module.state_dict())
    assert found.unused == []
    assert (found.format, found.name, found.input_size, found.hidden_size) == ("PyTorch", "", INPUTS, UNITS)


STATE = {f"model.{name}": weight for name, weight in tagger().state_dict().items()}


@pytest.mark.parametrize(
    ("value", "name", "told"),
    [
        (STATE, "model.rnn", ()),
        ({f"module.{name}": weight for name, weight in STATE.items()}, "module.model.rnn", ()),
        ({"state_dict": STATE, "hyper_parameters": {"lr": 0.1}, "epoch": 3}, "model.rnn", ("state_dict",)),
        ({"model": "tagger", "model_state": STATE}, "model.rnn", ("model_state",)),
        ({"net": {"weights": STATE}, "loss": 0.5}, "model.rnn", ("net → weights",)),
        ({"net": STATE, "scale": torch.ones(2)}, "net.model.rnn", ()),
    ],
    ids=["prefix", "DataParallel", "Lightning", "nested", "deep", "among others"],
)
def test_the_state_dict_is_found_where_checkpoints_hold_it(
    value: Any, name: str, told: tuple[str, ...], tmp_path: Path
) -> None:
    found = opened(saved(value, tmp_path))
    assert found.name == name
    assert tuple(each.answer for each in found.conventions if each.question == "state dict") == told
    assert (found.embedding, found.readout) != (None, None)


def test_the_state_of_an_optimiser_is_not_looked_at(tmp_path: Path) -> None:
    moments = {"exp_avg": torch.ones(3), "step": torch.tensor(1.0)}
    for state in ({0: moments}, {"rnn.weight_ih_l0": moments}):
        path = saved({"model": tagger().state_dict(), "optimizer": {"state": state, "param_groups": []}}, tmp_path)
        assert opened(path).unused == []


def test_a_file_of_an_old_version_is_read(tmp_path: Path) -> None:
    module, _ = module_of("LSTM")
    found = opened(saved(module.state_dict(), tmp_path, _use_new_zipfile_serialization=False))
    x = inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(module, x), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_weights_of_half_precision_become_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    module, _ = module_of("GRU")
    found = opened(saved(module.to(dtype).state_dict(), tmp_path))
    name, x = str(dtype).removeprefix("torch."), inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(module.float(), x), atol=1e-6)
    assert found.remarks == [f"weights in {name} were converted to float32, without a change"]
    assert {each.change for each in found.placed} == {f"{name} → float32"}


def test_weights_in_float64_stay_so(tmp_path: Path) -> None:
    module, _ = module_of("LSTM")
    found, x = opened(saved(module.double().state_dict(), tmp_path)), inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(module, x), atol=1e-13)


def test_a_vocabulary_in_the_checkpoint_is_that_of_the_embedding(tmp_path: Path) -> None:
    letters = ["<unk>", *"abcdefgh"]
    ids = {letter: at for at, letter in enumerate(letters)}
    assert opened(saved({"model": tagger().state_dict(), "stoi": ids}, tmp_path)).vocabulary == letters
    assert opened(saved({"model": tagger().state_dict(), "classes": ["a", "b"]}, tmp_path)).vocabulary is None
    twice = {"model": tagger().state_dict(), "stoi": ids, "itos": letters}
    assert opened(saved(twice, tmp_path)).vocabulary == letters
    # Two lists of as many strings: neither is taken.
    both = {"model": tagger().state_dict(), "stoi": ids, "others": letters[::-1]}
    assert opened(saved(both, tmp_path)).vocabulary is None


def script(tmp_path: Path, network: nn.Module, *, traced: bool = False) -> Path:
    made = torch.jit.trace(network, torch.tensor([[1, 2, 3]])) if traced else torch.jit.script(network)
    torch.jit.save(made, tmp_path / "script.pt")
    return tmp_path / "script.pt"


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
@pytest.mark.parametrize(
    "traced", [False, pytest.param(True, marks=pytest.mark.slow("PyTorch traces a module", seconds=3))]
)
def test_the_weights_of_a_torchscript_archive_are_read_without_its_code(*, traced: bool, tmp_path: Path) -> None:
    network = tagger(num_layers=2, bidirectional=True)
    found = opened(script(tmp_path, network, traced=traced))
    assert found.name == "rnn"
    x = inputs()
    np.testing.assert_allclose(our_h(found, build(found).network, x), h_of(network.rnn, x), atol=1e-6)
    assert found.embedding is not None
    assert torch.equal(found.embedding, network.embedding.weight)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_frozen_archive_is_refused(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.freeze(torch.jit.script(tagger())), tmp_path / "frozen.pt")
    with pytest.raises(
        ImportRefusedError, match="it was frozen or traced with its weights as constants; save the state"
    ):
        opened(tmp_path / "frozen.pt")


def test_a_folder_with_a_file_of_hugging_faces_name_is_read(tmp_path: Path) -> None:
    saved(STATE, tmp_path, "pytorch_model.bin")
    assert opened(tmp_path).name == "model.rnn"


def test_other_files_are_of_another_format(tmp_path: Path) -> None:
    np.savez(tmp_path / "arrays.npz", a=np.ones(3))
    (tmp_path / "text.txt").write_text("PK is no archive")
    (tmp_path / "empty.pt").write_bytes(b"")
    pytorch = next(each for each in TABLE if each.format == "PyTorch")
    assert not any(pytorch.matches(path) for path in [*tmp_path.iterdir(), tmp_path])


def test_a_tagger_is_read_with_what_is_around_its_network(tmp_path: Path) -> None:
    network: Tagger = tagger()
    found = opened(saved(network.state_dict(), tmp_path))
    assert re.sub(r"layer 0 forward, ", "", " ".join(each.target for each in found.placed)) == (
        "W_ih W_hh b_ih b_hh embedding head, weight head, bias"
    )
    assert found.readout is not None
    assert torch.equal(found.readout.weight, network.fc.weight)


def test_packed_weights_of_a_quantised_model_are_named(tmp_path: Path) -> None:
    """They are in a state dict already: to save one, as of a whole module, would not help."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyTorch, that this is deprecated
        quantised = torch.ao.quantization.quantize_dynamic(tagger(), {nn.LSTM}, dtype=torch.qint8)
        path = saved(quantised.state_dict(), tmp_path)
    with pytest.raises(ImportRefusedError, match=r"^it holds packed weights of quantised modules .*: save the state"):
        opened(path)
