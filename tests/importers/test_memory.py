"""What the process that imports may allocate is enough for large files, whose weights it holds several times."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.importers import process
from gatescope.importers.child import Limits
from gatescope.store.loading import load_model
from onnx import ModelProto
from safetensors.torch import save_file
from torch import nn

from .onnx_models import model_of, recurrent

SIZE = 2_048  # units: weights of 134 MB
WITHOUT_FILE = 600_000_000  # bytes that Python, PyTorch and an engine take before the file, with some room to spare

TIMES = 3  # that the weights are held; what is allowed leaves room for engines that hold more


def lstm() -> nn.LSTM:
    torch.manual_seed(0)
    return nn.LSTM(SIZE, SIZE)


def onnx_model() -> ModelProto:
    random = np.random.default_rng(0)
    weights = {f"one.{each}": random.uniform(-0.03, 0.03, (1, 4 * SIZE, SIZE)).astype(np.float32) for each in "WR"}
    return model_of([recurrent("LSTM", "x", "y", "one", "WR")], weights, {"x": ["T", "B", SIZE]}, ["y"])


FILES: dict[str, Callable[[Path], object]] = {
    "lstm.pt": lambda path: torch.save(lstm().state_dict(), path),
    "lstm.safetensors": lambda path: save_file(lstm().state_dict(), path),
    "lstm.onnx": lambda path: path.write_bytes(onnx_model().SerializeToString()),
}


@pytest.mark.soak("imports weights of 134 MB three times, about a minute")
@pytest.mark.parametrize("name", FILES)
def test_a_large_file_is_imported_within_what_is_allowed_for_its_size(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    FILES[name](path)
    job = {"path": str(path), "into": str(tmp_path), "name": "mine", "title": "", "module": "", "vocabulary": ""}
    limits = Limits(600, WITHOUT_FILE + TIMES * path.stat().st_size)

    async def run() -> None:
        async with aclosing(process.run({**job, "answers": {}}, limits)) as progress:
            async for _ in progress:
                pass

    asyncio.run(run())
    assert load_model(tmp_path / "mine").imported is not None
