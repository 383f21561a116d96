"""A recurrent network (embedding, layers of a cell, head), and the dataclass that describes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from .cells import CellName, cell_named
from .cells.cell import Cell, CellWeights
from .modules import Direction, Recurrent, layers_of, weights_of
from .stepped_module import States, SteppedModule
from .tokenizer import Token

Head = Literal["sigmoid", "softmax"]

_IN_DOUBLE = 4_000_000  # weights of a head that are copied to float64 at a time


@dataclass(frozen=True)
class NetworkConfig:
    """Everything needed to build a network, except its weights."""

    # How pydantic reads a config.json: it forbids other fields, and takes descriptions from the docstrings below.
    __pydantic_config__: ClassVar = {"extra": "forbid", "use_attribute_docstrings": True}

    cell: CellName
    """The recurrent cell."""
    vocabulary_size: int = 0
    """V: rows of the embedding, including that of the unknown token; 0: there is no embedding."""
    embedding_size: int = 0
    """E: numbers that represent a token; 0: there is no embedding."""
    hidden_size: int = 0
    """H: units of each layer and direction."""
    outputs: int = 0
    """Numbers that the head gives after each step; 0: there is no head."""
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
    input_size: int = 0
    """E of a network that reads numbers, without an embedding; 0: it reads tokens."""

    def __post_init__(self) -> None:
        embedding = ("vocabulary_size", "embedding_size")
        sizes = (*embedding, "hidden_size") if self.input_size == 0 else ("input_size", "hidden_size")
        for name, least in {**dict.fromkeys((*sizes, "layers"), 1), "outputs": 0}.items():
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least {least}")
        for name in embedding if self.input_size else ():
            if getattr(self, name) != 0:
                raise ValueError(f"{name} is {getattr(self, name)}: a network with an input_size has no embedding")

    @property
    def inputs(self) -> int:
        """E: how many numbers the first layer reads at a step."""
        return self.input_size or self.embedding_size

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
        self.embedding = None if config.input_size else _embedding(config)
        self.recurrent = _recurrent(config)
        width = config.hidden_size * len(config.directions)
        self.head = nn.Linear(width, config.outputs) if config.outputs else None

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logits (B, T, outputs) of token ids (B, T), or of numbers (B, T, E) without an embedding.

        ``lengths`` (B,), on the CPU, if rows are padded.
        """
        return self.read(self.states(x if self.embedding is None else self.embedding(x), lengths)[0])

    def embedded(
        self, tokens: Sequence[Token], swaps: Mapping[int, int] = MappingProxyType({}), start: int = 0
    ) -> Tensor:
        """Return what the first layer reads, (T, E): the embedding of ``tokens``, or the values that they hold.

        ``swaps`` maps steps, of which that of the first token is ``start``, to the rows that are read in their place.
        Raises ValueError if the tokens are steps of numbers and the network reads text, or the other way round.
        """
        if tokens and (tokens[0].values is None) != (self.embedding is not None):
            reads, given = ("numbers", "text") if self.embedding is None else ("text", "numbers")
            raise ValueError(f"the network reads {reads}, and the tokens are of {given}")
        if self.embedding is None:
            return torch.tensor([token.values for token in tokens], dtype=self.dtype, device=self.device)
        read = [swaps.get(step, token.id) for step, token in enumerate(tokens, start)]
        return self.embedding(torch.from_numpy(np.array(read)).to(self.device))  # type: ignore[no-any-return]

    @property
    def device(self) -> torch.device:
        """The device of the weights."""
        return cast("Tensor", self.recurrent.weight_ih_l0).device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        return cast("Tensor", self.recurrent.weight_ih_l0).dtype

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

    def require_embedding(self) -> nn.Embedding:
        """Return the embedding. Raises ValueError if the network reads numbers."""
        if self.embedding is None:
            raise ValueError("the network reads numbers: it has no embedding")
        return self.embedding

    def require_head(self) -> nn.Linear:
        """Return the head. Raises ValueError if there is none."""
        if self.head is None:
            raise ValueError("the network has no head: it gives hidden states, and no outputs")
        return self.head

    def read(self, h: Tensor) -> Tensor:
        """Return the logits (..., outputs) for hidden states (..., H·directions) of the last layer."""
        return h[..., :0] if self.head is None else self.head(h)

    def read_in_double(self, h: Tensor, outputs: Tensor | None = None) -> Tensor:
        """Return the logits in float64: sums of float32 cannot overflow, and probabilities near 1 stay below it.

        They are of all outputs, or, for h (n, H·directions), of those in ``outputs`` (n, m).
        """
        if self.head is None:
            return h.double()[..., :0]
        if outputs is not None:
            weight, bias = self.head.weight, self.head.bias
            chosen = (
                linear(x, weight[at].double(), bias[at].double()) for x, at in zip(h.double(), outputs, strict=True)
            )
            return torch.stack(list(chosen))
        x, rows = h.double(), max(1, _IN_DOUBLE // self.head.in_features)
        weights, biases = torch.split(self.head.weight, rows), torch.split(self.head.bias, rows)
        parts = zip(weights, biases, strict=True)
        return torch.cat([linear(x, weight.double(), bias.double()) for weight, bias in parts], dim=-1)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probabilities (..., outputs): the head's function of ``logits`` (..., outputs)."""
        return torch.sigmoid(logits) if self.config.head == "sigmoid" else torch.softmax(logits, dim=-1)

    def weights(self, layer: int, direction: Direction) -> CellWeights:
        """Return the parameters of one layer in one direction."""
        return weights_of(self.recurrent, layer, direction)

    def layers(self) -> Iterator[tuple[int, Direction]]:
        """Yield every layer and direction, in the order in which a trace lists them."""
        return layers_of(self.recurrent)


def _embedding(config: NetworkConfig) -> nn.Embedding:
    rows = torch.empty(config.vocabulary_size, config.embedding_size)
    if not rows.is_meta:  # where there is nothing to draw, PyTorch would load its compiler for it, for a second
        nn.init.normal_(rows)
    return nn.Embedding(config.vocabulary_size, config.embedding_size, _weight=rows)


def _recurrent(config: NetworkConfig) -> Recurrent:
    cell = config.cell_definition
    if cell.module is None:
        return SteppedModule(
            cell,
            config.inputs,
            config.hidden_size,
            config.layers,
            bias=config.bias,
            bidirectional=config.bidirectional,
        )
    return cell.module(
        input_size=config.inputs,
        hidden_size=config.hidden_size,
        num_layers=config.layers,
        bias=config.bias,
        batch_first=True,
        bidirectional=config.bidirectional,
        **(cell.module_options or {}),
    )
