"""What two traces differ in: what an edit did."""

from dataclasses import dataclass

from .cells import cell_named
from .modules import Direction
from .tokenizer import Token
from .trace import FloatArray, LayerTrace, Trace


@dataclass(frozen=True, eq=False)
class Comparison:
    """One trace minus another, activation by activation and output by output."""

    tokens: tuple[Token, ...]  # of the second trace
    layers: tuple[LayerTrace, ...]  # whose arrays (T, H) are differences
    outputs: FloatArray  # (T, outputs), differences

    def __len__(self) -> int:
        """Return T, the number of steps."""
        return len(self.outputs)

    def layer(self, layer: int = 0, direction: Direction = "forward") -> LayerTrace:
        """Return one layer in one direction. Raises KeyError if the network does not have it."""
        for each in self.layers:
            if (each.layer, each.direction) == (layer, direction):
                return each
        raise KeyError(f"layer {layer} {direction}")


def compare(a: Trace, b: Trace) -> Comparison:
    """Return ``b`` minus ``a``, step by step: what an edit did, if ``a`` is without it and ``b`` with it.

    Activations that only one of them holds, such as pre-activations, are left out. Raises ValueError unless both have
    the same number of steps, and are of networks of the same form.
    """
    if len(a) != len(b):
        raise ValueError(f"the traces have {len(a)} and {len(b)} steps: they must have the same number")
    if _form(a) != _form(b):
        raise ValueError("the traces are of networks of different form: cells, layers and sizes must be the same")
    layers = tuple(
        LayerTrace(
            here.layer,
            here.direction,
            there.cell,
            {k: there[k] - here[k] for k in here.activations if k in there.activations},
        )
        for here, there in zip(a.layers, b.layers, strict=True)
    )
    return Comparison(b.tokens, layers, b.outputs - a.outputs)


def _form(trace: Trace) -> list[object]:
    """Return what two traces must have in common."""
    layers = [
        (each.layer, each.direction, each.cell, [each[letter].shape[1] for letter in cell_named(each.cell).states])
        for each in trace.layers
    ]
    return [*layers, trace.outputs.shape[1]]
