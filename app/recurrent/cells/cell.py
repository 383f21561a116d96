"""What a cell is: one description from which everything else is made, in engines, gradients, API and page.

A step takes the input ``x_t``, the states of the step before and the weights of one layer in one direction. It returns
every activation of the step by its letter: gates, candidate and states; and, as ``a_f`` and so on, the sums that gates
and candidate (or the h of a plain RNN) are a function of. The steps are the definition that all faster code is tested
against. Leading dimensions are free: ``x`` is (..., E), every activation (..., H), and ``h`` (..., P) if a cell
projects.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from .derivative import Jacobians, Point
from .hues import Hue

Activations = dict[str, Tensor]
Kind = Literal["gate", "candidate", "state"]
Line = Literal["solid", "dashed", "dotted", "dash-dotted", "long-dashed"]
Recurrence = Literal["joined", "apart", "none"]
Verb = Literal["writes", "keeps", "lets out", "uses the past", "proposes"]
Row = Callable[..., None]


class Change(Protocol):
    """What becomes of an activation after it is computed and before it is used: the place where edits act."""

    def __call__(self, letter: str, activation: Tensor, partner: Tensor | None = None, /) -> Tensor:
        """Return what stands in the place of ``activation``; ``partner`` is the gate that it may be coupled to."""


def unchanged(_: str, activation: Tensor, __: Tensor | None = None, /) -> Tensor:
    """Return ``activation``: no edit."""
    return activation


class CellWeights(NamedTuple):
    """Parameters of one layer in one direction; row blocks are in the order of ``Cell.blocks``."""

    w_ih: Tensor  # (blocks·H, E)
    w_hh: Tensor  # (blocks·H, P); (0, H) for a cell without recurrent weights
    b_ih: Tensor | None = None  # (blocks·H,)
    b_hh: Tensor | None = None  # (blocks·H,)
    w_hr: Tensor | None = None  # (P, H), the projection; h is then (..., P)
    w_ch: Tensor | None = None  # (peepholes, H), a weight for each unit; rows are in the order of ``Cell.peepholes``

    def double(self) -> "CellWeights":
        """Return them in float64."""
        return CellWeights(*(None if weight is None else weight.double() for weight in self))  # type: ignore[arg-type]


class Step(Protocol):
    """One step of a cell, written as the equations of its source."""

    def __call__(
        self, x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /
    ) -> Activations: ...


@dataclass(frozen=True)
class Activation:
    """One activation of a cell."""

    letter: str
    kind: Kind
    name: str
    """As the PyTorch documentation has it: "forget gate"."""
    purpose: str
    """What it is for, in one phrase for the page."""
    low: float = -math.inf
    high: float = math.inf
    """Ends of its range."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The path on which a state carries information on: s_t = keep ⊙ s_{t-1} + write."""

    state: str
    """The letter of the state that is kept."""
    gate: str
    """The letter of the gate that keeps."""
    write: Callable[[Mapping[str, Any]], Any]
    """What a step writes, from its activations."""
    keeps_when: Literal["open", "shut"] = "open"
    """Whether the share kept is the gate, or 1 − gate."""
    read: str = "{state}"
    """How h is read from the state, for the page."""
    let_out: Callable[[Mapping[str, NDArray[Any]]], NDArray[Any]] | None = None
    """The factor γ in h = γ ⊙ s, from the activations of a step, s included; None: h is the state itself."""
    averages: bool = False
    """Whether a step writes the candidate times 1 − keep: the state is then a weighted mean of what could be written
    at each step and of the initial state."""
    writes_nothing: tuple[str, float]
    """The letter of a gate, and the value that it is held at so that a step writes nothing."""

    def keep(self, activations: Mapping[str, Any]) -> Any:
        """Return the share of the state that a step keeps, in [0, 1]."""
        gate = activations[self.gate]
        return gate if self.keeps_when == "open" else 1 - gate

    @property
    def sign(self) -> int:
        """The sign s for which the share kept is σ(s·a), a being the gate's pre-activation."""
        return 1 if self.keeps_when == "open" else -1


@dataclass(frozen=True)
class Role:
    """What a gate or the candidate does in a step, in a verb of which the cell is the subject.

    A gate that does two things at once has two roles: in one of them it counts as 1 − gate.
    """

    verb: Verb
    letter: str
    is_complement: bool = False
    """Whether it is 1 − gate that says how much."""

    @property
    def symbol(self) -> str:
        """How it is written: "i", or "1 − z"."""
        return f"1 − {self.letter}" if self.is_complement else self.letter

    def of(self, activations: Mapping[str, Any]) -> Any:
        """Return how much of it there is, from the activations of a step."""
        return 1 - activations[self.letter] if self.is_complement else activations[self.letter]


@dataclass(frozen=True)
class Equation:
    """One equation for the page: ``{f}`` is an activation, ``{c-}`` a state of the step before, ``{x}`` the input."""

    of: str
    """The letter of what it gives."""
    formula: str
    figures: str = ""
    """What is shown with the numbers of one unit, where these do not make all of ``formula``."""


@dataclass(frozen=True)
class Node:
    """A node of a circuit; it stands for what comes out of it.

    - in, out: an end of the drawing
    - branch: a dot; what comes in goes on more than one way
    - join: a dot; the vectors that come in go on as one, end to end
    - layer: a box with weights and biases of its own: σ, tanh and relu of W·x + U·h + b, or only W·x + b, written W, or
      only U·h + b′, written U; with a peephole a wire of the cell state leads in as well, and p ⊙ c is added
    - operator: what is done unit by unit: ⊙, +, 1− and tanh
    """

    kind: Literal["in", "out", "branch", "join", "layer", "operator"]
    x: int  # of its middle
    y: int
    sign: str = ""
    letter: str = ""  # of the activation that comes out of it


@dataclass(frozen=True)
class Wire:
    """A wire from node to node, by their keys; ``via`` holds its corners."""

    start: str
    end: str
    via: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Label:
    """A name next to a wire, of what a node gives."""

    of: str
    x: int
    y: int
    name: str
    anchor: Literal["start", "middle", "end"] = "start"


@dataclass(frozen=True)
class Circuit:
    """The drawing of a cell, 340 wide.

    A node is a quantity of the step, by its letter (``c-`` and ``h-`` are states of the step before, ``a`` is the only
    pre-activation of a cell without gates), or something on the way.
    """

    name: str
    height: int
    nodes: Mapping[str, Node]
    wires: Sequence[Wire]
    figures: Sequence[Label]
    """With the number of one unit."""
    word: tuple[int, int]
    """Where the input is named."""
    terms: Sequence[Label] = ()
    """Without a number: a trace does not hold them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """All that anything else needs to know of a cell."""

    name: str
    """As in ``NetworkConfig.cell``; variants of a cell share it."""
    variant: str
    """Unique in the table; ``name`` itself for the usual form."""
    title: str
    """For people: "LSTM"."""
    noun: str
    """The same in a sentence, with its article: "an LSTM"."""
    letters: Sequence[Activation]
    """In the order of computation."""
    blocks: str
    """Row blocks of the weights, in order: the letters of what their sums become."""
    step: Step
    row: Row
    """The compiled step of one sequence, unit by unit: see ``elementwise``."""
    jacobians: Callable[[Point], Jacobians]
    """The derivatives of a step in closed form."""
    equations: Sequence[Equation]
    circuit: Circuit
    hue: Hue
    """The colour of its curves; the variants of a cell share it."""
    line: Line
    """How its curves are drawn, so that cells can be told apart without colour."""
    recurrence: Recurrence = "joined"
    """How W_hh h enters: added to W_ih x + b; apart from it, as the row needs it; or not at all."""
    second_row: Row | None = None
    """What follows the last block's recurrent product, where that is of what ``row`` puts into ``out`` instead of h."""
    memory: Memory | None = None
    """None where a step rewrites everything, as in a plain RNN."""
    module: type[nn.RNNBase] | None = None
    """The class of torch.nn that computes this cell; None if there is none."""
    step_module: type[nn.RNNCellBase] | None = None
    """The class of torch.nn that takes one step of this cell; None if there is none."""
    options: Mapping[str, Any] | None = None
    """The fields of ``NetworkConfig`` that tell this variant from others of its name, with their values."""
    module_options: Mapping[str, Any] | None = None
    """What ``module`` is built with."""
    module_mode: str = ""
    """The ``mode`` by which PyTorch tells variants of one class apart; "" if there are none."""
    open_bias: str = ""
    """The letter of the gate that keeps, if its bias may start so that it keeps much (a forget gate)."""
    opposite_bias: str = ""
    """The letter of the gate whose bias starts at minus that under chrono initialisation (an input gate)."""
    couples: tuple[str, str] | None = None
    """A gate, and the one that it may be coupled to, as 1 minus that; None where gates are coupled by construction."""
    projects: bool = False
    """Whether h may be projected to a smaller size."""
    peepholes: str = ""
    """The letters of the gates that see the cell state, each unit its own."""
    note: str = ""
    """What stands under the equations, where they leave something out."""
    roles: Sequence[Role] = ()
    """What its gates and candidate do, in the order in which the first screen shows them; a gate has a row there for
    each of its roles."""
    panels: str = ""
    """The letters in the order in which the page shows them; "" for that of computation."""

    def __post_init__(self) -> None:
        """Raise ValueError, with the field's name, where the description is not whole."""
        known = "".join(each.letter for each in self.letters)
        for name, value in (("blocks", self.blocks), ("open_bias", self.open_bias), ("letters", self.states)):
            if (not value and name != "open_bias") or set(value) - set(known):
                raise ValueError(f"{name} of the cell {self.variant!r} is {value!r}: its letters are {known!r}")
        for name in ("name", "variant", "title", "noun", "equations"):
            if not getattr(self, name):
                raise ValueError(f"{name} of the cell {self.variant!r} is empty")
        if self.panels and sorted(self.panels) != sorted(known):
            raise ValueError(f"panels of the cell {self.variant!r} are {self.panels!r}: its letters are {known!r}")
        if drawn := [label.of for label in self.circuit.figures if label.of not in {*self.circuit.nodes, "a"}]:
            raise ValueError(f"circuit of the cell {self.variant!r} names {drawn[0]!r}, which is not a node")
        if (memory := self.memory) is not None and {memory.state, memory.gate, memory.writes_nothing[0]} - set(known):
            raise ValueError(f"memory of the cell {self.variant!r} names letters that are not among {known!r}")
        if {role.letter for role in self.roles} != {*self.gates, *self.candidate}:
            missing = f"each of {self.gates + self.candidate!r} needs one"
            raise ValueError(
                f"roles of the cell {self.variant!r} are {[each.symbol for each in self.roles]}: {missing}"
            )

    def __reduce__(self) -> tuple[Callable[[str], "Cell"], tuple[str]]:
        """A copy, and what is read from a pickle, is the cell of the table itself."""
        return _of_the_table, (self.variant,)

    @cached_property
    def activations(self) -> str:
        """The letters of gates, candidate and states, in the order of computation."""
        return "".join(each.letter for each in self.letters)

    @cached_property
    def states(self) -> str:
        """The letters of what is carried from step to step."""
        return "".join(each.letter for each in self.letters if each.kind == "state")

    @cached_property
    def gates(self) -> str:
        """The letters of the gates, which lie in [0, 1]."""
        return "".join(each.letter for each in self.letters if each.kind == "gate")

    @cached_property
    def candidate(self) -> str:
        """The letter of what could be written; empty for a plain RNN."""
        return "".join(each.letter for each in self.letters if each.kind == "candidate")

    @cached_property
    def rows(self) -> Sequence[Role]:
        """The roles of gates, each of which has a row on the first screen."""
        return [role for role in self.roles if role.letter in self.gates]

    @cached_property
    def open_gate(self) -> str:
        """The name of the gate whose bias may start so that it keeps; empty if there is none."""
        return self[self.open_bias].name if self.open_bias else ""

    @cached_property
    def bounded(self) -> bool:
        """Whether h has a bound."""
        return math.isfinite(self["h"].high)

    @cached_property
    def pre_activations(self) -> Sequence[str]:
        """The names of the sums that gates and candidate (or the h of a plain RNN) are a function of."""
        return [f"a_{letter}" for letter in self.blocks]

    @property
    def carrier(self) -> str:
        """The letter of the state that carries the memory: h where a step rewrites everything."""
        return "h" if self.memory is None else self.memory.state

    @property
    def has_recurrent_weights(self) -> bool:
        """Whether the cell multiplies h_{t-1} by weights."""
        return self.recurrence != "none"

    def __getitem__(self, letter: str) -> Activation:
        """Return one activation. Raises KeyError if the cell has none of that letter."""
        for each in self.letters:
            if each.letter == letter:
                return each
        raise KeyError(letter)

    def computes(self, module: object) -> bool:
        """Whether ``module`` follows the equations of this cell: one of torch.nn, or one that was built of it."""
        if getattr(module, "cell", None) is self:
            return True
        if self.step_module is not None and isinstance(module, self.step_module):
            return all(getattr(module, name) == value for name, value in (self.module_options or {}).items())
        if self.module is None or not isinstance(module, self.module):
            return False
        return self.module_mode in {"", module.mode}


def _of_the_table(variant: str) -> Cell:
    from . import TABLE  # which is made of this module's cells

    return next(cell for cell in TABLE if cell.variant == variant)


def tanh_ratio(x: NDArray[Any]) -> NDArray[Any]:
    """Return tanh(x) / x, which is 1 at 0."""
    with np.errstate(invalid="ignore"):
        ratio: NDArray[Any] = np.tanh(x)
        ratio /= x
    if not x.all():
        ratio[x == 0] = 1
    return ratio


def double(activations: Activations) -> Activations:
    """Return activations in float64."""
    return {letter: tensor.double() for letter, tensor in activations.items()}
