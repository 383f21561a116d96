"""What stands around a recurrent network in a model: vocabulary, embedding and head, where they can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from ..answers import function_of_last
from ..found import Convention, ImportRefusedError, Placed, Readout
from .hdf5 import Array
from .model import Graph, Layer
from .recurrent import Answers, named
from .stacks import Stack
from .stores import Store

MOST_UNKNOWN = 1_000
"""Tokens of a StringLookup for words that it does not know."""

VOCABULARIES = {"TextVectorization", "StringLookup"}
SPECIAL = ("", "[UNK]")
"""What TextVectorization puts before the tokens: padding, and a token that it does not know."""
FUNCTIONS: Mapping[str, Literal["sigmoid", "softmax", ""]] = {"sigmoid": "sigmoid", "softmax": "softmax", "linear": ""}
HEAD = "the head is not complete"


@dataclass
class Surroundings:
    """What was read around a stack, and what was not."""

    embedding: Tensor | None = None
    vocabulary: Sequence[str] | None = None
    readout: Readout | None = None
    placed: list[Placed] = field(default_factory=list)
    conventions: list[Convention] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def surroundings_of(
    stack: Stack, graph: Graph, store: Store, assets: Mapping[str, str], answers: Answers
) -> Surroundings:
    """Return the embedding that the first layer reads, its vocabulary, and the linear layer that reads the last."""
    found = Surroundings()
    first, last = stack.layers[0], stack.layers[-1]
    before = graph.before(first.layer)
    if before is not None and before.kind == "Masking":
        value = str(before.config.get("mask_value", 0))[:40]
        found.remarks.append(f"layer {before.path} skips steps whose numbers are all {value}: Gatescope does not")
        before = graph.before(before)
    if before is not None and before.kind == "Embedding":
        _embedding(before, first.input_size, graph, store, assets, found)
    elif before is not None and before.kind != "InputLayer":
        what = f"layer {first.layer.path} reads what layer {before.path} ({before.kind}) gives"
        found.remarks.append(f"{what}: Gatescope needs those numbers")
    elif before is None and len(first.layer.inputs) > 1:
        found.remarks.append(
            f"layer {first.layer.path} reads several things: Gatescope needs the numbers that it reads"
        )
    for recurrent in stack.layers:
        found.remarks += _remarks(recurrent.layer)
    if last.gives_sequence is False:
        found.remarks.append(
            f"layer {last.layer.path} gives h of the last step only: Gatescope shows that of every step"
        )
    if last.form.is_bidirectional and last.gives_sequence is not True:
        what = f"what follows layer {last.layer.path} reads h of the backward direction where it ends, at step 0"
        found.remarks.append(f"{HEAD}: {what}")
    else:
        _head(last.layer, last.form.width, graph, store, answers, found)
    return found


def _remarks(layer: Layer) -> list[str]:
    """Return what Gatescope does otherwise than the model, for a recurrent layer."""
    remarks = []
    inner = layer.wrapped("layer") if layer.kind == "Bidirectional" else layer
    cell = inner.wrapped("cell") if inner.kind == "RNN" else inner
    if inner.flag("stateful"):
        remarks.append(f"layer {layer.path} is stateful: Gatescope starts every sequence from zero")
    if layer.initial:
        names = ", ".join(dict.fromkeys(layer.initial))
        remarks.append(f"layer {layer.path} starts from states that {names} gives: Gatescope starts it from zero")
    if layer.calls > 1:
        remarks.append(f"layer {layer.path} is used {layer.calls} times in the model: Gatescope shows it once")
    rates = [cell.config.get(name) for name in ("dropout", "recurrent_dropout")]
    if any(isinstance(rate, int | float) and rate for rate in rates):
        remarks.append(f"dropout of layer {layer.path} acts in training only: Gatescope has none")
    policy = inner.config.get("dtype")
    policy = policy.get("config") if isinstance(policy, dict) else policy
    policy = policy.get("name") if isinstance(policy, dict) else policy
    if isinstance(policy, str) and "16" in policy:
        remarks.append(f"layer {layer.path} computes in {policy}: Gatescope computes in float32, which is more exact")
    return remarks


def _embedding(
    layer: Layer, size: int, graph: Graph, store: Store, assets: Mapping[str, str], found: Surroundings
) -> None:
    array = _matrix(layer, store.arrays(layer), size, 1)
    weight = torch.from_numpy(array.read())
    if layer.is_configured and layer.flag("mask_zero"):
        found.remarks.append(
            f"layer {layer.path} skips token 0 (mask_zero): Gatescope does not; send texts without padding"
        )
    text = graph.before(layer)
    if text is not None and text.kind in VOCABULARIES:
        tokens = _vocabulary(text, assets)
        if tokens is None:
            found.remarks.append(
                f"the vocabulary of layer {text.path} is not in the file: give its tokens in a vocabulary file"
            )
        elif len(tokens) > len(weight):
            raise ImportRefusedError(
                f"layer {text.path} has {len(tokens):,} tokens, and embedding {layer.path} {len(weight):,} rows"
            )
        else:
            found.vocabulary = tokens
            weight = weight[: len(tokens)]
            how = f"standardize={text.config.get('standardize')}, split={text.config.get('split')}"
            found.remarks.append(f"how layer {text.path} splits a text is not imported: {how[:200]}")
    change = "" if len(weight) == array.shape[0] else f"the first {len(weight):,} rows, which have tokens"
    found.embedding = weight
    found.placed.append(Placed(array.name, array.shape, "embedding", change))


def _vocabulary(layer: Layer, assets: Mapping[str, str]) -> Sequence[str] | None:
    """Return the tokens of a layer by id; None if they are not in the file, or ids mean something else."""
    tokens = layer.config.get("vocabulary")
    if layer.config.get("output_mode", "int") != "int" or layer.config.get("invert"):
        return None
    if not isinstance(tokens, list) or not tokens:
        text = next((text for name, text in assets.items() if name == f"{layer.group}/vocabulary.txt"), None)
        tokens = text.split("\n") if text is not None else None
    if tokens is None or not all(isinstance(token, str) for token in tokens):
        return None
    tokens = list(tokens)
    special = SPECIAL if layer.kind == "TextVectorization" else _special(layer)
    if tokens[: len(special)] != list(special):
        tokens = [*special, *tokens]
    return tokens if len(set(tokens)) == len(tokens) else None


def _special(layer: Layer) -> tuple[str, ...]:
    """Return what StringLookup puts before its tokens, by its config."""
    mask, unknown, count = (layer.config.get(name) for name in ("mask_token", "oov_token", "num_oov_indices"))
    count = 1 if count is None else count
    if type(count) is not int or not 0 <= count <= MOST_UNKNOWN:
        raise ImportRefusedError(
            f"layer {layer.path}: num_oov_indices is {str(count)[:40]}, which must be a number up to {MOST_UNKNOWN:,}"
        )
    unknowns = [str(unknown or "[UNK]")] if count == 1 else [f"[UNK] {n}" for n in range(count)]
    return (*([mask] if isinstance(mask, str) else []), *unknowns)


def _head(layer: Layer, width: int, graph: Graph, store: Store, answers: Answers, found: Surroundings) -> None:
    """Read the linear layer after ``layer``, if nothing but its function follows it."""
    dense = graph.after(layer)
    if dense is None:
        if len(readers := graph.readers(layer.path)) > 1:
            names = ", ".join(reader.path for reader in readers)
            found.remarks.append(f"{HEAD}: several layers read layer {layer.path}: {names}")
        return
    inner = dense.wrapped("layer") if dense.kind == "TimeDistributed" else dense
    if inner.kind != "Dense":
        found.remarks.append(f"{HEAD}: layer {dense.path} ({dense.kind}) reads h, and only a Dense layer is imported")
        return
    arrays = store.arrays(dense, "inner" if inner is not dense else "")
    kernel = _matrix(dense, arrays, width, 0)
    bias = arrays[1] if len(arrays) == 2 else None
    if bias is not None and bias.shape != kernel.shape[1:]:
        raise ImportRefusedError(f"layer {dense.path}: its bias {bias.shape} does not fit its kernel {kernel.shape}")
    function = named(inner, "activation") if dense.is_configured else "linear"
    after = graph.after(dense)
    if function == "linear" and after is not None and after.kind in {"Activation", "Softmax"}:
        function = "softmax" if after.kind == "Softmax" else named(after, "activation")
        after = graph.after(after)
    if function not in FUNCTIONS or after is not None or len(graph.readers(dense.path)) > 1:
        then = (
            f"layer {after.path} follows"
            if function in FUNCTIONS and after is not None
            else f"its activation is {function}"
        )
        found.remarks.append(f"{HEAD}: layer {dense.path} is not the last, linear one: {then}")
        return
    known = FUNCTIONS[function]
    if not known:
        known, conventions, remarks = function_of_last(answers, f"layer {dense.path}", kernel.shape[1])
        found.conventions += conventions
        found.remarks += remarks
    found.readout = Readout(
        torch.from_numpy(kernel.read().T.copy()), None if bias is None else torch.from_numpy(bias.read()), known
    )
    found.placed.append(Placed(kernel.name, kernel.shape, "head, weight", "transposed"))
    if bias is not None:
        found.placed.append(Placed(bias.name, bias.shape, "head, bias"))


def _matrix(layer: Layer, arrays: Sequence[Array], size: int, axis: int) -> Array:
    """Return the first of the arrays of a layer, which must be a matrix of ``size`` along ``axis``."""
    if (
        not arrays
        or len(arrays) > 2
        or len(arrays[0].shape) != 2
        or arrays[0].shape[axis] != size
        or 0 in arrays[0].shape
    ):
        shapes: Any = [array.shape for array in arrays]
        raise ImportRefusedError(f"layer {layer.path} ({layer.kind}) has the arrays {shapes}, which do not fit {size}")
    return arrays[0]
