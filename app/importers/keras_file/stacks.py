"""Which recurrent layers of a model make one network: those of the same cell and size, each reading the one before."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..found import MODULE, ImportRefusedError, UndecidedError
from .model import Graph, Layer
from .recurrent import Answers, Recurrent, is_recurrent, recurrent_of
from .stores import Store


@dataclass(frozen=True)
class Stack:
    """Recurrent layers, from the first to the last; or a layer that cannot be imported."""

    layers: Sequence[Recurrent]
    refused: Layer | None = None
    error: ImportRefusedError | None = None

    @property
    def paths(self) -> Sequence[str]:
        """The names of its layers."""
        return [self.refused.path] if self.refused is not None else [each.layer.path for each in self.layers]

    @property
    def name(self) -> str:
        """The names of its layers, in one."""
        return " + ".join(self.paths)


def stacks_of(graph: Graph, store: Store, answers: Answers) -> list[Stack]:
    """Return every recurrent network of a model."""
    stacks: list[Stack] = []
    for layer in filter(is_recurrent, graph.layers.values()):
        try:
            recurrent = recurrent_of(layer, store, answers)
        except ImportRefusedError as error:
            stacks.append(Stack((), layer, error))
            continue
        below = graph.before(layer)
        for n, stack in enumerate(stacks):
            if below is not None and stack.layers and _continues(stack.layers[-1], below, recurrent):
                stacks[n] = Stack([*stack.layers, recurrent])
                break
        else:
            stacks.append(Stack([recurrent]))
    return stacks


def _continues(last: Recurrent, below: Layer, recurrent: Recurrent) -> bool:
    return (
        last.layer.path == below.path
        and last.form == recurrent.form
        and last.gives_sequence is not False
        and recurrent.input_size == last.form.width
        and not recurrent.layer.initial
    )


def chosen(stacks: Sequence[Stack], graph: Graph, module: str) -> Stack:
    """Return the stack that ``module`` names, by the name of any of its layers, or the only one.

    Raises ImportRefusedError, with the names, if that leaves none or several, or if the one chosen cannot be imported.
    """
    if not stacks:
        kinds = ", ".join(sorted({layer.kind for layer in graph.layers.values()} - {"InputLayer"})[:12])
        raise ImportRefusedError(f"the model has no LSTM, GRU or SimpleRNN layer: it has {kinds or 'no layers'}")
    matching = [stack for stack in stacks if not module or module in {*stack.paths, stack.name}]
    if not matching:
        raise UndecidedError(MODULE, [stack.name for stack in stacks], f"the model has no recurrent layer {module!r}")
    if undecided := [stack.error for stack in matching if isinstance(stack.error, UndecidedError)]:
        raise undecided[0]  # first: answers are of the whole file, and layers are joined only after them
    if len(matching) > 1:
        raise UndecidedError(
            MODULE, [stack.name for stack in matching], f"the model has {len(stacks)} recurrent networks"
        )
    if matching[0].error is not None:
        raise matching[0].error
    return matching[0]
