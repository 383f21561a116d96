"""What an importer finds in a file: one recurrent network in our conventions, and how it was read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray
from torch import Tensor

from ..recurrent.cells.cell import Cell, CellWeights
from ..recurrent.modules import Direction
from ..store.files import printable

EMBEDDING, HEAD = "embedding", "head"
"""What the targets of tensors begin with that are no weights of a layer: see ``Placed``."""

MODULE = "module"
"""The question which of several networks is meant: ``Request.module`` is its answer."""

LONGEST_REASON = 1_000  # characters: a reason quotes what it is about, such as the name of a tensor


class ImportRefusedError(ValueError):
    """A file that cannot be imported: one sentence on what is wrong, where, and what to do; safe to show."""

    def __init__(self, reason: str) -> None:
        shown = printable(reason)
        super().__init__(shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 1]}…")


class UndecidedError(ImportRefusedError):
    """A file that fits more than one convention: which one, only who made it can say.

    ``answer`` is what was answered, where that is none of the choices.
    """

    def __init__(self, question: str, choices: Sequence[str], why: str, answer: str | None = None) -> None:
        if answer is not None:
            why = f"the answer {question}={answer} is not one of the choices: {why}"
        option = f"--{MODULE} " if question == MODULE else f"--answer {question}="
        options = " or ".join(f"{option}{choice}" for choice in choices)
        super().__init__(f"{why}: say which by {options}")
        self.question, self.choices, self.why = question, tuple(choices), why


class Placed(NamedTuple):
    """What became of one tensor of the file."""

    source: str  # its name in the file
    shape: tuple[int, ...]  # in the file
    target: str  # "layer 0 forward, W_ih", "embedding", "head, weight"
    change: str = ""  # "row blocks i o f c → i f g o, transposed"; empty: taken as it is


class Convention(NamedTuple):
    """A choice that frameworks make differently, as it was recognised in the file."""

    question: str  # "order of the gates"
    answer: str  # "i f g o"
    reason: str  # "the file is a PyTorch state dict, as its names weight_ih_l0 … say"


class Reference(NamedTuple):
    """An implementation that our numbers are compared with: it computes from the tensors as the file has them."""

    name: str  # "onnxruntime 1.23.2", or "the equations of ONNX's LSTM in float64"
    kind: Literal["engine", "equations"]
    run: Callable[[NDArray[Any]], NDArray[Any]]
    """From the input of the recurrent layers, (T, E) in float32, h of the last layer, (T, H·directions)."""


class Readout(NamedTuple):
    """The linear layer that reads h of the last layer."""

    weight: Tensor  # (outputs, H·directions)
    bias: Tensor | None  # (outputs,)
    function: Literal["sigmoid", "softmax", ""]  # "": the file does not say


@dataclass(frozen=True, kw_only=True)
class Found:
    """A recurrent network that was found in a file."""

    format: str
    """"PyTorch", "safetensors", "ONNX", "Keras"."""
    name: str
    """Of the network in the file: "encoder.rnn"."""
    cell: Cell
    """The cell of the table, in its variant."""
    layers: Sequence[Mapping[Direction, CellWeights]]
    """From the first to the last, each with the weights of its one or two directions, float32 or float64."""
    embedding: Tensor | None = None
    """(V, E); None: the network reads numbers."""
    vocabulary: Sequence[str] | None = None
    """V tokens, in the order of the embedding's rows."""
    readout: Readout | None = None
    outputs: Sequence[str] = ()
    """Names that the file has for what the head gives; empty if it has none."""
    placed: Sequence[Placed] = ()
    conventions: Sequence[Convention] = ()
    unused: Sequence[str] = ()
    """Names of the tensors of the file that nothing was made of."""
    remarks: Sequence[str] = ()
    """Sentences on what was not, or could not be, imported: "the head is not complete: …"."""
    references: Sequence[Reference] = field(default=(), repr=False)

    @property
    def input_size(self) -> int:
        """E, the size of what the first layer reads."""
        return self.layers[0]["forward"].w_ih.shape[1]

    @property
    def hidden_size(self) -> int:
        """H, the units of each layer and direction."""
        return self.layers[0]["forward"].w_ih.shape[0] // len(self.cell.blocks)
