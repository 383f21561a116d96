"""Models that others trained and published, imported: they give what their own code gives."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.saving import import_model
from torch import nn
from torch_files import inputs, opened
from wheels import unpack


@pytest.mark.soak("fetches a package")
def test_resemblyzers_voice_encoder(pytestconfig: pytest.Config, tmp_path: Path) -> None:
    """Its embedding of a voice is that of LSTM 3 × 256 → Linear → ReLU → L2 norm, as torch computes it."""
    path = unpack(pytestconfig, "resemblyzer==0.1.4", tmp_path) / "resemblyzer/pretrained.pt"
    model, report = import_model(Request(path), tmp_path / "models", "0.1.0")
    assert (report.format, report.module) == ("PyTorch", "lstm")
    assert [each.answer for each in report.conventions if each.question == "state dict"] == ["model_state"]
    assert report.remarks[0].startswith(
        "the head is not complete: what is made of the 256 numbers that linear.weight gives (by a function such as "
        "ReLU, or a norm)"
    )
    assert report.unused == ["linear.weight", "linear.bias", "similarity_weight", "similarity_bias"]
    assert report.engine_error is not None
    assert report.error < 2 * report.engine_error < 1e-3
    config = model.config.network
    assert (config.cell, config.input_size, config.hidden_size, config.layers) == ("lstm", 40, 256, 3)

    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    lstm, linear = nn.LSTM(40, 256, 3), nn.Linear(256, 256)
    for name, module in {"lstm": lstm, "linear": linear}.items():
        module.load_state_dict(
            {key.partition(".")[2]: each for key, each in state.items() if key.startswith(f"{name}.")}
        )
    mels = np.abs(inputs(160, 40)) * 0.3
    with torch.inference_mode():
        embedding = torch.relu(linear(lstm(torch.from_numpy(mels))[1][0][-1]))
        expected = embedding / embedding.norm()
    readout = opened(path).readout
    assert readout is not None
    assert readout.bias is not None
    h = torch.from_numpy(model.trace(values=mels).layer(2)["h"][-1])
    ours = torch.relu(readout.weight @ h + readout.bias)
    torch.testing.assert_close(ours / ours.norm(), expected, rtol=1e-4, atol=1e-5)
