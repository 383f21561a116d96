"""The example that an imported model opens with."""

from pathlib import Path

import numpy as np
import pytest
from gatescope.importers import Request
from gatescope.importers.examples import LONGEST, STEPS, TITLE, examples_for
from gatescope.importers.saving import import_model
from gatescope.recurrent.tokenizer import CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store.columns import Column
from gatescope.store.series import series_of
from torch_files import h_of, module_of, saved

SENTENCE = "Alice was beginning to get very tired of sitting by her sister on the bank."


def test_numbers_are_within_a_scale_of_their_mean_and_say_that_they_are_made_up() -> None:
    columns = [Column("time", "h"), Column("a, b", mean=1013.25, scale=8), Column("tiny", mean=-2e-9, scale=3e-10)]
    [example] = examples_for(None, columns)
    assert example.startswith(f"{TITLE}\n")
    values = np.array(series_of(example.encode(), "csv", columns).values)
    read = (values - [each.mean for each in columns]) / [each.scale for each in columns]
    assert read.shape == (STEPS, 3)
    assert (np.abs(read) <= 1.01).all()
    assert (np.ptp(read, axis=0) > 1.8).all()
    assert len({tuple(column) for column in read.round(3).T}) == 3


def test_a_model_opens_with_its_example_as_torch_computes_it(tmp_path: Path) -> None:
    module, _ = module_of("LSTM")
    model, _ = import_model(Request(saved(module.state_dict(), tmp_path)), tmp_path / "models", "0")
    given = model.input_of(model.config.examples[0])
    assert model.config.examples[0].splitlines()[1] == "input 0,input 1,input 2,input 3,input 4"
    np.testing.assert_allclose(model.trace(**given).layer()["h"], h_of(module, np.array(given["values"])), atol=1e-6)


@pytest.mark.parametrize("columns", [[Column("a", mean=1.5e308)], [Column("a", scale=1.7e308)]])
def test_numbers_that_would_leave_float64_make_no_example(columns: list[Column]) -> None:
    assert examples_for(None, columns) == []


def test_many_columns_make_no_example() -> None:
    assert examples_for(None, [Column(f"input {at}") for at in range(256)]) == []
    assert len(examples_for(None, [Column(f"input {at}") for at in range(32)])[0]) <= LONGEST


@pytest.mark.parametrize(
    ("tokenizer", "example"),
    [
        (WordTokenizer(["<unk>", *dict.fromkeys(WordTokenizer.keys(SENTENCE))]), SENTENCE),
        (WordTokenizer(["<unk>", ".", "the", "movie", "was", "not", "good"]), "The movie was not good."),
        (WordTokenizer(["<unk>", "[SEP]", "the", "7", "Paris", "of", "to"]), "the of to"),
        (CharacterTokenizer(["<unk>", "\n", *"abcdefghijklmnop"]), "abcdefghijkl"),
        (WordTokenizer(["<unk>", "1", "<pad>"]), None),
    ],
)
def test_a_text_is_of_tokens_that_are_known(tokenizer: Tokenizer, example: str | None) -> None:
    assert examples_for(tokenizer, []) == ([example] if example else [])
    assert all(token.known for token in tokenizer(example or ""))
