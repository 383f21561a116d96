"""Models with recurrent modules inside, as their owners write them."""

from typing import Any

import torch
from torch import Tensor, nn


class Tagger(nn.Module):
    """A module in the middle of a model, under a name with a dot."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"rnn": rnn})
        self.head = nn.Linear(3, 2)

    def forward(self, *given: Any) -> Any:
        return self.encoder["rnn"](*given)


class Loop(nn.Module):
    """A cell that is called step by step, from zeros or from a state."""

    def __init__(self, cell: nn.RNNCellBase) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        outputs = []
        for each in x:
            state = self.cell(each, state)
            outputs.append(state[0] if isinstance(state, tuple) else state)
        return torch.stack(outputs), state


def cell_and_module(kind: str, inputs: int = 5, hidden: int = 7) -> tuple[Any, Any]:
    """A cell, and the module of one layer of the same weights: an oracle for a loop over the cell."""
    options = {"nonlinearity": "relu"} if kind == "relu rnn" else {}
    base = kind.removeprefix("relu ").upper()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell = getattr(nn, f"{base}Cell")(inputs, hidden, **options)
    module = getattr(nn, base)(inputs, hidden, **options)
    module.load_state_dict({f"{name}_l0": weight for name, weight in cell.state_dict().items()})
    return cell, module


CELLS = ("lstm", "gru", "rnn", "relu rnn")
