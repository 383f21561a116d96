"""Files of ONNX: those that PyTorch exports become the network that was exported, and nothing else is taken for one."""

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.importers import TABLE, Request
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.onnx_file import IMPORTER
from torch import Tensor, nn

from .onnx_models import gap_to_references, run, saved, single

V, E, H, OUTPUTS = 11, 5, 6, 3


class Language(nn.Module):
    """Embedding, recurrent layers, linear head."""

    def __init__(
        self, kind: str, layers: int, bidirectional: bool, batch_first: bool, head: str, **options: Any
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.encoder = getattr(nn, kind)(
            *(E, H, layers),
            bidirectional=bidirectional,
            batch_first=batch_first,
            dropout=0.5 if layers > 1 else 0,
            **options,
        )
        self.linear, self.head = nn.Linear(H * (1 + bidirectional), OUTPUTS), head

    def forward(self, ids: Tensor) -> Tensor:
        h, last = self.encoder(self.embedding(ids))
        if self.head == "last":
            return torch.sigmoid(self.linear((last[0] if isinstance(last, tuple) else last)[-1]))
        logits: Tensor = self.linear(h)
        return torch.softmax(logits, dim=-1) if self.head == "softmax" else logits


def exported(folder: Path, module: nn.Module, opset: int, example: Tensor, dynamic: bool) -> Path:
    """The file that PyTorch's exporter writes."""
    path = folder / "model.onnx"
    axes = {"dynamic_axes": {"ids": {0: "first", 1: "second"}}} if dynamic else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter is deprecated, but has no other without onnxscript
        torch.onnx.export(
            module.eval(), (example,), str(path), opset_version=opset, dynamo=False, input_names=["ids"], **axes
        )
    return path


@pytest.mark.parametrize("opset", [11, 17])
@pytest.mark.parametrize(
    ("kind", "variant", "layers", "bidirectional", "batch_first", "head", "options"),
    [
        ("LSTM", "lstm", 2, True, True, "softmax", {}),
        ("LSTM", "lstm", 1, False, False, "last", {"bias": False}),
        ("GRU", "gru", 3, False, True, "none", {}),
        ("RNN", "rnn", 2, True, False, "none", {}),
        ("RNN", "relu rnn", 1, False, True, "last", {"nonlinearity": "relu"}),
    ],
    ids=str,
)
def test_what_pytorch_exports_is_what_was_exported(
    tmp_path: Path,
    kind: str,
    variant: str,
    layers: int,
    bidirectional: bool,
    batch_first: bool,
    head: str,
    options: dict[str, Any],
    opset: int,
) -> None:
    torch.manual_seed(0)
    module = Language(kind, layers, bidirectional, batch_first, head, **options)
    path = exported(tmp_path, module, opset, torch.randint(V, (4, 3)), dynamic=opset == 17)
    found = IMPORTER.open(Request(path))
    assert (found.cell.variant, len(found.layers), len(found.layers[0])) == (variant, layers, 1 + bidirectional)
    assert found.embedding is not None
    assert found.readout is not None
    assert found.readout.bias is not None
    assert torch.equal(found.embedding, module.embedding.weight)
    assert torch.equal(found.readout.weight, module.linear.weight)
    assert torch.equal(found.readout.bias, module.linear.bias)
    assert found.readout.function == {"none": "", "last": "sigmoid", "softmax": "softmax"}[head]
    assert found.unused == []
    assert [each.partition(":")[0] for each in found.remarks] == ["the head is not complete"] * (head == "none")
    with torch.no_grad():
        x = torch.randn(9, 2, E)
        module.encoder.batch_first = False
        expected, _ = module.encoder(x)
    np.testing.assert_allclose(run(found, x.numpy())["h"], expected.numpy(), atol=2e-6)
    gaps = gap_to_references(found)
    assert gaps.keys() == {"engine", "equations"}
    assert max(gaps.values()) < 2e-6
    assert {each.source for each in found.placed} >= {"embedding.weight", "linear.bias"}


class Scaled(nn.Module):
    """What only looks like an embedding and a head: rows are scaled, and states are averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.encoder, self.linear = nn.Embedding(V, E), nn.GRU(E, H), nn.Linear(H, OUTPUTS)

    def forward(self, ids: Tensor) -> Tensor:
        h: Tensor = self.linear(self.encoder(self.embedding(ids) * 2)[0].mean(dim=0))
        return h


def test_what_only_looks_like_an_embedding_or_a_head_is_left_out_and_said(tmp_path: Path) -> None:
    found = IMPORTER.open(Request(exported(tmp_path, Scaled(), 17, torch.randint(V, (4, 3)), dynamic=True)))
    assert (found.embedding, found.readout) == (None, None)
    assert found.remarks == [
        "/encoder/GRU reads what the Mul '/Mul' gives: nothing before it is imported",
        "h of /encoder/GRU is read by the ReduceMean '/ReduceMean': no head is imported",
    ]
    assert set(found.unused) == {"embedding.weight", "linear.weight", "linear.bias"}


def test_files_are_known_by_their_name_or_their_first_bytes(tmp_path: Path) -> None:
    assert IMPORTER in TABLE
    for name in ("model.onnx", "MODEL.ONNX", "network.bin"):
        assert IMPORTER.matches(saved(tmp_path, single("RNN"), name))
    for data in (b"", b"\x08", b"PK\x03\x04", b"\x89PNG\r\n", b'{"cell": "lstm"}', b"\x80\x02}q"):
        (tmp_path / "other").write_bytes(data)
        assert not IMPORTER.matches(tmp_path / "other")
    assert not IMPORTER.matches(tmp_path)


def test_without_the_package_the_way_to_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, single("RNN"))
    monkeypatch.setattr("gatescope.importers.onnx_file.find_spec", lambda name: None)
    message = r"^reading ONNX needs the package onnx: install it by pip install 'gatescope\[import\]'$"
    with pytest.raises(ImportRefusedError, match=message):
        IMPORTER.open(Request(path))


def test_without_onnxruntime_the_equations_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, single("LSTM"))
    real = importlib.util.find_spec
    monkeypatch.setattr(
        "gatescope.importers.onnx_graph.references.find_spec",
        lambda name: None if name == "onnxruntime" else real(name),
    )
    found: Found = IMPORTER.open(Request(path))
    assert [each.name for each in found.references] == ["the equations of ONNX's LSTM in float64"]
