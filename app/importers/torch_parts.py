"""Find the embedding below a recurrent module of a state dict, and the linear layer that reads its h."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Literal

from torch import Tensor

from .answers import FUNCTION, NONE, function_answered, how_to_answer
from .found import EMBEDDING, HEAD, Convention, ImportRefusedError, Readout, UndecidedError
from .torch_names import MATRIX, NamedModule, Sizes, modules_in, require_numbers

READS = "reads"
"""Which h a head reads that reads both directions: that of each step, or the last of each direction."""
EACH_STEP, LAST_STATES = "each-step", "last-states"
_EMBEDS = ("emb", "wte", "lookup")  # what the names of embeddings contain
_ENCODES = ("encoder",)  # what language models after PyTorch's own example call theirs


@dataclass
class Parts:
    """What was found around a recurrent module."""

    embedding: str = ""  # the tensor's name
    weight: str = ""  # of the head
    bias: str = ""
    readout: Readout | None = None
    conventions: list[Convention] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def parts_around(module: NamedModule, sizes: Sizes, tensors: Mapping[str, Tensor], answers: Mapping[str, str]) -> Parts:
    """Return the embedding and the head of a module, each only where one tensor can be meant.

    Raises ImportRefusedError if an answer names a tensor that does not fit, or a tensor cannot be computed with.
    """
    search = _Search(module, sizes, tensors, answers)
    search.find_embedding()
    search.find_head()
    for name in filter(None, (search.parts.embedding, search.parts.weight, search.parts.bias)):
        require_numbers(name, tensors[name])
    return search.parts


class _Search:
    """The search for the parts around one module."""

    def __init__(
        self, module: NamedModule, sizes: Sizes, tensors: Mapping[str, Tensor], answers: Mapping[str, str]
    ) -> None:
        self.sizes, self.tensors, self.answers = sizes, tensors, answers
        self.matrices = {name: each for name, each in tensors.items() if each.dim() == MATRIX}
        modules = modules_in(tensors)
        taken = {name for each in modules for name in each.tensors}
        self.candidates = [name for name in self.matrices if _leaf(name) == "weight" and name not in taken]
        self.module, self.others = module, [each.name for each in modules if each.names != module.names]
        self.parts = Parts()

    def find_embedding(self) -> None:
        """Find the (V, E) matrix that the module reads rows of."""
        inputs, parts = self.sizes.inputs, self.parts
        named = [name for name in self.candidates if _names_an_embedding(name) and _bias_of(name) not in self.tensors]
        fitting = [name for name in named if self.matrices[name].shape[1] == inputs]
        parts.embedding = self._one(EMBEDDING, fitting, inputs)
        if parts.embedding:
            self._tell(EMBEDDING, parts.embedding, f"its name, and its {inputs} columns, as many numbers as are read")
        elif not fitting and EMBEDDING not in self.answers:
            parts.remarks += [
                f"the embedding is not imported: {name} has {self.matrices[name].shape[1]} columns, but the network "
                f"reads {inputs} numbers, and what comes between is in the code and not in the file"
                for name in named
                if self._is_near(name)
            ]

    def find_head(self) -> None:
        """Find the (outputs, H·directions) matrix that reads h of the last layer, and its bias."""
        width, parts = self.sizes.width * len(self.sizes.directions), self.parts
        fitting = [
            name
            for name in self.candidates
            if self.matrices[name].shape[1] == width and name != parts.embedding and not _names_an_embedding(name)
        ]
        parts.weight = self._one(HEAD, fitting, width)
        if not parts.weight:
            return
        weight, bias = self.tensors[parts.weight], self.tensors.get(_bias_of(parts.weight))
        if bias is not None and bias.shape == weight.shape[:1]:
            parts.bias = _bias_of(parts.weight)
        function = self._function(len(weight))
        if not function:
            parts.remarks.append(self._incomplete(len(weight)))
        elif FUNCTION in self.answers and not self._reads_each_step():
            return
        else:
            self._tell(HEAD, parts.weight, f"the only matrix left with {width} columns, the size of h")
        parts.readout = Readout(weight, bias if parts.bias else None, function)

    def _reads_each_step(self) -> bool:
        """Whether the head reads h of one step at a time, with a remark on what that means for its outputs.

        Raises UndecidedError if it reads both directions and nobody said so: that of the last step is not what most
        classifiers read, since the backward direction has seen only one step there.
        """
        weight, answer = self.parts.weight, self.answers.get(READS)
        if len(self.sizes.directions) > 1:
            if answer not in (EACH_STEP, LAST_STATES):
                raise UndecidedError(
                    READS,
                    (EACH_STEP, LAST_STATES),
                    f"{weight} reads h of both directions, and the file does not say whether both are of the "
                    "same step, or each is the last of its direction, as in torch.cat([h[-2], h[-1]], 1)",
                    answer,
                )
            self._tell(READS, answer, "")
        if answer == LAST_STATES:
            self.parts.remarks.append(
                f"the head is not imported: {weight} reads the last h of each direction, and those are of different "
                "steps, while Gatescope's outputs are made of h of one step"
            )
            return False
        self.parts.remarks.append(
            f"the outputs are what {weight} makes of h of the last layer at each step: if your code gives it anything "
            f"else, such as a mean over the steps, or attention, import the file with the answer {FUNCTION}={NONE}"
        )
        return True

    def _function(self, outputs: int) -> Literal["sigmoid", "softmax", ""]:
        """Return what turns ``outputs`` numbers into probabilities, as far as it is known."""
        if (answered := function_answered(self.answers)) is not None:
            self.parts.conventions += answered.conventions
            return answered.function
        if self.parts.embedding and outputs == len(self.tensors[self.parts.embedding]) > 1:
            reason = f"the head gives as many numbers as the embedding has rows, {outputs}: it predicts tokens"
            self._tell(FUNCTION, "softmax", reason)
            return "softmax"
        return ""

    def _incomplete(self, outputs: int) -> str:
        """Say that what follows the linear layer is not known."""
        weight = self.parts.weight
        after = [name for name in self.candidates if self.matrices[name].shape[1] == outputs and name != weight]
        follows = f"; {after[0]} may read what it gives" if after else ""
        numbers = "number" if outputs == 1 else f"{outputs} numbers"
        ask = "" if FUNCTION in self.answers else f"; {how_to_answer()}"
        return (
            f"the head is not complete: what is made of the {numbers} that {weight} gives (by a function such as ReLU, "
            f"or a norm) is in the code and not in the file{follows}, so the model has no outputs{ask}"
        )

    def _one(self, question: str, fitting: Sequence[str], columns: int) -> str:
        """Return the tensor that an answer names, or the only one that can be meant; else empty, with a remark."""
        if (answer := self.answers.get(question)) is not None:
            if answer == NONE:
                return ""
            if answer not in self.matrices or self.matrices[answer].shape[1] != columns:
                known = f": choose from {', '.join(fitting)}" if fitting else ""
                raise ImportRefusedError(
                    f"the answer {question}={answer} names no matrix of the file with {columns} columns{known}"
                )
            return answer
        near = [name for name in fitting if self._is_near(name)]
        if len(near) == 1 and (self._is_near(near[0], only=True) or not self.others):
            return near[0]
        if near:
            why = (
                f"it could be {' or '.join(near)}"
                if len(near) > 1
                else f"{near[0]} could belong to {self._rivals(near[0])}"
            )
            self.parts.remarks.append(f"the {question} is not imported: {why}; say which by the answer {question}=NAME")
        return ""

    def _is_near(self, name: str, *, only: bool = False) -> bool:
        """Whether no other recurrent module (and none as much, if ``only``) shares more of its path with ``name``."""
        own = _shared(self.module.name, name)
        return all(own > (there := _shared(other, name)) or (not only and own == there) for other in self.others)

    def _rivals(self, name: str) -> str:
        own = _shared(self.module.name, name)
        rivals = [other for other in self.others if _shared(other, name) == own]
        return " or ".join([self.module.name, *rivals])

    def _tell(self, question: str, answer: str, reason: str) -> None:
        reason = "so it was answered; the file does not say" if question in self.answers else reason
        self.parts.conventions.append(Convention(question, answer, reason))


def _names_an_embedding(name: str) -> bool:
    owner = _leaf(name.rpartition(".")[0]).lower()
    return any(part in owner for part in _EMBEDS) or owner in _ENCODES


def _bias_of(weight: str) -> str:
    return weight.removesuffix("weight") + "bias"


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _shared(module: str, name: str) -> int:
    """Return how many parts of its path a tensor shares with a module."""
    pairs = zip(module.split("."), name.split("."), strict=False)
    return len(list(takewhile(lambda pair: pair[0] == pair[1], pairs)))
