"""The logit is the one asked for, or the one that needs no asking; what means nothing is refused."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import decompose, trace_module
from gatescope.recurrent.option_error import OptionError
from gatescope.recurrent.trace import Trace, trace
from networks import random_network, random_tokens
from torch import nn

from ..torch_modules import random_module, random_sequences


def traced(outputs: int, head: str, names: tuple[str, ...] = (), verdict: str | None = None, **config: Any) -> Trace:
    network = random_network(cell="lstm", outputs=outputs, head=head, dtype=torch.float64, **config)
    made = trace(network, random_tokens(5))
    assert made.head is not None
    return replace(made, head=replace(made.head, names=names, verdict=verdict))


def test_a_single_output_needs_no_asking() -> None:
    logit = decompose(traced(1, "sigmoid", ("positive",))).logit
    assert logit is not None
    assert (logit.outputs, logit.names) == ((0,), ("positive",))


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_default_of_a_softmax_is_the_most_probable_against_the_second(bidirectional: bool) -> None:
    made = traced(4, "softmax", bidirectional=bidirectional)
    parts = decompose(made)
    assert parts.logit is not None
    ranked = np.argsort(-made.outputs[-1]).tolist()
    assert parts.logit.outputs == tuple(ranked[:2])
    in_all = sum(decompose(made, direction=each.direction).shares.sum(axis=1) for each in made.layers)  # type: ignore[union-attr]
    a, b = (np.log(made.outputs[:, output]) for output in ranked[:2])
    assert in_all + parts.bias == pytest.approx(a - b, abs=1e-9)


def test_one_output_against_another() -> None:
    made = traced(4, "softmax", ("a", "b", "c", "d"))
    one, other = decompose(made, output=(3, "a")), decompose(made, output=["a", 3])
    assert one.shares == pytest.approx(-other.shares, abs=1e-14)
    assert one.bias == -other.bias  # type: ignore[operator]
    assert one.logit is not None
    assert one.logit.names == ("d", "a")


def test_the_verdict_needs_no_asking() -> None:
    parts = decompose(traced(3, "sigmoid", ("a", "b", "end"), "end"))
    assert parts.logit is not None
    assert parts.logit.outputs == (2,)


def test_an_output_as_argmax_gives_it() -> None:
    made = traced(3, "sigmoid")
    logit = decompose(made, output=np.int64(2)).logit  # type: ignore[arg-type]
    assert logit is not None
    assert logit.outputs == (2,)
    with pytest.raises(OptionError, match=r"^output: there is no output True: choose from 0 to 2$"):
        decompose(made, output=True)


def test_what_is_no_head() -> None:
    with pytest.raises(OptionError, match=r"^head: is a Bilinear: it must be an nn\.Linear, or \(weight, bias\)$"):
        decompose(traced(1, "sigmoid"), head=nn.Bilinear(7, 7, 1))  # type: ignore[arg-type]


def test_an_output_by_number_or_name() -> None:
    made = traced(3, "sigmoid", ("a", "b", "end"))
    one, other = decompose(made, output=1), decompose(made, output="b")
    assert (one.shares == other.shares).all()  # type: ignore[union-attr]


@pytest.mark.parametrize("bias", [True, False])
def test_a_head_of_ones_own(bias: bool) -> None:
    module, head = random_module("gru", dtype=torch.float64), nn.Linear(7, 2, bias=bias, dtype=torch.float64)
    [x] = random_sequences([4], dtype=torch.float64)
    made = trace_module(module, x)
    logits = head(module(x)[0]).detach().numpy()
    of_tensors = decompose(made, (head.weight, head.bias), output=1)
    assert of_tensors.shares is not None
    assert of_tensors.shares.sum(axis=1) + of_tensors.bias == pytest.approx(logits[:, 1], abs=1e-9)
    assert (decompose(made, head, output=1).shares == of_tensors.shares).all()  # type: ignore[union-attr]
    arrays = head.weight.detach().numpy().tolist(), head.bias.tolist() if bias else None
    against = decompose(made, arrays, output=(1, 0))
    assert against.shares is not None
    assert against.shares.sum(axis=1) + against.bias == pytest.approx(logits[:, 1] - logits[:, 0], abs=1e-9)


SIGMOID, SOFTMAX, NAMED = traced(3, "sigmoid"), traced(3, "softmax"), traced(2, "sigmoid", ("yes", "no"))
BARE = trace_module(random_module(), random_sequences([3])[0])
BOTH = trace_module(random_module(bidirectional=True), random_sequences([3])[0])


@pytest.mark.parametrize(
    ("made", "options", "message"),
    [
        (
            traced(11, "sigmoid", tuple("abcdefghijk")),
            {"output": "z"},
            "output: there is no output 'z': choose from 0 to 10",
        ),
        (SIGMOID, {"output": 3}, "output: there is no output 3: choose from 0 to 2"),
        (SIGMOID, {"output": -1}, "output: there is no output -1: choose from 0 to 2"),
        (
            SIGMOID,
            {"output": "good"},
            "output: there is no output 'good': choose from 0 to 2",
        ),
        (NAMED, {"output": "maybe"}, "output: there is no output 'maybe': choose from 0 ('yes'), 1 ('no')"),
        (
            NAMED,
            {},
            "output: the head gives 2 outputs, each with a probability of its own (sigmoid): give one of them: "
            "choose from 0 ('yes'), 1 ('no')",
        ),
        (
            SIGMOID,
            {"output": (0, 1)},
            "output: the head gives 3 outputs, each with a probability of its own (sigmoid): give one of them: "
            "choose from 0 to 2",
        ),
        (
            SOFTMAX,
            {"output": 1},
            "output: one logit of a softmax means nothing by itself: give two outputs, one against the other: "
            "choose from 0 to 2",
        ),
        (
            SOFTMAX,
            {"output": (1, 1)},
            "output: give one output, or two that differ, one against the other: choose from 0 to 2",
        ),
        (
            SOFTMAX,
            {"output": (0, 1, 2)},
            "output: give one output, or two that differ, one against the other: choose from 0 to 2",
        ),
        (
            traced(1, "softmax"),
            {},
            "output: a softmax over a single output is always 1: its logit means nothing",
        ),
        (
            BARE,
            {"head": (np.zeros((2, 7)), np.zeros(2))},
            "output: the head gives 2 outputs: give one, or, of a softmax, two, one against the other: "
            "choose from 0 to 1",
        ),
        (
            BARE,
            {"output": 0},
            "head: this trace has none: pass head=(weight, bias), with a row of weight for each output",
        ),
        (
            BARE,
            {"head": (np.zeros((1, 6)), None)},
            "head: its weight reads 6 numbers, and h of the last layer has 7",
        ),
        (
            BOTH,
            {"head": (np.zeros((1, 7)), None)},
            "head: its weight reads 7 numbers, and the two h of the last layer have together 14",
        ),
        (
            BARE,
            {"head": (np.zeros((2, 7)), np.zeros(1))},
            "head: its weight is (2, 7) and its bias (1,): they must be (outputs, H) and (outputs,)",
        ),
    ],
)
def test_what_is_refused(made: Trace, options: Any, message: str) -> None:
    with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
        decompose(made, **options)
