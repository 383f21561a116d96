"""What is ranked: a network or module, the sequence that it reads, and the edits that every run has."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..cells import cell_of, modules_in_words
from ..cells.cell import Cell
from ..editing import edits_of
from ..edits.binding import Bound, bind
from ..edits.binding import Subject as EditSubject
from ..edits.data import edits_from
from ..edits.edit import NO_RESOURCES, Edit, Resources
from ..modules import Recurrent, is_plain
from ..network import Network
from ..tokenizer import Token
from ..trace import Readout, Trace, bound_to, readout_of
from ..trace_module import trace_module

Edits = Iterable[Edit | Mapping[str, Any]]


class AModel(Protocol):
    """What a ranking needs of a model; ``gatescope.load_model`` returns one."""

    @property
    def network(self) -> Network: ...
    def tokens(self, x: Any, /) -> Sequence[Token]: ...
    def resources(self) -> Resources: ...
    def named(self, traced: Trace) -> Trace: ...


Source = AModel | Network | nn.RNNBase


@dataclass(frozen=True, eq=False)
class Subject:
    """Recurrent layers, what they read, and what reads them."""

    cell: Cell
    module: Recurrent
    inputs: Tensor  # (T, E): of the first layer
    bound: Bound  # edits that every run has
    tokens: tuple[Token, ...] = ()  # (T,); empty for a module
    resources: Resources = NO_RESOURCES
    head: Readout | None = None
    named: Callable[[Trace], Trace] = lambda traced: traced
    """Names the outputs of a trace."""

    def __len__(self) -> int:
        """Return T, the number of steps."""
        return len(self.inputs)


def subject_of(source: Source, x: str | Sequence[Token] | Tensor, edits: Edits = ()) -> Subject:
    """Return what ``source``, the sequence ``x`` and ``edits`` amount to; see ``rank`` for them, and for the errors."""
    if isinstance(source, nn.RNNBase):
        return _of_module(source, x, edits)
    if isinstance(source, Network):
        if isinstance(x, str | Tensor):
            raise TypeError("a Network has no tokenizer: give its tokens, or a text to a model from load_model")
        return subject_of_network(source, x, edits)
    if all(hasattr(source, name) for name in ("network", "tokens", "resources", "named")):
        return subject_of_network(source.network, source.tokens(x), edits, source.resources(), source.named)
    raise TypeError(
        f"a ranking is of a model from load_model, a Network, or a torch.nn.{modules_in_words()}, not of a "
        f"{type(source).__name__}"
    )


def subject_of_network(
    network: Network,
    tokens: Sequence[Token],
    edits: Edits | Bound = (),
    resources: Resources = NO_RESOURCES,
    named: Callable[[Trace], Trace] = lambda traced: traced,
) -> Subject:
    """Return a network with its ``tokens``; ``named`` names the outputs of a trace.

    Raises ValueError if there are no tokens, and EditError if an edit does not fit.
    """
    if not tokens:
        raise ValueError("there is nothing to rank: the sequence has no token")
    bound = bound_to(network, len(tokens), edits, resources)
    with torch.inference_mode():
        inputs = network.embedded(tokens, bound.swaps)
    cell = network.config.cell_definition
    return Subject(cell, network.recurrent, inputs, bound, tuple(tokens), resources, readout_of(network), named)


def _of_module(module: nn.RNNBase, x: object, edits: Edits) -> Subject:
    if not isinstance(x, Tensor):
        raise TypeError(f"a module reads a torch.Tensor (T, E), not a {type(x).__name__}")
    if x.dim() == 3:
        raise ValueError(f"x is {tuple(x.shape)}: a ranking is of one sequence (T, E); pick one of the batch")
    if x.dtype == torch.bfloat16:
        raise TypeError("x is bfloat16, which NumPy does not have: rank module.float(), with x.float()")
    listed, inside = edits_from(edits), edits_of(module)
    trace_module(module, x, edits=listed)  # raises for what cannot be traced
    if not is_plain(module) and not inside:
        raise ValueError(
            "the module is not a plain one of torch.nn: it has hooks, parametrizations or a forward of its own; copy "
            "its weights into a plain module, and rank that"
        )
    cell = cell_of(module)
    bound = bind((*inside, *listed), EditSubject.of(cell, module, [len(x)]))
    return Subject(cell, module, x.detach(), bound)
