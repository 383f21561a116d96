"""The compiled kernels: the numbers of the cells, their own memory, and a compiler that keeps out of the way."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest
import torch
from gatescope.recurrent import compiled, kernels, reference
from gatescope.recurrent.cells import GRU, LSTM, RELU_RNN, RESET_BEFORE_GRU, RNN, Activations, Cell, CellWeights
from gatescope.recurrent.trace import Trace, trace
from hypothesis import given
from hypothesis import strategies as st
from networks import VARIANTS, random_network, random_tokens
from numba.core.caching import UserProvidedCacheLocator
from numba.core.event import install_recorder
from numba.core.registry import CPUDispatcher
from torch import Tensor

from .engines import Array, error

CELLS = {"rnn": RNN, "relu rnn": RELU_RNN, "lstm": LSTM, "gru": GRU, "reset-before gru": RESET_BEFORE_GRU}
# Cell and size of its projection; 0 is none.
KINDS = {name: (cell, 0) for name, cell in CELLS.items()} | {"projected lstm": (LSTM, 3)}
BATCHES = {  # lengths, falling
    "one step": [1],
    "one sequence": [4],
    "equal lengths": [3, 3],
    "an odd count": [5, 3, 3],
    "an even count, down to a single step": [5, 4, 2, 1],
    "a tile and two over, and less than a tile later": [6, 6, 6, 5, 4, 2],
}
SIZES = [1, 3, 7, 16, 33, 64, 150]  # all remainders of four rows, of a vector's width, and sums in one and more chunks

each_kind = pytest.mark.parametrize(("cell", "projection"), KINDS.values(), ids=KINDS.keys())
each_direction = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])


class Case(NamedTuple):
    """What an engine unrolls."""

    cell: Cell
    weights: CellWeights
    x: Tensor
    lengths: list[int]
    initial: Activations
    reverse: bool = False

    def __call__(self, unroll: Callable[..., Any] | None = None) -> dict[str, Any]:
        """What ``unroll`` makes of it; the kernels, if None."""
        if unroll is None:
            return compiled.unroll(self.cell, compiled.arrays_of(self.weights), *self[2:-1], reverse=self.reverse)
        return unroll(*self[:-1], reverse=self.reverse)


def random_case(
    cell: Cell,
    lengths: list[int],
    *,
    hidden: int = 5,
    inputs: int = 3,
    projection: int = 0,
    bias: bool = True,
    reverse: bool = False,
    seed: int = 0,
    scale: float = 1.0,
) -> Case:
    """Weights of PyTorch's default initialisation times ``scale``; inputs and initial states of unit size."""
    generator = torch.Generator().manual_seed(seed)
    width, rows = projection or hidden, len(cell.blocks) * hidden

    def uniform(*shape: int, bound: float = scale / hidden**0.5) -> Tensor:
        return (2 * torch.rand(shape, generator=generator) - 1) * bound

    weights = CellWeights(
        uniform(rows, inputs),
        uniform(rows, width),
        uniform(rows) if bias else None,
        uniform(rows) if bias else None,
        uniform(projection, hidden) if projection else None,
    )
    x = uniform(lengths[0], len(lengths), inputs, bound=2.0)
    states = {"h": width, "c": hidden}
    initial = {letter: uniform(len(lengths), states[letter], bound=1.0) for letter in cell.states}
    return Case(cell, weights, x, lengths, initial, reverse)


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    """Any small layer in one direction over any batch, its weights from near nothing to somewhat large."""
    cell = draw(st.sampled_from(list(CELLS.values())))
    lengths = draw(st.lists(st.integers(1, 12), min_size=1, max_size=6))
    return random_case(
        cell,
        sorted(lengths, reverse=True),
        hidden=draw(st.integers(1, 10)),
        inputs=draw(st.integers(1, 6)),
        projection=draw(st.integers(0, 5)) if cell is LSTM else 0,
        bias=draw(st.booleans()),
        reverse=draw(st.booleans()),
        seed=draw(st.integers(0, 2**32 - 1)),
        scale=draw(st.sampled_from([0.01, 1.0])),  # above, a relu network doubles an error from step to step
    )


def steps_taken(case: Case, activations: dict[str, Any]) -> dict[tuple[str, int], Array]:
    """Letter and sequence → (steps, ·): what is of meaning."""
    return {(k, b): np.asarray(a[:n, b]) for k, a in activations.items() for b, n in enumerate(case.lengths)}


def in_float64(case: Case) -> Case:
    """The same numbers, for an engine that rounds as good as nothing."""
    weights = CellWeights(*(None if w is None else w.double() for w in case.weights))
    initial = {letter: state.double() for letter, state in case.initial.items()}
    return case._replace(weights=weights, x=case.x.double(), initial=initial)


def error_against_cells(case: Case) -> float:
    """Largest error of any activation at any step that a sequence takes, against the cells in float64."""
    ours, theirs = steps_taken(case, case()), steps_taken(case, in_float64(case)(reference.unroll))
    assert list(ours) == list(theirs)
    return float(np.max([error(ours[key], theirs[key]) for key in theirs]))


def arrays_of(traces: list[Trace]) -> list[Array]:
    return [array for each in traces for layer in each.layers for array in layer.activations.values()]


@pytest.mark.parametrize("lengths", BATCHES.values(), ids=BATCHES.keys())
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@each_direction
@each_kind
def test_every_activation_is_that_of_the_cells(
    cell: Cell, projection: int, reverse: bool, bias: bool, lengths: list[int]
) -> None:
    assert error_against_cells(random_case(cell, lengths, projection=projection, bias=bias, reverse=reverse)) <= 1e-6


@pytest.mark.parametrize("inputs", SIZES[:-1])
@pytest.mark.parametrize("hidden", SIZES)
@each_kind
def test_every_size_gives_what_the_cells_give(cell: Cell, projection: int, hidden: int, inputs: int) -> None:
    case = random_case(cell, [9, 6, 6, 2, 1], hidden=hidden, inputs=inputs, projection=projection)
    assert error_against_cells(case) <= 1e-6


@each_direction
@each_kind
def test_2000_steps_end_where_the_cells_do(cell: Cell, projection: int, reverse: bool) -> None:
    case = random_case(cell, [2000, 1999, 1], hidden=33, projection=projection, reverse=reverse)
    assert error_against_cells(case) <= 1e-6


@given(any_case())
def test_any_layer_over_any_batch_gives_what_the_cells_give(case: Case) -> None:
    assert error_against_cells(case) <= 1e-6


@each_kind
def test_steps_past_the_end_of_a_sequence_touch_nothing(cell: Cell, projection: int) -> None:
    case = random_case(cell, [6, 2, 2, 1], projection=projection, reverse=True)
    x = case.x.clone()
    for b, length in enumerate(case.lengths):
        x[length:, b] = torch.nan
    ours, theirs = steps_taken(case, case()), steps_taken(case, case._replace(x=x)())
    assert all(ours[key].tobytes() == theirs[key].tobytes() for key in ours)


# The functions.


@pytest.fixture(scope="module")
def numbers() -> Array:
    """Float32 of every magnitude and both signs, subnormal, infinite and NaN: evenly spaced bit patterns, (N, 16)."""
    special = np.array([0, np.inf, np.nan, 1e-45, 88, np.finfo(np.float32).max, np.finfo(np.float32).tiny], np.float32)
    patterns = np.arange(0, 2**32, 4099).astype(np.uint32).view(np.float32)
    x = np.concatenate([special, -special, patterns])
    return x[: len(x) // 16 * 16].reshape(-1, 16)


def tanh(x: Array) -> Array:
    """tanh of ``x`` (N, 16), as the kernel of the plain RNN computes it: without weights h is tanh(x)."""
    h = x[None].copy()
    steps = np.ones(len(x), np.int64)
    kernels.rnn(
        h,
        np.zeros((16, 16), np.float32),
        np.zeros(16, np.float32),
        1,
        steps,
        np.zeros(x.shape, np.float32),
    )
    return h[0]


def lstm_blocks(x: Array) -> Array:
    """i f g o (4, N, 16) of ``x`` (N, 16) alone, as the LSTM's kernel computes them."""
    blocks = np.repeat(x[None, :, None], 4, axis=2)
    w_hh, w_hr = np.zeros((64, 16), np.float32), np.empty((0, 16), np.float32)
    steps = np.ones(len(x), np.int64)
    states = (np.zeros(shape, np.float32) for shape in (x.shape, x.shape, (1, *x.shape), (1, *x.shape)))
    kernels.lstm(blocks, w_hh, np.zeros(64, np.float32), w_hr, 1, steps, *states)
    return blocks[0].transpose(1, 0, 2)


def ulps(ours: Array, exact: Array) -> Array:
    """Distance from ``exact``, in units of the last place of a float32 there."""
    return np.abs(ours - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


@np.errstate(all="ignore")
def test_expm1_is_within_2_ulp_up_to_88_and_constant_from_there(numbers: Array) -> None:
    @numba.njit
    def of_each(x: Array) -> Array:
        found = np.empty_like(x)
        for at in range(len(x)):
            found[at] = kernels.expm1(x[at])
        return found

    x = numbers.ravel()
    ours = of_each(x)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(x))
    assert ulps(ours, np.expm1(x.astype(np.float64)))[x <= 88].max() <= 2
    assert set(ours[x >= 88]) == {ours[x == 88][0]}


@np.errstate(all="ignore")
def test_sigmoid_is_within_3_ulp_and_between_0_and_1(numbers: Array) -> None:
    exact = 1 / (1 + np.exp(-numbers.astype(np.float64)))
    for ours in lstm_blocks(numbers)[[0, 1, 3]]:
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
        assert (((ours >= 0) & (ours <= 1)) | np.isnan(ours)).all()
        assert ulps(ours, exact)[numbers >= -88].max() <= 3
        assert np.abs(ours - exact)[numbers < -88].max() <= np.finfo(np.float32).tiny
        assert set(ours[numbers == 0]) == {0.5}


@np.errstate(all="ignore")
def test_tanh_is_within_3_ulp_between_minus_1_and_1_odd_and_exact_near_0(numbers: Array) -> None:
    exact, mirrored = np.tanh(numbers.astype(np.float64)), tanh(-numbers)
    for ours in (tanh(numbers), lstm_blocks(numbers)[2]):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
        assert ((np.abs(ours) <= 1) | np.isnan(ours)).all()
        assert np.nanmax(ulps(ours, exact)) <= 3
        assert np.nanmax(ulps(ours, -mirrored.astype(np.float64))) <= 4
        small = np.abs(numbers) <= 2**-26
        np.testing.assert_array_equal(ours[small], numbers[small])


# Overflow.


def overflowing(cell: Cell, projection: int, x: float) -> Case:
    """A case whose weights are all 3e38, whose inputs are all ``x`` and whose initial states are all 1."""
    case = random_case(cell, [5, 3, 3], projection=projection)
    weights = CellWeights(*(None if w is None else torch.full_like(w, 3e38) for w in case.weights))
    initial = {letter: torch.ones_like(state) for letter, state in case.initial.items()}
    return case._replace(weights=weights, x=torch.full_like(case.x, x), initial=initial)


@each_kind
def test_infinite_products_saturate_as_in_the_cells(cell: Cell, projection: int) -> None:
    case = overflowing(cell, projection, 10)
    ours, theirs = steps_taken(case, case()), steps_taken(case, case(reference.unroll))
    for key, array in theirs.items():
        np.testing.assert_allclose(ours[key], array, rtol=1e-6, atol=1e-6)


@each_kind
def test_products_infinite_in_both_senses_are_nan_from_the_first_step_on(cell: Cell, projection: int) -> None:
    case = overflowing(cell, projection, -10)
    for unroll in (None, reference.unroll):
        assert all(np.isnan(array).all() for array in steps_taken(case, case(unroll)).values())


@each_kind
def test_nan_in_one_sequence_stays_there(cell: Cell, projection: int) -> None:
    case = random_case(cell, [5, 5, 5, 5], projection=projection)
    x = case.x.clone()
    x[2, 1] = torch.nan
    clean, ours = steps_taken(case, case()), steps_taken(case, case._replace(x=x)())
    for (letter, b), array in ours.items():
        finite = slice(0, 2 if b == 1 else None)
        assert array[finite].tobytes() == clean[letter, b][finite].tobytes()
        assert b != 1 or np.isnan(array[2:]).all()


# Memory and threads.


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
        a = np.full((steps, 1, size), untouched)
        w_hh, h = np.zeros((size, size), np.float32), np.zeros((1, size), np.float32)
        thread = Thread(target=kernels.rnn, args=(a, w_hh, np.zeros(size, np.float32), 1, np.array([steps]), h))
        thread.start()
        while a[0, 0, 0] == untouched and thread.is_alive():
            pass
        seen_in_the_middle = a[-1, 0, 0] == untouched
        thread.join()
        if seen_in_the_middle:
            return
    pytest.fail("no thread ran before a kernel had returned")


# The compiler.


def dispatchers() -> dict[str, Any]:
    return {name: value for name, value in vars(kernels).items() if isinstance(value, CPUDispatcher)}


def test_kernels_release_the_lock_and_start_no_threads_of_their_own() -> None:
    assert {"rnn", "relu_rnn", "lstm", "gru", "reset_before_gru", "recurrent_products"} <= dispatchers().keys()
    for name, dispatcher in dispatchers().items():
        assert dispatcher.targetoptions["nogil"], name
        assert not dispatcher.targetoptions.get("parallel"), name


def test_kernels_are_compiled_on_import_for_the_types_they_name_and_for_no_others() -> None:
    with install_recorder("numba:compile") as compilations:
        for cell, projection in KINDS.values():
            random_case(cell, [4, 2], projection=projection)()
    assert compilations.buffer == []
    for name, dispatcher in dispatchers().items():
        assert len(dispatcher.signatures) == 1, name
        with pytest.raises(RuntimeError, match="compilation disabled"):
            dispatcher.compile((numba.float64,))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own."""
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


def test_the_same_lines_hold_when_python_interprets_them() -> None:
    node = f"{__file__}::{test_every_activation_is_that_of_the_cells.__name__}"
    options = ["-q", "-p", "no:cacheprovider", f"--confcutdir={Path(__file__).parent}"]
    finished = run("-m", "pytest", *options, node, NUMBA_DISABLE_JIT="1")
    assert finished.returncode == 0, finished.stdout


TRACE = """
import torch, gatescope
torch.manual_seed(0)
module, x = torch.nn.GRU(5, 7), torch.randn(30, 5)
error = gatescope.trace_module(module, x).layer()["h"] - module(x)[0].detach().numpy()
assert abs(error).max() <= 1e-6
"""


def no_folder(place: Path) -> dict[str, str]:
    """An environment in which numba finds nowhere to write."""
    (place / "file").touch()
    only = UserProvidedCacheLocator.__name__
    return {"NUMBA_CACHE_DIR": str(place / "file" / "below"), "NUMBA_CACHE_LOCATOR_CLASSES": only}


def broken_file(place: Path) -> dict[str, str]:
    """An environment in which numba finds its own cache, but for one file that was cut short."""
    source = kernels.__file__
    folder = place / UserProvidedCacheLocator.get_suitable_cache_subpath(source)
    folder.mkdir()
    for file in Path(kernels.gru.stats.cache_path).glob("kernels.*.nb?"):
        shutil.copy2(file, folder)
    for file in folder.glob("kernels.gru-*.nbc"):
        os.truncate(file, 100)
    return {"NUMBA_CACHE_DIR": str(place)}


@pytest.mark.parametrize("trouble", [no_folder, broken_file])
def test_a_cache_that_cannot_be_used_costs_a_warning_and_nothing_else(
    trouble: Callable[[Path], dict[str, str]], tmp_path: Path
) -> None:
    finished = run("-c", TRACE, NUMBA_OPT="0", **trouble(tmp_path))  # unoptimised, which compiles sooner
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.splitlines() == [
        "the kernels are compiled anew at every start: let NUMBA_CACHE_DIR name a folder that can be written"
    ]
