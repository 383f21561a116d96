"""Work is estimated to within a few times of what PyTorch counts, and grows with the text."""

import math
from typing import Any, get_args

import pytest
from gatescope.recurrent.memory.attribution import FEWEST_POINTS
from gatescope.recurrent.memory.measure import memory_steps
from gatescope.recurrent.memory.plan import MemoryOptions, MemoryPart, MemoryPlan
from gatescope.recurrent.memory.subject import subject_of
from gatescope.recurrent.memory.work import measured_rate, work
from gatescope.recurrent.watching import finished
from hypothesis import given
from hypothesis import strategies as st
from networks import any_network, random_network, random_tokens, tokens_of
from torch.utils.flop_counter import FlopCounterMode

CONFIGS: dict[str, dict[str, Any]] = {
    "lstm": {"cell": "lstm", "layers": 2},
    "gru": {"cell": "gru", "bidirectional": True},
    "rnn": {"cell": "rnn", "layers": 3},
}
PARTS: tuple[MemoryPart, ...] = get_args(MemoryPart)


def plan(parts: list[MemoryPart], steps: int, **config: Any) -> MemoryPlan:
    network = random_network(embedding_size=64, hidden_size=64, outputs=1, **config)
    return MemoryPlan.of(subject_of(network, random_tokens(steps)), MemoryOptions(parts))


def counted(planned: MemoryPlan) -> float:
    """The multiply-adds of all matrix products that PyTorch makes for ``planned``."""
    with FlopCounterMode(display=False) as counter:
        finished(memory_steps(planned))
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("part", ["states", "inputs"])
@pytest.mark.parametrize("config", CONFIGS)
def test_products_of_jacobians_are_those_that_are_made(
    monkeypatch: pytest.MonkeyPatch, config: str, part: MemoryPart
) -> None:
    monkeypatch.setattr("gatescope.recurrent.memory.work._STEP", 0)  # matter only where products are small, as here
    planned = plan([part], 20, **CONFIGS[config])
    made = counted(planned)
    assert made > 1e7
    assert made / 2 < work(planned)["pairs"] < 4 * made


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("part", ["words", "attribution", "occlusion", "loss"])
def test_other_parts_are_no_less_than_their_products(config: str, part: MemoryPart) -> None:
    planned = plan([part], 6, **CONFIGS[config])
    least = counted(planned)
    if part == "attribution" and (attribution := finished(memory_steps(planned)).attribution):
        least *= FEWEST_POINTS / max(attribution.points, FEWEST_POINTS)
    assert work(planned)[part] > least > 0


@given(any_network(), st.integers(1, 40), st.integers(1, 40), st.sampled_from(PARTS))
def test_no_part_is_less_work_over_more_steps(network: Any, few: int, more: int, part: MemoryPart) -> None:
    few, more = sorted((few, more))
    subject = subject_of(network, tokens_of([0] * 40))
    works = [work(MemoryPlan.of(subject, MemoryOptions([part], stop=stop))) for stop in (few, more)]
    assert sum(works[0].values()) <= sum(works[1].values())
    assert all(math.isfinite(each) for each in works[1].values())


def test_a_cell_without_recurrent_weights_has_no_spectra() -> None:
    assert work(plan(["spectra"], 5, cell="mingru"))["spectra"] == 0


def test_the_rate_is_measured_once() -> None:
    assert measured_rate() == measured_rate() > 0
