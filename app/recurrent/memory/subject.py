"""What memory is measured of: a network with the tokens that it reads, whatever the caller has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ..cells import cell_of, modules_in_words
from ..editing import edits_of
from ..module_call import States, Weights, call, left_as_it_was
from ..modules import Recurrent, is_plain, tensors_of
from ..network import Network, NetworkConfig
from ..tokenizer import Token
from ..trace import Trace
from ..trace_module import trace_module


class AModel(Protocol):
    """What memory needs of a model; ``gatescope.load_model`` returns one."""

    @property
    def network(self) -> Network: ...
    def tokens(self, x: Any, /) -> Sequence[Token]: ...
    @property
    def next_outputs(self) -> Sequence[int | None]: ...


Source = AModel | Network | nn.RNNBase


@dataclass(frozen=True)
class Subject:
    """A network and the sequence that it reads."""

    network: Network
    tokens: tuple[Token, ...]
    next_outputs: Sequence[int | None] = ()  # of a model that predicts the next token: by token id, the output about it
    has_tokens: bool = True  # False for a bare module, whose steps have no labels
    before: Trace | None = None  # one without steps, which ends in the states that the network starts from; None: zeros


def subject_of(source: Source, x: str | Sequence[Token] | Tensor, hx: States | None = None) -> Subject:
    """Return what ``source`` and the sequence ``x`` amount to; see ``memory`` for all, and for the errors."""
    if isinstance(source, nn.RNNBase):
        return _of_module(source, x, hx)
    if hx is not None:
        raise TypeError(f"hx is what a torch.nn.{modules_in_words()} starts from: a {type(source).__name__} takes none")
    if isinstance(source, Network):
        if isinstance(x, str | Tensor):
            raise TypeError("a Network has no tokenizer: give its tokens, or a text to a model from load_model")
        subject = Subject(source, tuple(x))
    elif all(hasattr(source, name) for name in ("network", "tokens", "next_outputs")):
        subject = Subject(source.network, tuple(source.tokens(x)), source.next_outputs)
    else:
        raise TypeError(
            "memory is measured of a model from load_model, a Network, or a torch.nn."
            f"{modules_in_words()}, not of a {type(source).__name__}"
        )
    _require_plain(subject.network.recurrent)
    if not subject.tokens:
        raise ValueError("there is nothing to measure: the sequence has no token")
    return subject


def _require_plain(module: Recurrent) -> None:
    """Raise ValueError if calls of ``module`` compute with edits here."""
    if edits_of(module):
        raise ValueError(
            "edits of the module are in force, and memory is that of a plain run: measure it outside the block"
        )


def _of_module(module: nn.RNNBase, x: object, hx: States | None) -> Subject:
    """Return a network without a head that reads the numbers ``x`` and whose recurrent layers are ``module``'s."""
    if not isinstance(x, Tensor):
        raise TypeError(f"a module reads a torch.Tensor (T, E), not a {type(x).__name__}")
    if x.dim() == 3:
        raise ValueError(f"x is {tuple(x.shape)}: memory is measured of one sequence (T, E); pick one of the batch")
    _require_plain(module)
    trace_module(module, x, hx)  # raises for what cannot be traced
    if module.proj_size:
        raise ValueError(f"the module has a projection (proj_size={module.proj_size}), whose memory is not measured")
    cell = cell_of(module)
    config = NetworkConfig(
        cell=cell.name,
        input_size=module.input_size,
        hidden_size=module.hidden_size,
        layers=module.num_layers,
        bidirectional=module.bidirectional,
        bias=module.bias,
        **(cell.options or {}),
    )
    with torch.device("meta"):
        network = Network(config)
    state = {f"recurrent.{name}": _wide(weight) for name, weight in _weights_in_use(module, x, hx).items()}
    network.load_state_dict(state, assign=True)
    tokens = tuple(Token.of_numbers(t, row) for t, row in enumerate(_wide(x).tolist()))
    network.eval().requires_grad_(requires_grad=False)
    return Subject(network, tokens, has_tokens=False, before=None if hx is None else _ending_in(hx, network))


def _ending_in(hx: States, network: Network) -> Trace:
    """Return a trace without steps from which ``network`` goes on with the states ``hx``, (layers·directions, H)."""
    given = [_wide(each) for each in ((hx,) if isinstance(hx, Tensor) else hx)]
    places = range(len(list(network.layers())))
    state = [{letter: each[at, None] for letter, each in zip("hc", given, strict=False)} for at in places]
    return Trace((), (), np.empty((0, network.config.outputs), np.float32), state=state)


def _weights_in_use(module: nn.RNNBase, x: Tensor, hx: States | None) -> Weights:
    """Return the weights that a call of ``module`` uses, which a hook or a parametrization may compute."""
    if is_plain(module):
        return tensors_of(module)
    with left_as_it_was(module) as undo:
        return {name: weight.detach().clone() for name, weight in call(module, x, hx, undo).weights.items()}


def _wide(tensor: Tensor) -> Tensor:
    """Return ``tensor`` on the CPU in at least float32: linear algebra has no half precision."""
    tensor = tensor.detach().cpu()
    return tensor.float() if tensor.dtype.itemsize < 4 else tensor
