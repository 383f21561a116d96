"""Recurrent layers of Keras: which cell they compute, and from which arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ...recurrent.cells import cell_named
from ...recurrent.cells.cell import Cell
from ...recurrent.modules import Direction
from ..found import ImportRefusedError, UndecidedError
from .hdf5 import Array
from .model import Layer
from .stores import Part, Store

CELLS = {
    "LSTM": "LSTM",
    "CuDNNLSTM": "LSTM",
    "LSTMCell": "LSTM",
    "GRU": "GRU",
    "CuDNNGRU": "GRU",
    "GRUCell": "GRU",
    "SimpleRNN": "SimpleRNN",
    "SimpleRNNCell": "SimpleRNN",
}
"""What each class of Keras computes."""

BLOCKS = {"LSTM": "ifco", "GRU": "zrh", "SimpleRNN": "h"}
"""Column blocks of the kernels, in Keras' letters and order."""

UNSAID = ("tanh+sigmoid", "tanh+hard_sigmoid", "other+other")
"""Activations and those of the gates that weights may be for: hard_sigmoid was the default before Keras 2.3."""

Answers = Mapping[str, str]


class Form(NamedTuple):
    """What a recurrent layer computes."""

    kind: str  # "LSTM", "GRU" or "SimpleRNN"
    units: int
    activation: str = "tanh"
    reset_after: bool = False
    is_bidirectional: bool = False

    @property
    def cell(self) -> Cell:
        """The cell of the table."""
        names = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn"}
        return cell_named(names[self.kind], reset_after=self.reset_after, nonlinearity=self.activation)

    @property
    def width(self) -> int:
        """The numbers that it gives at each step."""
        return self.units * (2 if self.is_bidirectional else 1)


@dataclass(frozen=True)
class Weights:
    """The arrays of a recurrent layer in one direction."""

    kernel: Array  # (E, blocks·H)
    recurrent_kernel: Array  # (H, blocks·H)
    bias: Array | None  # (blocks·H,); (2, blocks·H) for a GRU with reset_after; (2·blocks·H,) in CuDNN's layout
    is_cudnn: bool
    """Whether each block of the kernels is laid out as CuDNN has it: transposed."""


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer."""

    layer: Layer
    form: Form
    weights: Mapping[Direction, Weights]
    gives_sequence: bool | None
    """Whether it gives h of every step, or of the last one; None: the file does not say."""

    @property
    def input_size(self) -> int:
        """E, the numbers that it reads at each step."""
        return self.weights["forward"].kernel.shape[0]


def is_recurrent(layer: Layer) -> bool:
    """Return whether a layer is, or wraps, one of a class that ``recurrent_of`` knows."""
    if layer.kind == "Bidirectional":
        return layer.wrapped("layer").kind in CELLS.keys() | {"RNN"}
    return layer.kind in CELLS or layer.kind == "RNN"


def recurrent_of(layer: Layer, store: Store, answers: Answers) -> Recurrent:
    """Return what a layer computes.

    Raises ImportRefusedError, with the layer and the field, if that is not one of our cells, and UndecidedError if the
    file does not say.
    """
    if layer.kind == "Bidirectional":
        merge = layer.config.get("merge_mode", "concat")
        if not layer.is_configured and "merge_mode" not in layer.config:
            merge = ask(answers, "merge_mode", ("concat", "sum", "mul", "ave"), layer)
        if merge != "concat":
            raise _refusal(
                layer, "merge_mode", merge, "our bidirectional layers give both directions end to end, as concat"
            )
        inner = layer.wrapped("layer")
        other = layer.wrapped("backward_layer") if layer.config.get("backward_layer") is not None else inner
        parts: Mapping[Direction, tuple[Layer, Part]] = {"forward": (inner, "forward"), "backward": (other, "backward")}
        if other is not inner and not other.flag("go_backwards"):
            raise _refusal(layer, "go_backwards of backward_layer", "false", "both would read the text forwards")
    else:
        inner, parts = layer, {"forward": (layer, "")}
    if inner.flag("go_backwards"):
        raise _refusal(
            layer, "go_backwards", "true", "it would be shown forwards; reverse the input, and save it without"
        )
    if inner.flag("time_major"):
        raise _refusal(layer, "time_major", "true", "save it with time_major=False, which has the same weights")
    forms, weights = [], {}
    for direction, (each, part) in parts.items():
        weights[direction] = _weights(layer, each, store.arrays(layer, part))
        forms.append(_form(each, weights[direction], answers)._replace(is_bidirectional=layer.kind == "Bidirectional"))
    if len(set(forms)) > 1:
        raise ImportRefusedError(f"layer {layer.path}: its two directions are different cells, or of different sizes")
    shapes = {direction: each.kernel.shape for direction, each in weights.items()}
    if len(set(shapes.values())) > 1:
        raise ImportRefusedError(f"layer {layer.path}: its directions have kernels of different shapes: {shapes}")
    sequence = inner.flag("return_sequences") if layer.is_configured or "return_sequences" in inner.config else None
    return Recurrent(layer, forms[0], weights, sequence)


def ask(answers: Answers, question: str, choices: Sequence[str], layer: Layer) -> str:
    """Return the answer to what a file of weights does not say. Raises UndecidedError if it is none of ``choices``."""
    answer = answers.get(question)
    if answer is None or answer not in choices:
        raise UndecidedError(question, choices, f"layer {layer.path}: weights do not tell its {question}", answer)
    return answer


def _refusal(layer: Layer, field: str, value: object, why: str) -> ImportRefusedError:
    return ImportRefusedError(f"layer {layer.path}: {field} is {str(value)[:60]}, and {why}")


def _weights(layer: Layer, inner: Layer, arrays: Sequence[Array]) -> Weights:
    """Return the arrays of one direction, whose shapes agree."""
    cell = _cell_layer(inner)
    blocks = len(BLOCKS[CELLS[cell.kind]])
    if not arrays:
        raise ImportRefusedError(f"layer {layer.path}: the file holds no weights of it")
    has_bias = cell.flag("use_bias", default=True) if layer.is_configured else len(arrays) > 2
    if len(arrays) != 2 + has_bias:
        names = ", ".join(array.name for array in arrays)
        raise ImportRefusedError(f"layer {layer.path} has {2 + has_bias} arrays, and the file {len(arrays)}: {names}")
    kernel, recurrent, bias = arrays[0], arrays[1], arrays[2] if has_bias else None
    units = recurrent.shape[0] if recurrent.shape else 0
    known = cell.config.get("units", units)
    columns = blocks * units
    shapes = {(columns,), (2, columns), (2 * columns,)}
    if (
        units < 1
        or known != units
        or len(kernel.shape) != 2
        or kernel.shape[0] < 1
        or kernel.shape[1] != columns
        or recurrent.shape != (units, columns)
        or (bias is not None and bias.shape not in shapes)
    ):
        found = ", ".join(f"{array.name} {array.shape}" for array in arrays)
        wanted = f"kernel (E, {blocks}·H), recurrent_kernel (H, {blocks}·H) and bias"
        raise ImportRefusedError(
            f"layer {layer.path}: {CELLS[cell.kind]} of H = {known} has {wanted}, but the file {found}"
        )
    is_cudnn = cell.kind.startswith("CuDNN") or (bias is not None and blocks > 1 and bias.shape == (2 * columns,))
    return Weights(kernel, recurrent, bias, is_cudnn)


def _cell_layer(layer: Layer) -> Layer:
    """Return the layer, or the cell that an RNN steps, of a class that computes a cell of ours."""
    cell = layer.wrapped("cell") if layer.kind == "RNN" else layer
    if cell.kind not in CELLS:
        raise _refusal(
            layer, "cell" if layer.kind == "RNN" else "layer", cell.kind, f"only {', '.join(BLOCKS)} are read"
        )
    return cell


def _form(layer: Layer, weights: Weights, answers: Answers) -> Form:
    """Return what the weights and the config of a layer say that it computes."""
    cell = _cell_layer(layer)
    kind, units = CELLS[cell.kind], weights.recurrent_kernel.shape[0]
    columns = len(BLOCKS[kind]) * units
    shape = None if weights.bias is None else weights.bias.shape
    reset_after = False
    if kind == "GRU":
        reset_after = shape != (columns,)
        if shape is None:
            says = cell.flag("reset_after") if layer.is_configured else None
            reset_after = ask(answers, "reset_after", ("true", "false"), layer) == "true" if says is None else says
    allowed = {"LSTM": [(columns,), (2 * columns,)], "SimpleRNN": [(columns,)]}.get(kind)
    if shape is not None and allowed is not None and shape not in allowed:
        raise ImportRefusedError(f"layer {layer.path}: a bias of {shape} is not that of {kind} of H = {units}")
    if cell.kind.startswith("CuDNN"):
        if shape != (2 * columns,):
            raise ImportRefusedError(f"layer {layer.path}: {cell.kind} has a bias of {2 * columns}, not of {shape}")
        return Form(kind, units, reset_after=reset_after)
    if layer.is_configured and kind == "GRU" and cell.flag("reset_after") != reset_after:
        raise ImportRefusedError(f"layer {layer.path}: reset_after does not fit its bias of {shape}")
    return Form(kind, units, _activation(layer, cell, kind, weights, answers), reset_after)


def _activation(layer: Layer, cell: Layer, kind: str, weights: Weights, answers: Answers) -> str:
    """Return the activation of a layer. Raises ImportRefusedError if it, or that of the gates, is not of our cells."""
    ours = ("tanh", "relu") if kind == "SimpleRNN" else ("tanh",)
    if layer.is_configured:
        activation, gates = named(cell, "activation"), named(cell, "recurrent_activation")
    elif weights.is_cudnn:  # has no other
        activation, gates = "tanh", "sigmoid"
    elif kind == "SimpleRNN":
        activation, gates = ask(answers, "activation", ("tanh", "relu"), layer), ""
    else:
        activation, gates = ask(answers, "activations", UNSAID, layer).split("+")
    if activation not in ours:
        raise _refusal(layer, "activation", activation, f"our {kind} computes {' or '.join(ours)}")
    if kind != "SimpleRNN" and gates != "sigmoid":
        raise _refusal(layer, "recurrent_activation", gates, f"the gates of our {kind} are sigmoid")
    return activation


def named(layer: Layer, field: str) -> str:
    """Return the name of a function in a config; "" if the field is missing."""
    value = layer.config.get(field, "")
    if isinstance(value, dict):
        value = value.get("config") if isinstance(value.get("config"), str) else value.get("class_name")
        return f"the function {str(value)[:60]}"
    return "linear" if value is None else str(value)[:60]
