"""Rankings of the shipped models: known answers, each with a plain loop over the weights or a loop of traces."""

import numpy as np
import pytest
from gatescope import rank

from ..test_shipped_edits import NOT_GOOD, Array, final, shipped


def logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


@pytest.mark.parametrize(
    ("name", "gate", "shut", "word", "probability"),
    [("sentiment-lstm", "i", 0.0, 3, 0.95), ("sentiment-gru", "z", 1.0, 3, 0.98)],
)
def test_words_kept_from_being_written(name: str, gate: str, shut: float, word: int, probability: float) -> None:
    ranking, model = rank(shipped(name), NOT_GOOD, "words"), shipped(name)
    plain = final(model, NOT_GOOD, lambda _, __, x: x)
    assert ranking.probability == pytest.approx(plain, abs=1e-4)
    for part, effect in zip(ranking.parts, ranking.effects, strict=True):

        def edit(letter: str, t: int, x: Array, at: int | None = part.step) -> Array:
            return np.full_like(x, shut) if (letter, t) == (gate, at) else x

        assert effect == pytest.approx(logit(final(model, NOT_GOOD, edit)) - logit(plain), abs=1e-4)
    assert ranking.parts[0].step == word
    assert ranking.probabilities is not None
    assert ranking.probabilities[0] == pytest.approx(probability, abs=0.006)


def test_gates_at_their_means() -> None:
    model = shipped("sentiment-lstm")
    assert model.statistics is not None
    means = {each.activation: np.array(each.mean) for each in model.statistics.activations}
    ranking = rank(model, NOT_GOOD, "gates")
    assert len(ranking) == 3 * 5
    plain = final(model, NOT_GOOD, lambda _, __, x: x)
    for part, effect in zip(ranking.parts, ranking.effects, strict=True):

        def edit(letter: str, t: int, x: Array, at: tuple[str, int | None] = (part.letter, part.step)) -> Array:
            return means[letter] if (letter, t) == at else x

        assert effect == pytest.approx(logit(final(model, NOT_GOOD, edit)) - logit(plain), abs=1e-4)


def test_single_units_seldom_matter_and_many_do() -> None:
    ranking = rank(shipped("sentiment-lstm"), NOT_GOOD, "units", letter="h", steps=[4], by="rise", draws=20)
    assert ranking.probabilities is not None
    assert np.abs(ranking.probabilities - ranking.probability).max() <= 0.03
    [sixteen] = [group for group in ranking.groups if group.size == 16]
    assert sixteen.effect >= 2 * np.abs(sixteen.random).mean()


def test_a_fact_held_in_many_units_is_patched_by_many() -> None:
    """As in ``test_shipped_edits``: c in the middle of a "-" text from a "+" text, here unit by unit in one call."""
    model, random = shipped("flag-lstm"), np.random.default_rng(0)
    letters = np.array([*"abcdefghijklmnopqrstuvwxyz"])
    cases, grids, flips, all_of_them = [], [], [], []
    for length in random.integers(10, 50, 60, endpoint=True):
        noise, others = ("".join(random.choice(letters, length)) for _ in range(2))
        case = {"x": f"-{noise}?", "other": f"+{others}?", "steps": [(length + 2) // 2], "letter": "c"}
        ranking = rank(model, kind="patches", together=[16], **case)
        assert ranking.probabilities is not None
        cases.append(case)
        grids.append(ranking.grid[0, 0])
        flips.append(ranking.probabilities[np.argsort(ranking.order)] > 0.5)
        all_of_them.append(ranking.groups[0].probability > 0.5)  # type: ignore[operator]
    assert np.mean(flips, axis=0).max() <= 0.05
    assert np.mean(all_of_them) >= 0.95
    best = np.argsort(-np.mean(grids, axis=0))[:8].tolist()
    eight = [rank(model, kind="patches", units=best, together=[8], **case).groups[0] for case in cases]
    assert np.mean([group.probability > 0.5 for group in eight]) >= 0.95  # type: ignore[operator]
