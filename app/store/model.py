"""A model that is loaded and verified."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from ..recurrent.trace import Trace, trace
from .fields import ModelConfig, Statistics


@dataclass(frozen=True)
class Model:
    """A model, loaded and verified."""

    id: str
    config: ModelConfig  # of which predicts_next is never None
    tokenizer: Tokenizer
    network: Network
    folder: Path
    statistics: Statistics | None = None  # None: not measured

    def trace(self, text: str) -> Trace:
        """Return the trace of ``text``.

        Raises ValueError if it has no token, and OverflowError, naming letter and step, where a number overflows.
        """
        return self.named(trace(self.network, self.tokenizer(text), overflow="refuse"))

    def named(self, traced: Trace) -> Trace:
        """Return a trace of the network with the outputs of its head named."""
        if traced.head is None:
            return traced
        return replace(traced, head=replace(traced.head, names=tuple(self.config.outputs), verdict=self.config.verdict))

    @cached_property
    def next_outputs(self) -> tuple[int | None, ...]:
        """For each token of the vocabulary, by id, the output that gives its probability of coming next.

        None for a token without an output, which only the unknown one may be. Empty unless the model predicts the next
        token.
        """
        if not self.config.predicts_next:
            return ()
        places = {name: place for place, name in enumerate(self.config.outputs)}
        return tuple(places.get(key) for key in self.tokenizer.vocabulary)
