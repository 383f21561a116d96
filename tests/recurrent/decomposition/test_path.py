"""The path of memory: a part is the same by its column and by its step, and edits change a copy."""

import numpy as np
import pytest
from gatescope.recurrent.decomposition.path import INITIAL, Path, edited, edited_reading, reading
from gatescope.recurrent.decomposition.state_edits import StateEdit
from numpy.typing import NDArray

STEPS, SIZE = 5, 3


def numbers(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def path() -> Path:
    return Path(np.abs(numbers(STEPS, SIZE)), numbers(STEPS, SIZE, seed=1), numbers(SIZE, seed=2), {})


def test_parts_by_column_and_by_step_are_the_same(path: Path) -> None:
    by_column = np.stack([path.word(k) for k in range(STEPS)], axis=1)  # (T, T, H)
    for t in range(STEPS):
        assert path.words_at(t) == pytest.approx(by_column[t], rel=1e-14)
    assert by_column.sum(axis=1) + path.part(INITIAL) == pytest.approx(path.state(), rel=1e-13)
    assert (path.part(0) == 0).all()  # of an edit that put nothing in


def at(column: int, place: int, units: list[int], scale: float, shift: list[float], letter: str = "c") -> StateEdit:
    ones = np.ones((1, len(units)))
    return StateEdit(column, letter, np.array([place]), np.array(units), scale * ones, np.array([shift]), 0 * ones)


def test_edits_change_a_copy(path: Path) -> None:
    before = path.keep.copy(), path.write.copy()
    edits = [at(0, 3, [0], 0.0, [0.5]), at(1, 1, [0, 1, 2], 1.0, [1.0, 2.0, 3.0])]
    changed = edited(path, edits)
    assert (path.keep == before[0]).all()
    assert (path.write == before[1]).all()
    assert set(changed.put_in) == {0, 1}
    assert changed.keep[3, 0] == changed.write[3, 0] == 0
    assert changed.state()[3, 0] == 0.5
    assert changed.put_in[1][1].tolist() == [1, 2, 3]


@pytest.mark.parametrize("projects", [False, True])
def test_without_edits_an_edited_reading_is_a_reading(path: Path, projects: bool) -> None:
    let_out, projection = numbers(STEPS, SIZE), numbers(2, SIZE) if projects else None
    weights = numbers(2 if projects else SIZE)
    plain = reading(let_out, weights, projection, let_out.shape)
    folded = weights if projection is None else weights @ projection
    assert plain.read == pytest.approx(let_out * folded)
    same = edited_reading(path, path.state(), let_out, weights, projection, np.zeros(len(weights)), [])
    assert same.read == pytest.approx(plain.read)
    assert plain.direct == same.direct == {}


def test_a_state_that_is_h_itself_is_read_by_the_weights() -> None:
    weights = numbers(SIZE)
    assert (reading(None, weights, None, (STEPS, SIZE)).read == weights).all()
