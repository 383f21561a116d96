"""The compiled kernels: the numbers of the cells, in memory of their own, and on many threads at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells.cell import Cell, CellWeights
from gatescope.recurrent.cells.rnn import RNN
from gatescope.recurrent.engine import compiled, stepped
from gatescope.recurrent.engine.edits import NO_EDITS
from gatescope.recurrent.engine.loop import kernel
from gatescope.recurrent.trace import Trace, trace
from hypothesis import given
from networks import VARIANTS, random_network, random_tokens
from torch import Tensor

from ..engines import Array
from ..kernel_cases import (
    Case,
    any_case,
    each_direction,
    each_kind,
    error_against_cells,
    random_case,
    steps_taken,
    tolerance,
)

BATCHES = {  # lengths, falling
    "one step": [1],
    "one sequence": [4],
    "equal lengths": [3, 3],
    "an odd count": [5, 3, 3],
    "an even count, down to a single step": [5, 4, 2, 1],
    "a tile and two over, and less than a tile later": [6, 6, 6, 5, 4, 2],
}
SIZES = [1, 3, 7, 16, 33, 64, 300]  # all remainders of four rows, of a vector's width, and sums in one and more chunks


@pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize(("few", "repeated"), [(compiled.FEW, 1), (0, 1000)], ids=["in panels", "by rows"])
@each_direction
@each_kind
def test_every_activation_is_that_of_the_cells(
    cell: Cell,
    projection: int,
    reverse: bool,
    few: int,
    repeated: int,
    bias: bool,
    lengths: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiled, "FEW", few)
    monkeypatch.setattr(compiled, "REPEATED", repeated)
    case = random_case(cell, lengths, projection=projection, bias=bias, reverse=reverse)
    assert error_against_cells(case) <= tolerance(case)


@pytest.mark.parametrize("inputs", SIZES[:-1])
@pytest.mark.parametrize("hidden", SIZES)
@each_kind
def test_every_size_gives_what_the_cells_give(cell: Cell, projection: int, hidden: int, inputs: int) -> None:
    case = random_case(cell, [9, 6, 6, 2, 1], hidden=hidden, inputs=inputs, projection=projection)
    assert error_against_cells(case) <= tolerance(case)


@each_direction
@each_kind
def test_2000_steps_end_where_the_cells_do(cell: Cell, projection: int, reverse: bool) -> None:
    case = random_case(cell, [2000, 1999, 1], hidden=33, projection=projection, reverse=reverse)
    assert error_against_cells(case) <= tolerance(case)


@given(any_case())
def test_any_layer_over_any_batch_gives_what_the_cells_give(case: Case) -> None:
    assert error_against_cells(case) <= tolerance(case)


@each_kind
def test_steps_past_the_end_of_a_sequence_touch_nothing(cell: Cell, projection: int) -> None:
    case = random_case(cell, [6, 2, 2, 1], projection=projection, reverse=True)
    x = case.x.clone()
    for b, length in enumerate(case.lengths):
        x[length:, b] = torch.nan
    ours, theirs = steps_taken(case, case()), steps_taken(case, case._replace(x=x)())
    assert all(ours[key].tobytes() == theirs[key].tobytes() for key in ours)


@each_kind
@each_direction
@pytest.mark.parametrize("threads", [1, 2])
def test_products_of_many_rows_are_those_of_the_cells(cell: Cell, projection: int, reverse: bool, threads: int) -> None:
    """More rows than full panels hold, more columns than squares, and sequences that fill no tile and no block."""
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for lengths, hidden in (([70, 66, 9, 3, 2], 21), ([70], 21), ([16, 16, 16, 15, 14], 270)):
            case = random_case(cell, lengths, hidden=hidden, inputs=37, projection=projection, reverse=reverse)
            assert error_against_cells(case) <= tolerance(case)
    finally:
        torch.set_num_threads(usual)


# Overflow.


@pytest.mark.parametrize("batch", [2, 7, 40])
@pytest.mark.parametrize("few", [compiled.FEW, 0], ids=["in panels", "by rows"])
@each_direction
@each_kind
def test_sequences_with_the_same_inputs_share_their_products(
    cell: Cell, projection: int, reverse: bool, few: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiled, "FEW", few)
    case = random_case(cell, [9] * batch, projection=projection, reverse=reverse)
    same = case._replace(x=case.x[:, :1].expand(-1, batch, -1))
    assert same.x.stride(1) == 0
    assert error_against_cells(same) <= tolerance(same)


def overflowing(cell: Cell, projection: int, x: float) -> Case:
    """A case whose weights are all 3e38, whose inputs are all ``x`` and whose initial states are all 1."""
    case = random_case(cell, [5, 3, 3], projection=projection)
    weights = CellWeights(*(None if w is None else torch.full_like(w, 3e38) for w in case.weights))
    initial = {letter: torch.ones_like(state) for letter, state in case.initial.items()}
    return case._replace(weights=weights, x=torch.full_like(case.x, x), initial=initial)


@each_kind
def test_infinite_products_saturate_as_in_the_cells(cell: Cell, projection: int) -> None:
    case = overflowing(cell, projection, 10)
    ours, theirs = steps_taken(case, case()), steps_taken(case, case(stepped.unroll))
    for key, array in theirs.items():
        np.testing.assert_allclose(ours[key], array, rtol=1e-6, atol=1e-6)


@each_kind
def test_products_infinite_in_both_senses_are_nan_from_the_first_step_on(cell: Cell, projection: int) -> None:
    case = overflowing(cell, projection, -10)
    for unroll in (None, stepped.unroll):
        for (letter, _), array in steps_taken(case, case(unroll)).items():
            # Without recurrent products there is nothing in the other sense: only 0 · ∞ in the states is NaN.
            assert np.isnan(array).all() == (cell.has_recurrent_weights or letter in cell.states)


@each_kind
def test_nan_in_one_sequence_stays_there(cell: Cell, projection: int) -> None:
    case = random_case(cell, [5, 5, 5, 5], projection=projection)
    x = case.x.clone()
    x[2, 1] = torch.nan
    clean, ours = steps_taken(case, case()), steps_taken(case, case._replace(x=x)())
    for (letter, b), array in ours.items():
        finite = slice(0, 2 if b == 1 else None)
        assert array[finite].tobytes() == clean[letter, b][finite].tobytes()
        ends = None if cell.has_recurrent_weights or letter in cell.states else 3
        assert b != 1 or np.isnan(array[2:ends]).all()


# Memory and threads.


def arrays_of(traces: list[Trace]) -> list[Array]:
    return [array for each in traces for layer in each.layers for array in layer.activations.values()]


def tensors_of(case: Case) -> list[Tensor]:
    return [*(w for w in case.weights if w is not None), case.x, *case.initial.values()]


@each_direction
@each_kind
def test_nothing_that_is_given_is_written_to_or_handed_back(cell: Cell, projection: int, reverse: bool) -> None:
    case = random_case(cell, [5, 3, 3], projection=projection, reverse=reverse)
    given = [tensor.numpy() for tensor in tensors_of(case)]
    before = [array.tobytes() for array in given]
    results = list(case().values())
    assert [array.tobytes() for array in given] == before
    assert not any(np.may_share_memory(result, array) for result in results for array in given)


@each_kind
def test_two_calls_give_the_same_bytes_in_memory_of_their_own(cell: Cell, projection: int) -> None:
    case = random_case(cell, [5, 3, 3], projection=projection)
    once = case()
    bytes_of_once = [array.tobytes() for array in steps_taken(case, once).values()]
    again = case()
    assert [array.tobytes() for array in steps_taken(case, again).values()] == bytes_of_once
    assert not any(np.may_share_memory(a, b) for a in once.values() for b in again.values())
    for array in again.values():
        array.fill(np.nan)
    assert [array.tobytes() for array in steps_taken(case, once).values()] == bytes_of_once


def test_many_threads_at_once_get_the_bytes_of_one() -> None:
    networks = [
        random_network(hidden_size=20 + 9 * at, layers=1 + at % 3, bidirectional=at % 2 == 1, **variant)
        for at, variant in enumerate(VARIANTS.values())
    ]
    work = [(network, random_tokens(20 + 37 * at)) for at in range(8) for network in networks]
    alone = [array.tobytes() for array in arrays_of([trace(*each) for each in work])]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda each: trace(*each), work))
    assert [array.tobytes() for array in arrays_of(together)] == alone


def test_other_threads_run_while_a_kernel_does() -> None:
    """Python sees the first step written and the last one not: it runs in the middle of a call."""
    steps, size, untouched = 20_000, 128, np.float32(7)
    for _ in range(10):
        a, h = np.full((steps, 1, size), untouched), np.zeros((1, size), np.float32)
        x, bias, no_panels = np.empty((steps, 1, 0), np.float32), h[0], np.empty((0, size, 64), np.float32)
        w_hh, none = np.zeros((size, size), np.float32), np.empty((0, size), np.float32)
        weights = (w_hh, no_panels, none, no_panels, bias, none, no_panels, none)
        states = (np.empty((1, 0), np.float32), h, np.empty((steps, 1, 0), np.float32), a)
        run = (x, no_panels, bias, a[:, :, None], *weights, 1, np.array([steps]), *states, *NO_EDITS)
        thread = Thread(target=kernel(RNN), args=run)
        thread.start()
        while a[0, 0, 0] == untouched and thread.is_alive():
            pass
        seen_in_the_middle = a[-1, 0, 0] == untouched
        thread.join()
        if seen_in_the_middle:
            return
    pytest.fail("no thread ran before a kernel had returned")
