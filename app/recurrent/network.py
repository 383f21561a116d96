"""A recurrent network (embedding, layers of a cell, head), and the dataclass that describes it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .cells import CellName, cell_named
from .cells.cell import Cell, CellWeights
from .modules import Direction, Recurrent, layers_of, weights_of
from .stepped_module import States, SteppedModule

Head = Literal["sigmoid", "softmax"]


@dataclass(frozen=True)
class NetworkConfig:
    """Everything needed to build a network, except its weights."""

    # How pydantic reads a config.json: it forbids other fields, and takes descriptions from the docstrings below.
    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    cell: CellName
    """The recurrent cell."""
    vocabulary_size: int
    """V: rows of the embedding, including that of the unknown token."""
    embedding_size: int
    """E: numbers that represent a token."""
    hidden_size: int
    """H: units of each layer and direction."""
    outputs: int
    """Numbers that the head gives after each step."""
    layers: int = 1
    """Recurrent layers, one on top of the other."""
    bidirectional: bool = False
    """Whether every layer also runs from the last token to the first."""
    bias: bool = True
    """Whether there are biases: PyTorch's two vectors, b_ih and b_hh, which add up."""
    nonlinearity: Literal["tanh", "relu"] = "tanh"
    """RNN: the function that gives h."""
    reset_after: bool = True
    """GRU: whether r is applied after the recurrent product (PyTorch) or before it (Cho et al. 2014)."""
    peepholes: bool = False
    """LSTM: whether its gates see the cell state, each unit its own (Gers et al. 2002)."""
    head: Head = "sigmoid"
    """What turns outputs into probabilities: sigmoid, each independently, or softmax, so that they sum to 1."""

    def __post_init__(self) -> None:
        for name in ("vocabulary_size", "embedding_size", "hidden_size", "outputs", "layers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least 1")

    @property
    def cell_definition(self) -> Cell:
        """The cell with its variant: which equations a step follows."""
        return cell_named(
            self.cell, nonlinearity=self.nonlinearity, reset_after=self.reset_after, peepholes=self.peepholes
        )

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions of every layer, in PyTorch's order."""
        return ("forward", "backward") if self.bidirectional else ("forward",)


class Network(nn.Module):
    """The network of a ``NetworkConfig``.

    ``forward`` is for training, and uses PyTorch's fused module if it has one for the cell; ``weights`` gives the same
    parameters to the cell, whose steps show what the fused module hides.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        rows = torch.empty(config.vocabulary_size, config.embedding_size)
        self.embedding = nn.Embedding(config.vocabulary_size, config.embedding_size, _weight=rows)
        if not rows.is_meta:  # where there is nothing to draw, PyTorch would load its compiler for it, for a second
            nn.init.normal_(self.embedding.weight)
        self.recurrent = _recurrent(config)
        self.head = nn.Linear(config.hidden_size * len(config.directions), config.outputs)

    def forward(self, ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, T, outputs) of token ids (B, T); ``lengths`` (B,), on the CPU, if rows are padded."""
        return self.read(self.states(self.embedding(ids), lengths)[0])

    def states(self, x: Tensor, lengths: Tensor | None = None, initial: States | None = None) -> tuple[Tensor, States]:
        """Return the last layer's h (B, T, H·directions) for embedded tokens (B, T, E), and all layers' final states.

        ``initial`` holds the states to start from, in the form of the final states, so that a batch can continue
        another.
        """
        if isinstance(self.recurrent, SteppedModule):
            return self.recurrent(x, None if lengths is None else lengths.tolist(), initial)  # type: ignore[no-any-return]
        if lengths is None:
            return self.recurrent(x, initial)  # type: ignore[no-any-return]
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        h, last = self.recurrent(packed, initial)
        return pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])[0], last

    def read(self, h: Tensor) -> Tensor:
        """Return the logits (..., outputs) for hidden states (..., H·directions) of the last layer."""
        return self.head(h)  # type: ignore[no-any-return]

    def read_in_double(self, h: Tensor) -> Tensor:
        """Return the logits in float64: sums of float32 cannot overflow, and probabilities near 1 stay below it."""
        return linear(h.double(), self.head.weight.double(), self.head.bias.double())

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probabilities (..., outputs): the head's function of ``logits`` (..., outputs)."""
        return torch.sigmoid(logits) if self.config.head == "sigmoid" else torch.softmax(logits, dim=-1)

    def weights(self, layer: int, direction: Direction) -> CellWeights:
        """Return the parameters of one layer in one direction."""
        return weights_of(self.recurrent, layer, direction)

    def layers(self) -> Iterator[tuple[int, Direction]]:
        """Yield every layer and direction, in the order in which a trace lists them."""
        return layers_of(self.recurrent)


def _recurrent(config: NetworkConfig) -> Recurrent:
    cell = config.cell_definition
    if cell.module is None:
        return SteppedModule(
            cell,
            config.embedding_size,
            config.hidden_size,
            config.layers,
            bias=config.bias,
            bidirectional=config.bidirectional,
        )
    return cell.module(
        input_size=config.embedding_size,
        hidden_size=config.hidden_size,
        num_layers=config.layers,
        bias=config.bias,
        batch_first=True,
        bidirectional=config.bidirectional,
        **(cell.module_options or {}),
    )
