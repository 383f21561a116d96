"""A model that is loaded and verified."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from ..recurrent.edits.edit import Edit, Layers, Resources
from ..recurrent.modules import Direction
from ..recurrent.network import Network
from ..recurrent.tokenizer import Token, Tokenizer
from ..recurrent.trace import Trace, trace
from .columns import Series, listed, steps_of
from .fields import ModelConfig, Statistics
from .imported import ImportReport
from .series import series_of


@dataclass(frozen=True)
class Model:
    """A model, loaded and verified."""

    id: str
    config: ModelConfig  # predicts_next is never None
    tokenizer: Tokenizer | None  # None: it reads numbers
    network: Network
    folder: Path
    statistics: Statistics | None = None  # None: not measured
    imported: ImportReport | None = None  # None: it was trained here

    def trace(
        self,
        text: str | None = None,
        edits: Iterable[Edit | Mapping[str, Any]] = (),
        *,
        values: Any = None,
        labels: Sequence[str] = (),
    ) -> Trace:
        """Return the trace of ``text``, or of ``values``, run with ``edits``, which apply in their order.

        A model that reads numbers takes ``values`` (T, E), a list, NumPy array or tensor with a row for each step, in
        the units of its columns: it reads (x − mean) / scale of each. ``labels`` name the steps, which are otherwise
        numbered.

        Raises TypeError if the model reads the other of the two; ValueError if there is nothing to trace, or a value
        does not fit; EditError, a ValueError that names the edit and its field, if an edit does not fit; and
        OverflowError, naming letter and step, where a number overflows.
        """
        if (text is None) == (values is None):
            which = "neither" if text is None else "both"
            raise ValueError(f"a trace is of a text or of values, and {which} was given: give one of them")
        tokens = self.tokens(Series(values, labels) if text is None else text)
        return self.named(trace(self.network, tokens, overflow="refuse", edits=edits, resources=self.resources()))

    @property
    def leaves_head_out(self) -> bool:
        """Whether it was imported without the head that its source has."""
        return self.imported is not None and self.imported.leaves_head_out

    def input_of(self, written: str) -> dict[str, Any]:
        """Return the arguments of ``trace`` for what is ``written`` on the page, as examples are: a text, or CSV.

        Raises ValueError if it is not CSV of the columns that this model reads.
        """
        if self.tokenizer is not None:
            return {"text": written}
        return series_of(written.encode(), "csv", self.config.columns)._asdict()

    def tokens(self, x: Any, /) -> list[Token]:
        """Return the tokens of a text, or the steps of a ``Series`` or of values (T, E), as the network reads them.

        Raises TypeError if the model reads the other of the two, and ValueError if values do not fit.
        """
        if self.tokenizer is None:
            if isinstance(x, str):
                columns = listed(self.config.columns)
                raise TypeError(f"{self.id} reads numbers, not text: give values with its columns, {columns}")
            return steps_of(self.config.columns, x if isinstance(x, Series) else Series(x), self.network.dtype)
        if not isinstance(x, str):
            raise TypeError(f"{self.id} reads text, not numbers: give a str, not a {type(x).__name__}")
        return self.tokenizer(x)

    def named(self, traced: Trace) -> Trace:
        """Return a trace of the network with the outputs of its head named."""
        if traced.head is None:
            return traced
        return replace(traced, head=replace(traced.head, names=tuple(self.config.outputs), verdict=self.config.verdict))

    def resources(self, of_text: Callable[[str], Layers] | None = None) -> Resources:
        """Return what edits may need of this model; ``of_text``, or else ``trace``, traces the texts of patches."""
        mean = None if self.statistics is None else partial(_mean, self.statistics)
        return Resources(mean, cache(of_text or self._plain_trace), self.tokenizer)

    def _plain_trace(self, x: Any) -> Trace:
        return self.trace(x) if isinstance(x, str) else self.trace(values=x)

    @cached_property
    def next_outputs(self) -> tuple[int | None, ...]:
        """For each token id, the output that gives the token's probability of coming next.

        Only the unknown token may have no output: None. Empty unless the model predicts the next token.
        """
        if not self.config.predicts_next or self.tokenizer is None:
            return ()
        places = {name: place for place, name in enumerate(self.config.outputs)}
        return tuple(places.get(key) for key in self.tokenizer.vocabulary)


def _mean(statistics: Statistics, layer: int, direction: Direction, letter: str) -> Sequence[float]:
    """Return the mean of each unit of an activation. Raises ValueError if the statistics lack it."""
    for each in statistics.activations:
        if (each.layer, each.direction, each.activation) == (layer, direction, letter):
            return each.mean
    raise ValueError(f"statistics.json has no mean of {letter} in layer {layer} {direction}")
