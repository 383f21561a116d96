"""Answers to what files leave open: one that nothing asks for is refused, not ignored."""

from pathlib import Path

import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.answers import Answers, answers_in
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import found_in_file
from torch import nn


def test_answers_remember_what_was_asked() -> None:
    answers = Answers({"a": "1", "b": "2"})
    assert dict(answers) == {"a": "1", "b": "2"}
    answers = Answers({"a": "1", "b": "2"})
    assert (answers.get("a"), answers.get("c"), len(answers)) == ("1", None, 2)
    with pytest.raises(ImportRefusedError, match=r"^nothing asks for the answer b=2: of this file.* given to a, c$"):
        answers.require_all_asked()
    assert "b" in answers
    answers.require_all_asked()


def test_a_question_is_answered_once_and_by_something() -> None:
    assert answers_in(["a=1=2", "b=x", "b=x"]) == {"a": "1=2", "b": "x"}
    for given, said in (
        (["a"], "'a' is not KEY=VALUE"),
        (["=a"], "'=a' is not KEY=VALUE"),
        (["a=1", "a=2"], "'a=2' contradicts a=1: answer a question once"),
    ):
        with pytest.raises(ValueError, match=f"^{said}$"):
            answers_in(given)


@pytest.mark.parametrize(
    ("kind", "given", "unasked", "asked"),
    [
        ("LSTM", {"foo": "bar"}, "foo=bar", "module, embedding, head"),
        ("LSTM", {"nonlinearity": "tanh"}, "nonlinearity=tanh", "module, embedding, head"),
        (
            "RNN",
            {"nonlinearity": "tanh", "reads": "each-step"},
            "reads=each-step",
            "module, nonlinearity, embedding, head",
        ),
    ],
)
def test_an_answer_that_nothing_asks_for_is_refused_with_the_questions(
    kind: str, given: dict[str, str], unasked: str, asked: str, tmp_path: Path
) -> None:
    torch.save(getattr(nn, kind)(2, 3).state_dict(), path := tmp_path / "model.pt")
    with pytest.raises(ImportRefusedError) as refused:
        found_in_file(Request(path, answers=given), None)
    assert str(refused.value) == (
        f"nothing asks for the answer {unasked}: of this file, answers may be given to {asked}"
    )
