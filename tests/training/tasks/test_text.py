"""A text of one's own: its parts, its recipe, and what can be said of each character."""

import random
from pathlib import Path

import numpy as np
import pytest
from gatescope.training.sources.download import DataError
from gatescope.training.tasks.text import SHORTEST, OwnText, examples, line_position, load, split, word_position

WORDS = ("the", "a", "cat", "dog", "bird", "tree", "river", "sees", "likes", "finds", "old", "small", "green")


def prose(characters: int, seed: int = 0) -> str:
    """Lines of random words."""
    generator, lines, length = random.Random(seed), [], 0
    while length < characters:
        lines.append(" ".join(generator.choices(WORDS, k=8)).capitalize() + ".\n")
        length += len(lines[-1])
    return "".join(lines)


def task(tmp_path: Path, text: str) -> OwnText:
    path = tmp_path / "my tale.txt"
    path.write_text(text, encoding="utf-8")
    return load(path, lambda warning: pytest.fail(warning))


def test_the_parts_are_the_whole_text_in_order_and_lines_stay_whole() -> None:
    text = prose(300_000)
    parts = split(text)
    assert list(parts) == ["train", "validation", "test"]
    assert "".join(parts.values()) == text
    assert all(part.endswith(".\n") for part in parts.values())
    assert len(parts["test"]) / len(text) == pytest.approx(0.05, abs=0.01)
    assert len(parts["validation"]) / len(text) == pytest.approx(0.025, abs=0.01)


def test_a_short_text_still_leaves_enough_to_measure_on() -> None:
    parts = split(prose(SHORTEST))
    assert len(parts["test"]) >= 12_000
    assert len(parts["validation"]) >= 5_000
    assert len(parts["train"]) > 30_000


def test_a_text_without_lines_is_cut_where_it_must_be() -> None:
    text = prose(60_000).replace("\n", " ")
    assert "".join(split(text).values()) == text


def test_a_task_is_of_its_file(tmp_path: Path) -> None:
    loaded = task(tmp_path, prose(SHORTEST))
    assert loaded.about["task"] == "text my tale"
    assert loaded.about["outputs"] == list(loaded.tokenizer.vocabulary)
    assert loaded.about["predicts_next"] is True
    assert loaded.facts()["data"][0]["name"] == "my tale.txt"
    assert loaded.data != task(tmp_path, prose(SHORTEST, seed=1)).data
    assert all(example in prose(SHORTEST) for example in loaded.about["examples"])
    config = loaded.config("gru")
    assert (config.hidden_size, config.outputs, config.head) == (128, len(loaded.tokenizer.vocabulary), "softmax")


def test_units_are_chosen_and_reported_on_different_texts_that_no_network_learned(tmp_path: Path) -> None:
    loaded = task(tmp_path, prose(SHORTEST))
    choose, report = loaded.held_out("choose"), loaded.held_out("report")
    assert min(len(choose), len(report)) >= 2
    assert not set(choose) & set(report)
    assert all(text in loaded.splits["test"] for text in [*choose, *report])


@pytest.mark.parametrize(
    ("characters", "epochs", "rows"), [(40_000, 100, 8), (230_000, 27, 8), (700_000, 25, 23), (8_000_000, 5, 32)]
)
def test_a_longer_text_is_read_fewer_times_in_larger_batches(
    tmp_path: Path, characters: int, epochs: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = task(tmp_path, prose(SHORTEST))
    monkeypatch.setitem(loaded.splits, "train", "x" * characters)
    recipe = loaded.recipe("lstm")
    assert (recipe.epochs, recipe.batch_size) == (epochs, rows)
    assert recipe.patience > 0


def test_a_text_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("One line.\n")
    with pytest.raises(DataError, match=r"line\.txt holds 10 characters: at least 50,000 are needed$"):
        load(path, print)


def test_a_script_that_does_not_fit_is_told(tmp_path: Path) -> None:
    generator = random.Random(0)
    path = tmp_path / "han.txt"
    path.write_text("".join(chr(generator.randrange(0x4E00, 0x5200)) for _ in range(SHORTEST)), encoding="utf-8")
    told: list[str] = []
    load(path, told.append)
    [warning] = told
    assert warning.endswith(
        "% of the characters of "
        + str(path)
        + " are none of its 96 most frequent ones; they are learned as one and the same"
    )


def test_positions_are_known_from_the_first_break_on() -> None:
    text = "ab c\nde\n\nf"
    nan = np.nan
    np.testing.assert_array_equal(line_position(text), [nan, nan, nan, nan, 0, 1, 2, 0, 0, 1])
    np.testing.assert_array_equal(word_position(text), [nan, nan, 0, 1, 0, 1, 2, 0, 0, 1])
    np.testing.assert_array_equal(word_position(" it's"), [0, 1, 2, 0, 1])
    assert np.isnan(line_position("no break")).all()


def test_the_features_fit_the_tokens(tmp_path: Path) -> None:
    loaded = task(tmp_path, prose(SHORTEST))
    text = loaded.held_out("choose")[0]
    assert [each.name for each in loaded.features(text)] == ["line position", "word position"]
    assert all(each.values.shape == (len(loaded.tokenizer(text)),) for each in loaded.features(text))


def test_examples_are_lines_that_can_be_read_at_a_glance() -> None:
    assert examples("short\n" + "A line that is neither long nor short.\n" * 3) == [
        "A line that is neither long nor short."
    ]
    [start] = examples("x " * 5_000)
    assert 0 < len(start) <= 60
