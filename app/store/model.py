"""A model that is loaded and verified."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from ..recurrent.edits.edit import Edit, Layers, Resources
from ..recurrent.modules import Direction
from ..recurrent.network import Network
from ..recurrent.tokenizer import Tokenizer
from ..recurrent.trace import Trace, trace
from .fields import ModelConfig, Statistics
from .imported import ImportReport


@dataclass(frozen=True)
class Model:
    """A model, loaded and verified."""

    id: str
    config: ModelConfig  # predicts_next is never None
    tokenizer: Tokenizer
    network: Network
    folder: Path
    statistics: Statistics | None = None  # None: not measured
    imported: ImportReport | None = None  # None: it was trained here

    def trace(self, text: str, edits: Iterable[Edit | Mapping[str, Any]] = ()) -> Trace:
        """Return the trace of ``text``, run with ``edits``, which apply in their order.

        Raises ValueError if it has no token; EditError, a ValueError that names the edit and its field, if an edit does
        not fit; and OverflowError, naming letter and step, where a number overflows.
        """
        tokens = self.tokenizer(text)
        return self.named(trace(self.network, tokens, overflow="refuse", edits=edits, resources=self.resources()))

    def named(self, traced: Trace) -> Trace:
        """Return a trace of the network with the outputs of its head named."""
        if traced.head is None:
            return traced
        return replace(traced, head=replace(traced.head, names=tuple(self.config.outputs), verdict=self.config.verdict))

    def resources(self, of_text: Callable[[str], Layers] | None = None) -> Resources:
        """Return what edits may need of this model; ``of_text``, or else ``trace``, traces the texts of patches."""
        mean = None if self.statistics is None else partial(_mean, self.statistics)
        return Resources(mean, cache(of_text or self.trace), self.tokenizer)

    @cached_property
    def next_outputs(self) -> tuple[int | None, ...]:
        """For each token id, the output that gives the token's probability of coming next.

        Only the unknown token may have no output: None. Empty unless the model predicts the next token.
        """
        if not self.config.predicts_next:
            return ()
        places = {name: place for place, name in enumerate(self.config.outputs)}
        return tuple(places.get(key) for key in self.tokenizer.vocabulary)


def _mean(statistics: Statistics, layer: int, direction: Direction, letter: str) -> Sequence[float]:
    """Return the mean of each unit of an activation. Raises ValueError if the statistics lack it."""
    for each in statistics.activations:
        if (each.layer, each.direction, each.activation) == (layer, direction, letter):
            return each.mean
    raise ValueError(f"statistics.json has no mean of {letter} in layer {layer} {direction}")
