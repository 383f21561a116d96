"""A model that is loaded and verified."""

from dataclasses import dataclass
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
    config: ModelConfig  # predicts_next is never None
    tokenizer: Tokenizer
    network: Network
    folder: Path
    statistics: Statistics | None = None  # None: not measured

    def trace(self, text: str) -> Trace:
        """Return the trace of ``text``.

        Raises ValueError if it has no token, and OverflowError, which names letter and step, if a number overflows.
        """
        return trace(self.network, self.tokenizer(text), overflow="refuse")

    @cached_property
    def next_outputs(self) -> tuple[int | None, ...]:
        """For each token id, the output that gives the token's probability of coming next.

        Only the unknown token may have no output: None. Empty unless the model predicts the next token.
        """
        if not self.config.predicts_next:
            return ()
        places = {name: place for place, name in enumerate(self.config.outputs)}
        return tuple(places.get(key) for key in self.tokenizer.vocabulary)
