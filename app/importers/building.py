"""Make of what an importer found a network and a tokenizer, as a model's folder holds them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..recurrent.cells.cell import CellWeights
from ..recurrent.modules import Direction, weight_names, weight_shapes
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import TOKENIZERS, UNKNOWN, Tokenizer, TokenizerKind
from .found import Found, ImportRefusedError

_UNKNOWN = (UNKNOWN, "<UNK>", "[UNK]", "<unknown>", "UNK", "<oov>", "<OOV>")
_SUBWORDS = ("##", "▁", "Ġ", "@@")  # what the parts of words begin with
_UNFINISHED = ("@@", "</w>")  # or end with
_MOST_SUBWORDS = 0.05  # share of a vocabulary: more of them, and it is not one of words


class Built(NamedTuple):
    """A network and what is around it."""

    network: Network
    tokenizer: Tokenizer | None  # None: it reads numbers
    outputs: Sequence[str]  # their names
    predicts_next: bool
    remarks: Sequence[str]  # sentences on what was left out, or added


def build(found: Found) -> Built:
    """Return the network of what was found: its embedding and its head only where it is known what they mean.

    Raises ImportRefusedError if the vocabulary does not fit the embedding.
    """
    remarks: list[str] = []
    found = _unprojected(found, remarks)
    vocabulary = _Vocabulary.of(found, remarks)
    names = _outputs(found, vocabulary, remarks)
    config = NetworkConfig(
        cell=found.cell.name,
        vocabulary_size=len(vocabulary.tokens) if vocabulary else 0,
        embedding_size=found.input_size if vocabulary else 0,
        input_size=0 if vocabulary else found.input_size,
        hidden_size=found.hidden_size,
        outputs=len(names),
        layers=len(found.layers),
        bidirectional="backward" in found.layers[0],
        bias=any(each.b_ih is not None or each.b_hh is not None for layer in found.layers for each in layer.values()),
        head=(found.readout.function if found.readout and names else "") or "sigmoid",
        **(found.cell.options or {}),
    )
    with torch.device("meta"):
        network = Network(config)
    state = dict(_recurrent_weights(found, network))
    if vocabulary:
        state["embedding.weight"] = vocabulary.embedding
    if names and found.readout is not None:
        weight, bias = found.readout.weight, found.readout.bias
        state |= {"head.weight": weight, "head.bias": weight.new_zeros(len(weight)) if bias is None else bias}
    network.load_state_dict(state, assign=True)
    tokenizer = TOKENIZERS[vocabulary.kind](vocabulary.tokens) if vocabulary else None
    predicts = bool(vocabulary and names and len(names) == len(found.vocabulary or ()))
    return Built(network.eval().requires_grad_(requires_grad=False), tokenizer, names, predicts, remarks)


def projection_of(found: Found) -> Tensor | None:
    """Return what h of the last layer is multiplied by, (P·directions, H·directions), if it is projected."""
    return _joined(found.layers[-1])


def _joined(layer: Mapping[Direction, CellWeights]) -> Tensor | None:
    """Return the projections of all directions of a layer, as blocks of one matrix in float64."""
    blocks = [weights.w_hr.double() for weights in layer.values() if weights.w_hr is not None]
    return torch.block_diag(*blocks) if blocks else None  # type: ignore[no-untyped-call]


def _unprojected(found: Found, remarks: list[str]) -> Found:
    """Return the same network without projections, which are multiplied into the weights that read h.

    Since W_hh (W_hr h) = (W_hh W_hr) h, every gate and cell state stays the same, and h is that before the projection.
    """
    if (last := projection_of(found)) is None:
        return found
    layers: list[Mapping[Direction, CellWeights]] = []
    below: Tensor | None = None
    for layer in found.layers:
        layers.append(
            {
                direction: weights._replace(
                    w_ih=_times(weights.w_ih, below), w_hh=_times(weights.w_hh, weights.w_hr), w_hr=None
                )
                for direction, weights in layer.items()
            }
        )
        below = _joined(layer)
    remarks.append(
        f"the projection of h to {len(last) // len(found.layers[-1])} numbers is multiplied into the weights that read "
        "them: gates and cell states are the same, and h is shown before its projection"
    )
    readout = found.readout and found.readout._replace(weight=_times(found.readout.weight, last))
    return replace(found, layers=layers, readout=readout)


def _times(weight: Tensor, projection: Tensor | None) -> Tensor:
    """Return the product of a weight and a projection, computed in float64."""
    return weight if projection is None else (weight.double() @ projection.double()).to(weight.dtype)


def _recurrent_weights(found: Found, network: Network) -> Iterator[tuple[str, Tensor]]:
    """Yield the weights of every layer by their names; a bias that the file has not is zero."""
    for layer, direction in network.layers():
        weights, shapes = found.layers[layer][direction], weight_shapes(network.recurrent, layer)
        for field, name in weight_names(network.recurrent, layer, direction).items():
            weight: Tensor | None = getattr(weights, field)
            yield f"recurrent.{name}", weights.w_ih.new_zeros(shapes[field]) if weight is None else weight


class _Vocabulary(NamedTuple):
    """The tokens that a network reads, the unknown one first, and their embedding."""

    kind: TokenizerKind
    tokens: Sequence[str]
    embedding: Tensor  # (V, E)
    unknown: str  # what the file calls the unknown token; empty if it has none

    @classmethod
    def of(cls, found: Found, remarks: list[str]) -> "_Vocabulary | None":
        """Return the vocabulary of a network; None, with a remark, if it is to read numbers."""
        embedding, tokens = found.embedding, found.vocabulary
        if embedding is None:
            return None
        if tokens is None:
            remarks.append(
                f"the embedding ({len(embedding)} rows) is not imported, as the file has no vocabulary that says what "
                "its rows stand for: the model reads numbers; give the tokens in a vocabulary file to type text"
            )
            return None
        if len(tokens) != len(embedding):
            raise ImportRefusedError(
                f"the vocabulary has {len(tokens)} tokens, but the embedding has {len(embedding)} rows: give one each"
            )
        if sum(map(_is_part, tokens)) > _MOST_SUBWORDS * len(tokens):
            remarks.append(
                "the vocabulary is one of parts of words, which Gatescope does not split text into: the embedding is "
                "not imported, and the model reads numbers"
            )
            return None
        unknown = next((token for token in _UNKNOWN if token in tokens), "")
        kind: TokenizerKind = "character" if _is_of_characters(tokens) else "word"
        if kind == "word" and (upper := [token for token in tokens if token != token.lower() and token != unknown]):
            remarks.append(
                f"tokens with capital letters are never read ({len(upper)}, such as {upper[0]!r}): words are looked up "
                "in lower case"
            )
        if not unknown:
            remarks.append("the vocabulary has no unknown token: a token outside it is read as zeros")
            rows = torch.cat([embedding.new_zeros(1, embedding.shape[1]), embedding])
            return cls(kind, [UNKNOWN, *tokens], rows, "")
        at = list(tokens).index(unknown)
        others = [place for place in range(len(tokens)) if place != at]
        return cls(kind, [UNKNOWN, *(tokens[place] for place in others)], embedding[[at, *others]], unknown)


def _is_part(token: str) -> bool:
    return token.startswith(_SUBWORDS) or token.endswith(_UNFINISHED)


def _is_of_characters(tokens: Sequence[str]) -> bool:
    """Whether tokens are single characters, except special ones such as <pad>."""
    plain = [token for token in tokens if not (len(token) > 1 and token[0] in "<[" and token[-1] in ">]")]
    return all(len(token) <= 1 for token in plain)


def _outputs(found: Found, vocabulary: _Vocabulary | None, remarks: list[str]) -> Sequence[str]:
    """Return the names of the outputs; none, where what the head gives is not known."""
    readout = found.readout
    if readout is None or not readout.function:
        return ()
    count = len(readout.weight)
    if vocabulary is not None and found.vocabulary is not None and count == len(found.vocabulary) > 1:
        return [UNKNOWN if token == vocabulary.unknown else token for token in found.vocabulary]
    if count == len(found.outputs):
        return found.outputs
    remarks.append(
        f"the file names {len(found.outputs)} output{'s' if len(found.outputs) > 1 else ''}, but the head gives "
        f"{count}: they are numbered"
        if found.outputs
        else "the file does not name its outputs: they are numbered"
    )
    return [f"output {at}" for at in range(count)]
