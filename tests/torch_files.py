"""Networks of torch.nn whose files the importers are given, and what torch.nn computes with them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gatescope.importers import TABLE, Request
from gatescope.importers.found import Found
from numpy.typing import NDArray
from torch import Tensor, nn

CASES: dict[str, tuple[Any, dict[str, Any]]] = {  # of each: the class, its options
    "LSTM": (nn.LSTM, {}),
    "stacked LSTM in both directions": (nn.LSTM, {"num_layers": 2, "bidirectional": True}),
    "projected LSTM": (nn.LSTM, {"num_layers": 2, "bidirectional": True, "proj_size": 3}),
    "LSTM without biases": (nn.LSTM, {"bias": False}),
    "GRU": (nn.GRU, {"num_layers": 3}),
    "GRU in both directions": (nn.GRU, {"bidirectional": True, "bias": False}),
    "tanh": (nn.RNN, {"nonlinearity": "tanh", "num_layers": 2}),
    "relu": (nn.RNN, {"nonlinearity": "relu", "bidirectional": True}),
    "LSTMCell": (nn.LSTMCell, {}),
    "GRUCell": (nn.GRUCell, {"bias": False}),
    "RNNCell": (nn.RNNCell, {"nonlinearity": "relu"}),
}
INPUTS, UNITS = 5, 6


def module_of(case: str, seed: int = 0) -> tuple[nn.Module, dict[str, str]]:
    """A module of random weights, larger than PyTorch's, and the answers that its file needs."""
    kind, options = CASES[case]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        module: nn.Module = kind(INPUTS, UNITS, **options)
    with torch.no_grad():
        for weight in module.parameters():
            weight *= 1.5
    return module, {name: value for name, value in options.items() if name == "nonlinearity"}


@torch.inference_mode()
def h_of(module: nn.Module, x: NDArray[Any]) -> NDArray[Any]:
    """What torch.nn gives for x (T, E): h of the last layer (T, H·directions); of a cell, called once a step."""
    batch = torch.from_numpy(x).to(next(module.parameters()))
    if isinstance(module, nn.RNNBase):
        return module(batch)[0].numpy()
    states: Any = None
    rows: list[Tensor] = []
    for row in batch:
        states = module(row, states)
        rows.append(states[0] if isinstance(states, tuple) else states)
    return torch.stack(rows).numpy()


def inputs(steps: int = 12, size: int = INPUTS, seed: int = 3) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((steps, size)).astype(np.float32)


class Tagger(nn.Module):
    """An embedding, an LSTM and a linear layer, as many networks are built."""

    def __init__(self, vocabulary: int = 9, outputs: int = 3, kind: Any = nn.LSTM, **options: Any) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, INPUTS)
        self.rnn = kind(INPUTS, UNITS, **options)
        self.fc = nn.Linear((self.rnn.proj_size or UNITS) * (1 + self.rnn.bidirectional), outputs)

    def forward(self, ids: Tensor) -> Tensor:
        return self.fc(self.rnn(self.embedding(ids))[0])  # type: ignore[no-any-return]


def tagger(seed: int = 0, **options: Any) -> Tagger:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Tagger(**options).eval()


def opened(path: Path, module: str = "", **answers: str) -> Found:
    """What the importer that is asked first finds in a file."""
    importer = next(each for each in TABLE if each.matches(path))
    return importer.open(Request(path, module, answers))


def saved(value: Any, folder: Path, name: str = "model.pt", **options: Any) -> Path:
    torch.save(value, folder / name, **options)
    return folder / name
