"""Options that do not fit are named, the work is estimated before any is done, and defaults are as described."""

import re
from typing import Any

import gatescope
import pytest
import torch
from gatescope.recurrent.cost import multiply_adds
from gatescope.recurrent.memory.plan import PARTS, MemoryOptions, MemoryPlan
from gatescope.recurrent.memory.subject import subject_of
from gatescope.recurrent.memory.work import work
from gatescope.recurrent.option_error import OptionError
from networks import random_network, random_tokens

READ = 10  # multiply-adds of a product of large matrices, in the time that a weight is read


def plan(steps: int = 5, config: dict[str, Any] | None = None, **options: Any) -> MemoryPlan:
    network = random_network(**{"cell": "lstm", **(config or {})})
    return MemoryPlan.of(subject_of(network, random_tokens(steps)), MemoryOptions(**options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parts": ["norms"]}, f"parts: there is no part 'norms': choose from {', '.join(PARTS)}"),
        ({"alpha": 3.5}, "alpha: 3.5 does not lie between 0.1 and 3.0"),
        ({"alpha": float("nan")}, "alpha: nan does not lie between 0.1 and 3.0"),
        ({"layers": [1]}, "layers: there is no layer 1: choose from 0 to 0"),
        ({"layers": [-1]}, "layers: there is no layer -1: choose from 0 to 0"),
        ({"start": 5}, "start: 5 is not below 5, where the steps asked for end, of 5 in all"),
        ({"start": 2, "stop": 2}, "start: 2 is not below 2, where the steps asked for end, of 5 in all"),
        ({"start": -1}, "start: -1 is below 0"),
        ({"step": 1, "start": 2}, "step: 1 is not among the steps asked for, 2 to 4"),
        ({"output": 2}, "output: there is no output 2: choose from 0 to 1"),
        ({"target": -1}, "target: there is no target -1: choose from 0 to 1"),
        ({"clip": 0}, "clip: 0 is not above 0"),
        ({"clip": float("nan")}, "clip: nan is not above 0"),
    ],
    ids=str,
)
def test_an_option_that_does_not_fit(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=f"^{re.escape(message)}$"):
        plan(**options)


def test_alpha_where_there_is_nothing_that_it_could_scale() -> None:
    message = "alpha: a minGRU has no recurrent weights to multiply by 2: leave alpha at 1"
    with pytest.raises(OptionError, match=f"^{message}$"):
        plan(config={"cell": "mingru"}, alpha=2.0)
    assert plan(config={"cell": "mingru"}).options.alpha == 1


@pytest.mark.parametrize("part", ["words", "attribution", "occlusion", "loss"])
def test_a_part_that_a_module_does_not_have(part: str) -> None:
    message = (
        f"parts: {part!r} needs outputs, which a bare module does not have: choose from states, inputs, "
        "spectral, time_scales, saturation, spectra"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gatescope.memory(torch.nn.GRU(3, 4), torch.randn(5, 3), [part])  # type: ignore[list-item]


def test_work_is_estimated_before_anything_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.recurrent.memory.plan.trace", None)
    monkeypatch.setattr("gatescope.recurrent.memory.plan.layer_jacobians", None)
    planned = plan(steps=10_000)
    assert sum(work(planned).values()) > 1e7
    assert planned.numbers_held() > 1e6
    assert planned.numbers_returned() == 4 * 10_000**2


@pytest.mark.parametrize("config", [{}, {"cell": "gru", "layers": 2, "bidirectional": True}, {"cell": "rnn"}], ids=str)
def test_only_what_is_wanted_is_work(config: dict[str, Any]) -> None:
    nothing = plan(config=config, parts=["saturation"])
    assert {stage for stage, work in work(nothing).items() if work} == {"trace"}
    assert work(nothing)["trace"] == pytest.approx(READ * 5 * multiply_adds(nothing.network))
    everything = work(plan(config=config, parts=PARTS))
    assert all(work > 0 for work in everything.values())
    for parts, stages in (
        (["states"], {"pairs"}),
        (["inputs"], {"pairs"}),
        (["spectral"], {"pairs"}),
        (["words"], {"words"}),
        (["attribution"], {"attribution"}),
        (["occlusion"], {"occlusion"}),
        (["loss"], {"loss"}),
        (["spectra"], {"spectra"}),
    ):
        stages_of = work(plan(config=config, parts=parts))
        assert {stage for stage, each in stages_of.items() if each} == {"trace", *stages}, parts


def test_a_pair_of_layers_is_twice_the_work_of_one() -> None:
    config = {"layers": 2, "embedding_size": 7}  # as wide as what the second one reads
    both, one = (work(plan(config=config, parts=["states"], layers=layers))["pairs"] for layers in (None, [1]))
    assert both == 2 * one


def test_what_outputs_reach_in_two_directions_is_everything() -> None:
    assert plan(start=1, stop=4).reach == range(1, 4)
    assert plan(config={"bidirectional": True}, start=1, stop=4).reach == range(5)


def test_outputs_are_held_too() -> None:
    few, many = ({"outputs": count, "head": "softmax"} for count in (2, 100_000))
    assert plan(config=many, parts=["loss"]).numbers_held() > plan(config=few, parts=["loss"]).numbers_held() + 5e5
    every, one = (plan(config=many, parts=["words"], output=output).numbers_held() for output in (None, 7))
    assert every >= one + 5 * 100_000 * 7
    states = [plan(config=each, parts=["states", "occlusion"]).numbers_held() for each in (few, many)]
    assert states[0] == states[1]


def test_defaults() -> None:
    planned = plan(stop=99)
    assert (planned.start, planned.stop, planned.step, planned.output) == (0, 5, 4, None)
    assert planned.parts == frozenset(PARTS) - {"occlusion"}
    assert planned.layers == {0}
    assert plan(config={"outputs": 1}).output == 0
