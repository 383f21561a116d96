"""What every task gives to the commands that train and evaluate: its data at hand, and how to learn and measure."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, runtime_checkable

from ..analysis.features import Feature
from ..analysis.metrics import Figure
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import Tokenizer
from .trainer import Recipe, Task

Slice = Literal["choose", "report"]


class Lesson(Protocol):
    """A task with its data at hand."""

    name: str
    """As in ``gatescope train NAME``; the ``task`` of its models."""
    tokenizer: Tokenizer
    task: Task
    about: Mapping[str, Any]
    """The fields of ``ModelConfig`` that do not depend on the network: outputs, predicts_next, examples …"""
    data: str
    """SHA-256 of all that is learned from: a checkpoint of other data is refused."""

    def config(self, cell: CellName) -> NetworkConfig:
        """The network that is trained: of equal size whatever the cell."""

    def recipe(self, cell: CellName) -> Recipe:
        """How it is trained."""

    def judge(self, network: Network) -> float:
        """How far ``network`` is from what is wanted, on validation data; the less, the better."""

    def measure(self, network: Network) -> Sequence[Figure]:
        """The held-out figures of ``network``."""

    def held_out(self, part: Slice) -> Sequence[str]:
        """Texts that no network learned from, in two parts: units are chosen on one and reported on the other."""

    def features(self, text: str) -> Sequence[Feature]:
        """What a unit might track in ``text``, token by token."""

    def facts(self) -> Mapping[str, Any]:
        """What the card says of the data and the recipe, beside the figures."""


@runtime_checkable
class Shows(Protocol):
    """A lesson that has more to show of a network than figures."""

    def shows(self, network: Network) -> Mapping[str, Sequence[Any]]:
        """Further sections of the card, by their titles: paragraphs, lists and tables, as ``facts`` gives them."""
