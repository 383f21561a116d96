"""What ``torch.onnx.export`` writes with ``dynamo=True``: LSTM and GRU as operators, a plain RNN written out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.onnx_file import IMPORTER

from .onnx_models import gap_to_references, run

FOLDER = Path(__file__).parents[1] / "data" / "onnx"


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_both_directions_of_two_layers_are_what_torch_computed(kind: str) -> None:
    found = IMPORTER.open(Request(FOLDER / f"{kind}.onnx"))
    assert (found.cell.variant, len(found.layers), [*found.layers[0]]) == (kind, 2, ["forward", "backward"])
    assert found.embedding is not None
    assert found.readout is not None
    assert found.readout.function == "softmax"
    assert (found.unused, found.remarks) == ([], [])
    with np.load(FOLDER / "torch.npz") as computed:
        ids, h, outputs = (computed[f"{kind.upper()}.{name}"] for name in ("ids", "h", "outputs"))
    states = run(found, found.embedding.numpy()[ids].swapaxes(0, 1))["h"]
    np.testing.assert_allclose(states.swapaxes(0, 1), h, atol=1e-6)
    bias = found.readout.bias if found.readout.bias is not None else 0
    ours = torch.softmax(torch.from_numpy(states) @ found.readout.weight.T + bias, -1)
    np.testing.assert_allclose(ours.numpy().swapaxes(0, 1), outputs, atol=1e-6)
    assert max(gap_to_references(found).values()) < 2e-6


def test_a_plain_rnn_is_written_out_and_refused() -> None:
    with pytest.raises(ImportRefusedError) as refused:
        IMPORTER.open(Request(FOLDER / "rnn.onnx"))
    assert str(refused.value) == (
        "rnn.onnx has no LSTM, GRU or RNN: its operators are Add, Concat, Expand, Gather, MatMul, Shape and 6 more; if "
        "these are one written out, export the layer as it is, so that it becomes an operator (torch.onnx.export does "
        "so for nn.RNN with dynamo=False)"
    )
