"""What the language models of characters share: vocabulary, windows, loss, bits, baselines and held-out texts."""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from gatescope.analysis.features import Feature
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer
from gatescope.recurrent.trace import trace
from gatescope.training import characters
from gatescope.training.baselines import OF_CHARACTERS
from gatescope.training.characters import (
    CharacterTask,
    Windows,
    bits,
    encoded,
    line_position,
    pieces,
)
from gatescope.training.sources.download import DataError
from gatescope.training.trainer import Batch, Recipe, train
from hypothesis import given
from hypothesis import strategies as st
from networks import random_network

LINE = "one two three four\n"


class Lines(CharacterTask):
    """A task on a text that says the same line again and again."""

    name = "lines"
    hidden_size = 8
    splitting = "In order."
    presentation: ClassVar[Mapping[str, Any]] = {
        "title": "Lines",
        "description": "The next character.",
        "examples": ["one"],
    }

    def recipe(self, cell: CellName) -> Recipe:
        return Recipe(epochs=2, batch_size=4, learning_rate=0.03, dropout=0, unknown=0)

    def features(self, text: str) -> Sequence[Feature]:
        return [Feature("line position", line_position(text))]

    def starts(self, text: str) -> Sequence[int]:
        return range(0, len(text), len(LINE))


def task(test: int = 2_500, last: str = "five") -> Lines:
    """The task, with so many lines to test on, which have another last word than all others."""
    texts = {"train": LINE * 1_000, "validation": LINE * 200, "test": LINE.replace("four", last) * test}
    return Lines(texts, "0" * 64, [{"name": "lines"}])


class Pages(Lines):
    """The same, in pages of unequal length."""

    part = "pages"

    def begins(self) -> Sequence[int]:
        return [1_000, 9_000, 9_001, 20_000, 30_000, 40_000]


def test_intervals_resample_the_parts_that_the_blocks_are_of() -> None:
    pages = Pages(task().splits, "0" * 64, [{"name": "lines"}])
    pages.sample = 4  # type: ignore[misc]
    network = Network(pages.config("rnn")).eval()
    whole, first = pages.measure(network)
    assert whole.groups is not None
    block, context = characters.BLOCK, characters.CONTEXT
    for at, group in enumerate(whole.groups.tolist()):
        middle = context + at * block + block // 2
        assert group == sum(begin <= middle for begin in pages.begins())
    assert set(whole.groups.tolist()) == {1, 3, 4, 5, 6}  # no block has its middle in the page of one character
    assert first.groups is None  # of too few pages
    assert "resamples pages, of which it has 5." in str(pages.facts()["recipe"])


def test_without_parts_intervals_resample_blocks_and_the_card_says_so() -> None:
    lines = task()
    [whole] = lines.measure(Network(lines.config("rnn")).eval())
    assert whole.groups is None
    assert "take the blocks for independent" in str(lines.facts()["recipe"])


@pytest.mark.parametrize("name", ["prose.txt", "code.txt", "sentiment.tsv"])
def test_the_slices_are_as_their_readme_says(name: str) -> None:
    folder = Path(__file__).parents[1] / "data"
    (row,) = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith(f"| `{name}`")]
    assert hashlib.sha256((folder / name).read_bytes()).hexdigest() in row


def test_the_vocabulary_holds_the_most_frequent_characters_in_code_point_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert characters.SYMBOLS == 96
    monkeypatch.setattr(characters, "SYMBOLS", 3)
    assert task().tokenizer.vocabulary == (UNKNOWN, " ", "e", "o")


def test_the_vocabulary_comes_from_the_training_part_and_names_the_outputs() -> None:
    vocabulary = task().tokenizer.vocabulary
    assert vocabulary == (UNKNOWN, *sorted(set(LINE)))
    assert "v" not in vocabulary
    assert task().about["outputs"] == list(vocabulary)


@given(st.text(), st.sets(st.characters(), max_size=5))
def test_a_text_is_encoded_as_by_the_tokenizer(text: str, known: set[str]) -> None:
    tokenizer = CharacterTokenizer([UNKNOWN, *sorted({*known, *text[::2]})])
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: in no file
        return
    assert encoded(text, tokenizer.vocabulary).tolist() == [token.id for token in tokenizer(text)]


@pytest.mark.parametrize("length", [4 * 129, 4 * 129 + 3, 4 * 400, 8])
def test_an_epoch_reads_all_of_the_text_in_rows_that_go_on_from_batch_to_batch(length: int) -> None:
    objective = Windows(torch.arange(length))
    batches = objective.epoch(4, torch.Generator().manual_seed(0))
    ids = torch.cat([batch.x for batch in batches], dim=1)
    steps = length // 4
    assert ids.shape == (4, steps - 1)
    wanted = (torch.arange(4 * steps).view(4, steps) + ids[0, 0]) % length
    assert torch.equal(ids, wanted[:, :-1])
    assert torch.equal(torch.cat([batch.targets for batch in batches], dim=1), wanted[:, 1:])
    assert [batch.follows for batch in batches] == [False] + [True] * (len(batches) - 1)
    assert max(batch.x.shape[1] for batch in batches) <= characters.WINDOW
    assert all(batch.lengths is None for batch in batches)


def test_every_epoch_begins_at_a_place_of_its_own() -> None:
    objective, generator = Windows(torch.arange(10_000)), torch.Generator().manual_seed(0)
    first, second = (objective.epoch(4, generator)[0].x for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(objective.epoch(4, torch.Generator().manual_seed(0))[0].x, first)


def test_a_text_without_two_characters_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^7 characters are too few for 4 rows: each must have 2$"):
        Windows(torch.arange(7)).epoch(4, torch.Generator())


def test_the_loss_is_in_bits() -> None:
    batch = Batch(torch.zeros(2, 3, dtype=torch.long), None, torch.tensor([[0, 1, 2], [3, 0, 0]]))
    even = torch.zeros(2, 3, 4)
    assert Windows(torch.arange(9)).loss(even, batch).item() == pytest.approx(2)
    sure = torch.nn.functional.one_hot(batch.targets, 4).float() * 50
    assert Windows(torch.arange(9)).loss(sure, batch).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_bits_are_those_of_the_probabilities_that_a_trace_shows(
    cell: CellName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(characters, "BLOCK", 20)
    monkeypatch.setattr(characters, "CONTEXT", 7)
    text = "abcabdacbabbacdadcab" * 4
    tokenizer = CharacterTokenizer([UNKNOWN, *"abcd"])
    network = random_network(cell=cell, scale=3.0, vocabulary_size=5, outputs=5, head="softmax")
    block_bits = bits(network, torch.from_numpy(encoded(text, tokenizer.vocabulary)))
    assert len(block_bits) == (80 - 7) // 20
    for at, value in enumerate(block_bits):
        block = tokenizer(text[20 * at : 20 * at + 27])
        outputs = trace(network, block).outputs
        wanted = [-math.log2(outputs[t, block[t + 1].id]) for t in range(6, 26)]
        assert value == pytest.approx(np.mean(wanted), rel=1e-4)


def test_figures_are_of_the_test_part_and_the_judge_of_the_validation_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "BLOCK", 100)
    data = task(test=100, last="three")
    network = train(data.config("gru"), data.objective, data.recipe("gru"), seed=0, judge=data.judge)
    (figure,) = data.measure(network)
    assert (figure.name, figure.unit) == ("held-out lines", "bits per character")
    assert len(figure.values) == (2_000 - characters.CONTEXT) // 100
    assert data.judge(network) < 0.5
    assert data.judge(network) + 0.5 < figure.values.mean() < figure.baselines["unigram"]
    scored = data.splits["test"][characters.CONTEXT :][: 100 * len(figure.values)]
    size, learned = len(data.tokenizer.vocabulary), data.splits["train"]
    counts = Counter(learned)  # every character was seen, and each of them falls back on all alike, by their number
    total = counts.total() + len(counts)
    wanted = [-math.log2((counts[each] + len(counts) / size) / total) for each in scored[: len(LINE) + 1]]
    assert figure.baselines["unigram"] == pytest.approx(np.mean(wanted), abs=0.1)
    assert figure.baselines["5-gram"] > figure.values.mean()  # it is sure of what is not so


def test_the_first_blocks_may_have_a_figure_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "BLOCK", 100)
    monkeypatch.setattr(Lines, "sample", 3)
    data = task(test=100)
    network = random_network(cell="gru", vocabulary_size=12, outputs=12, head="softmax")
    whole, sample = data.measure(network)
    assert sample.name == "its first 3 blocks"
    assert sample.values.tolist() == whole.values[:3].tolist()
    assert sample.baselines.keys() == whole.baselines.keys()
    learned, test = data.ids["train"].numpy(), data.ids["test"].numpy()
    assert list(sample.baselines) == ["unigram", "5-gram", "Kneser–Ney 8-gram"]
    for n, (name, bits_of) in zip((1, 5, 8), OF_CHARACTERS.items(), strict=True):
        first = characters.CONTEXT - n + 1
        assert sample.baselines[name] == pytest.approx(bits_of(learned, test, 12)[first : first + 300].mean())


def test_the_network_is_of_equal_width_whatever_the_cell() -> None:
    configs = [task().config(cell) for cell in ("lstm", "gru", "rnn")]
    size = len(task().tokenizer.vocabulary)
    assert {(each.vocabulary_size, each.outputs, each.hidden_size, each.head) for each in configs} == {
        (size, size, 8, "softmax")
    }
    assert [each.cell for each in configs] == ["lstm", "gru", "rnn"]


def test_held_out_texts_are_of_the_test_part_and_never_in_both_slices() -> None:
    data = task()
    choose, report = data.held_out("choose"), data.held_out("report")
    assert len(choose) == len(report) == characters.TEXTS
    for text in (*choose, *report):
        assert characters.LENGTH <= len(text) <= 2 * characters.LENGTH
        assert text.startswith("one two three five\n")


def test_held_out_texts_lie_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "TEXTS", 3)
    monkeypatch.setattr(characters, "LENGTH", 4)
    data = task()
    data.splits = {"train": "", "validation": "", "test": "".join(f"{at:04d}" for at in range(21))}
    data.starts = lambda text: range(0, len(text), 4)  # type: ignore[method-assign]
    assert data.held_out("choose") == ["0000", "0008", "0018"]
    assert data.held_out("report") == ["0001", "0009", "0019"]


def test_pieces_begin_where_one_may_and_none_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(characters, "LENGTH", 3)
    text = "abcdefghijklmnopqrst"
    assert pieces(text, [2, 4, 6, 9, 10]) == ["cdef", "ghi"]
    assert pieces(text, [0, 7, 11]) == ["hijk"]  # the first would be of 7
    assert pieces(text, []) == []


def test_a_part_that_is_too_short_is_refused() -> None:
    with pytest.raises(
        DataError,
        match=re.escape(
            "the test part of the text is 1,900 characters long: it must be at least 2,256; "
            "give a longer text, of half a million characters or more"
        ),
    ):
        task(test=100)


def test_the_line_position_begins_anew_after_a_break() -> None:
    assert line_position("ab\n\nc").tolist() == [1, 2, 0, 0, 1]


def test_the_facts_say_what_was_learned_from_and_how() -> None:
    facts = task().facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["data"] == [{"name": "lines"}]
    assert facts["sizes"] == {"train": 19_000, "validation": 3_800, "test": 47_500}
    assert facts["share of unknown characters"] == {
        "train": 0,
        "validation": 0,
        "test": pytest.approx(2 / 19),
    }  # i and v
    assert facts["recipe"][0] == "In order."
    assert facts["recipe"][1].startswith("Windows of 128 characters")


def test_only_the_lstm_needs_a_recipe_of_its_own() -> None:
    usual = characters.RECIPE(epochs=3)
    assert usual == Recipe(epochs=3, batch_size=16, learning_rate=4e-3, dropout=0, unknown=0.001, embedding_spread=1)
    own = replace(usual, learning_rate=8e-3, clip=0.1, cell_decay=1e-3, forget_bias=3)
    assert {name: recipe(epochs=3) for name, recipe in characters.RECIPES.items()} == {"lstm": own}
