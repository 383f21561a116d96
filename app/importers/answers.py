"""A user's answers to what files leave open, and which of them were asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, cast

from .found import Convention, ImportRefusedError

FUNCTION = "function"
"""The question what turns the numbers of a head into probabilities: one of ``FUNCTIONS``."""
NONE = "none"
FUNCTIONS = ("sigmoid", "softmax", NONE)


class Answers(Mapping[str, str]):
    """Answers by question, which remember the questions that were looked up."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = dict(given)
        self.asked: dict[str, None] = {}  # in their order

    def __getitem__(self, question: str) -> str:
        self.asked[question] = None
        return self._given[question]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def require_all_asked(self) -> None:
        """Raise ImportRefusedError if there is an answer that no question was asked for."""
        for question, answer in self._given.items():
            if question not in self.asked:
                questions = ", ".join(self.asked)
                raise ImportRefusedError(
                    f"nothing asks for the answer {question}={answer}: of this file, answers may be given to "
                    f"{questions}"
                )


def answers_in(given: Sequence[str]) -> dict[str, str]:
    """Return answers by question. Raises ValueError if one is not KEY=VALUE, or contradicts another."""
    answers: dict[str, str] = {}
    for each in given:
        question, _, answer = each.partition("=")
        if not question or not answer:
            raise ValueError(f"{each!r} is not KEY=VALUE")
        if answers.setdefault(question, answer) != answer:
            raise ValueError(f"{each!r} contradicts {question}={answers[question]}: answer a question once")
    return answers


class HeadFunction(NamedTuple):
    """What turns the numbers of a head into probabilities."""

    function: Literal["sigmoid", "softmax", ""]  # "": nothing that is known
    conventions: Sequence[Convention] = ()
    remarks: Sequence[str] = ()


def function_answered(answers: Mapping[str, str]) -> HeadFunction | None:
    """Return the function that was answered; None if none was.

    Raises ImportRefusedError if the answer is none of ``FUNCTIONS``.
    """
    if (answer := answers.get(FUNCTION)) is None:
        return None
    if answer not in FUNCTIONS:
        raise ImportRefusedError(f"the answer {FUNCTION}={answer} is none of {', '.join(FUNCTIONS)}")
    function = cast("Literal['sigmoid', 'softmax', '']", "" if answer == NONE else answer)
    return HeadFunction(function, [Convention(FUNCTION, answer, "so it was answered; the file does not say")])


def function_of_last(answers: Mapping[str, str], head: str, outputs: int) -> HeadFunction:
    """Return the function of a head, so called in the file, after which a whole network ends."""
    if (answered := function_answered(answers)) is not None:
        return answered
    numbers = "1 number" if outputs == 1 else f"{outputs} numbers"
    remark = (
        f"the head is not complete: {head} gives {numbers}, of which nothing in the file makes probabilities, so the "
        f"model has no outputs; {how_to_answer()}"
    )
    return HeadFunction("", remarks=[remark])


def how_to_answer() -> str:
    """Say how to answer what the function of a head is."""
    choices = " or ".join(f"{FUNCTION}={each}" for each in FUNCTIONS[:2])
    return f"if it is a probability for each output, say so by the answer {choices}"
