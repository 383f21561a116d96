"""What a task is: its data at hand, what to learn from them, how, and how to measure what was learned."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, Protocol, runtime_checkable

from ..analysis.features import Feature
from ..analysis.metrics import Figure
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import Reader, Tokenizer
from ..store.columns import steps_of
from ..store.fields import Metric
from .trainer import Objective, Recipe

Half = Literal["choose", "report"]  # of the held-out texts: units are chosen on one half and reported on the other


@runtime_checkable
class Task(Protocol):
    """A task with its data at hand."""

    name: str
    """The name in ``gatescope train NAME``; the ``task`` of its models, unless ``about`` says another."""
    objective: Objective
    """What the trainer takes: batches and a loss."""
    about: Mapping[str, Any]
    """The fields of ``ModelConfig`` that do not depend on the network: outputs, predicts_next, examples …"""
    data: str
    """SHA-256 of all that is learned from: a checkpoint made from other data is refused."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer of its texts; None for sequences of numbers, whose ``columns`` ``about`` gives."""

    def config(self, cell: CellName) -> NetworkConfig:
        """Return the network to train, which has the same sizes for every cell."""

    def recipe(self, cell: CellName) -> Recipe:
        """Return how to train a network of ``cell``, whichever cell it is."""

    def judge(self, network: Network) -> float:
        """Return how far ``network`` is from what is wanted, on validation data: the lower, the better."""

    def measure(self, network: Network) -> Sequence[Figure]:
        """Measure ``network`` on held-out data."""

    def held_out(self, half: Half) -> Sequence[Any]:
        """Return texts, or a ``Series`` each, that no network learned from; none is in both halves."""

    def features(self, text: Any) -> Sequence[Feature]:
        """Return what a unit might track in ``text``, which is one that ``held_out`` gives, step by step."""

    def facts(self) -> Mapping[str, Any]:
        """Return what the card says about the data and the recipe, besides the figures.

        Each value becomes a section of that name: a text is a paragraph, a sequence of texts a list, a mapping or a
        sequence of mappings a table. "data" stands first and without a heading, "limits" among the limits.
        """


def reader_of(task: Task) -> Reader:
    """Return what gives the tokens of what ``task`` holds out."""
    return task.tokenizer or partial(steps_of, task.about["columns"])


@runtime_checkable
class Remarks(Protocol):
    """A task that says in words what the figures of a model show."""

    def remarks(self, metrics: Sequence[Metric], others: Mapping[str, Sequence[Metric]]) -> Sequence[str]:
        """Return paragraphs on ``metrics``, and on those of ``others``: models of other cells, by their titles."""


@runtime_checkable
class Shows(Protocol):
    """A task that has more to show of a network than figures."""

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """Return further sections of the card by their titles: paragraphs, lists and tables, as in ``facts``."""
