"""Texts of one's own with labels: the table, the parts, the loss and the figures."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from gatescope.recurrent.network import Network
from gatescope.training.sources.download import DataError
from gatescope.training.sources.files import TextFile
from gatescope.training.sources.tables import Row
from gatescope.training.tasks import labelled
from gatescope.training.tasks.labelled import READINGS, Labelled, clipped, load, shortest, split
from gatescope.training.trainer import Batch, train
from torch.nn.functional import softplus

SIGNS = {"good": ("great", "lovely", "superb"), "bad": ("awful", "dull", "ugly"), "so so": ("fine", "usual", "plain")}


def rows(labels: Sequence[str] = ("good", "bad"), each: int = 60) -> list[Row]:
    return [Row(f"number {at} was {SIGNS[label][at % 3]}", label) for at in range(each) for label in labels]


def given(text: str, name: str = "my.csv") -> TextFile:
    return TextFile(Path(name), text, hashlib.sha256(text.encode()).hexdigest(), len(text))


def task(labels: Sequence[str] = ("good", "bad"), each: int = 60) -> Labelled:
    return Labelled(given("text"), rows(labels, each))


def written(tmp_path: Path, content: Sequence[Row]) -> Path:
    path = tmp_path / "my.csv"
    path.write_text("review,class\n" + "".join(f'"{row.text}",{row.label}\n' for row in content))
    return path


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (rows(["good"]), "the column 'class' holds only one label, 'good': there must be at least two"),
        ([Row("a text", "")], "the column 'class' holds no label: there must be at least two"),
        (
            [*rows(), *rows(["so so"], 9)],
            "the label 'so so' has 9 texts that differ in their words: it needs at least 10",
        ),
        ([Row(f"text {at}", str(at)) for at in range(101)], "holds 101 different labels: there may be at most 100"),
    ],
    ids=["one label", "no label", "a rare label", "too many labels"],
)
def test_labels_that_cannot_be_told_apart_are_refused(tmp_path: Path, content: Sequence[Row], said: str) -> None:
    with pytest.raises(DataError) as caught:
        load(written(tmp_path, content), "review", "class", lambda _: None)
    assert said in str(caught.value)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    long = "word " * 401
    odd = [Row("", "good"), Row("…", ""), Row(rows()[0].text, "bad"), Row(long, "bad"), rows()[0]]
    told: list[str] = []
    labelled = load(written(tmp_path, [*rows(), *odd]), "review", "class", told.append)
    assert told == [
        "2 rows without a word in 'review' or without a 'class' are left out",
        "1 rows repeat a text, as it is read, under another label: the first counts",
        "1 texts have more than 400 words: the rest of them is not read",
    ]
    assert sum(map(len, labelled.splits.values())) == 121


def test_the_parts_are_disjoint_and_hold_every_label_whatever_the_order() -> None:
    content = rows(SIGNS, 30)
    parts = split(content)
    assert {name: len(part) for name, part in parts.items()} == {"train": 72, "validation": 9, "test": 9}
    assert sorted((row for part in parts.values() for row in part), key=str) == sorted(content, key=str)
    assert all({row.label for row in part} == set(SIGNS) for part in parts.values())
    assert split(content[::-1]) == parts


def disguised(text: str) -> list[str]:
    """The text in spellings that a network of words cannot tell apart."""
    return [text, text.upper(), text.replace(" ", "  "), text.replace("'", "’"), text.replace(" ", "\u200b\u00a0")]


@pytest.fixture(scope="module")
def at_random(tmp_path_factory: pytest.TempPathFactory) -> Labelled:
    """Texts whose labels say nothing about them, each in several spellings."""
    random = np.random.default_rng(0)
    content = []
    for at in range(400):
        words = " ".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), 8))
        label = "good" if random.random() < 0.5 else "bad"
        content += [Row(text, label) for text in disguised(f"it isn't number {at}: {words}")]
    return load(written(tmp_path_factory.mktemp("random"), content), "review", "class", pytest.fail)


def test_no_text_is_in_two_parts_in_another_spelling(at_random: Labelled) -> None:
    ids = {name: {tuple(each.tolist()) for each in at_random.ids(name)} for name in ("train", "validation", "test")}  # type: ignore[arg-type]
    assert not ids["train"] & ids["test"]
    assert not ids["train"] & ids["validation"]
    assert not ids["validation"] & ids["test"]
    assert sum(map(len, at_random.splits.values())) == 400


@pytest.mark.slow("trains a network on 400 texts", seconds=20)
def test_labels_that_say_nothing_are_not_predicted(at_random: Labelled) -> None:
    network = train(at_random.config("gru"), at_random.objective, at_random.recipe("gru"), seed=0)
    _, test = at_random.measure(network)
    assert len(test.values) >= 40
    assert 0.25 < test.values.mean() < 0.75  # three standard errors about chance


def test_texts_that_differ_beyond_what_is_read_are_one_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(labelled.READINGS, "word", READINGS["word"]._replace(longest=4))
    content = [Row(f"{row.text} {end}", row.label) for row in rows() for end in ("one", "two")]
    told: list[str] = []
    loaded = load(written(tmp_path, content), "review", "class", told.append)
    assert sum(map(len, loaded.splits.values())) == 120
    assert told == ["120 texts have more than 4 words: the rest of them is not read"]


def unspaced(count: int = 160) -> list[Row]:
    """Texts without blanks: random Chinese characters, and somewhere among them two that tell the label."""
    random = np.random.default_rng(2)
    content = []
    for at in range(count):
        label = ("neg", "pos")[at % 2]
        letters = "".join(random.choice([chr(0x4E00 + each) for each in range(300)], random.integers(8, 25)))
        place = int(random.integers(len(letters)))
        word = random.choice(["喜欢", "美好", "精彩"] if label == "pos" else ["讨厌", "糟糕", "无聊"])
        content.append(Row(f"{letters[:place]}{word}{letters[place:]}", label))
    return content


def test_texts_without_blanks_are_a_warning_as_words_and_not_as_characters(tmp_path: Path) -> None:
    told: list[str] = []
    path = written(tmp_path, unspaced(400))
    words = load(path, "review", "class", told.append)
    assert told == [
        "100 % of the words of the held-out texts are unknown: the vocabulary, of the training texts, lacks them, and "
        "they are all read as one; more texts help, or characters as tokens (--tokens character) where no blanks stand "
        "between words, as in Chinese, Thai or DNA"
    ]
    assert words.facts()["limits"] == f"{told[0]}."
    assert words.facts()["share of unknown words"] == {"train": 0, "validation": 1, "test": 1}
    characters = load(path, "review", "class", pytest.fail, tokens="character")
    assert {"喜", "厌"} < set(characters.tokenizer.vocabulary)
    assert "limits" not in characters.facts()
    assert characters.facts()["share of unknown characters"]["validation"] < 0.01
    assert characters.about["description"] == "After each character: the probability that the text so far is pos."
    assert any("1,000 characters" in each for each in characters.facts()["recipe"])


def test_few_unknown_words_are_no_warning(tmp_path: Path) -> None:
    content = [Row(f"it was {SIGNS[row.label][at % 3]} on day {at}", row.label) for at, row in enumerate(rows())]
    loaded = load(written(tmp_path, content), "review", "class", pytest.fail)
    assert loaded.unknown("validation", "test") == pytest.approx(1 / 6)  # the numbers of the days


@pytest.mark.slow("trains a network on 400 texts", seconds=10)
def test_texts_without_blanks_are_told_apart_by_their_characters(tmp_path: Path) -> None:
    path = written(tmp_path, unspaced(400))
    by_characters = load(path, "review", "class", pytest.fail, tokens="character")
    network = train(
        by_characters.config("gru"), by_characters.objective, by_characters.recipe("gru"), 0, judge=by_characters.judge
    )
    _, test = by_characters.measure(network)
    assert test.values.mean() > 0.9


def test_a_run_goes_on_only_with_what_it_has_learned_from() -> None:
    content = rows()
    other = [*content[:-1], Row(content[-1].text, "good")]
    same, relabelled = (Labelled(given("text"), each) for each in (content, other))
    assert task().data == same.data
    assert len({same.data, relabelled.data, Labelled(given("text"), content, "character").data}) == 3


def test_two_labels_are_one_number_and_more_are_one_each() -> None:
    two, three = task(), task(tuple(SIGNS))
    assert (two.about["outputs"], two.about["opposite"], two.config("gru").head) == (["good"], "bad", "sigmoid")
    assert (three.about["outputs"], three.config("gru").head) == (["bad", "good", "so so"], "softmax")
    assert three.config("rnn").outputs == 3
    assert two.about["predicts_next"] is three.about["predicts_next"] is False
    for each in (two, three):
        shares = each.shares(Network(each.config("gru")).eval().requires_grad_(requires_grad=False), "test")
        assert shares.shape == (len(each.splits["test"]), len(each.labels))
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def test_the_loss_is_bits_after_the_last_word_and_after_each() -> None:
    batch = Batch(torch.zeros(2, 3, dtype=torch.long), torch.tensor([1, 3]), torch.tensor([1, 0]))
    logits = torch.tensor([[2.0, 77.0, -77.0], [0.0, 1.0, -3.0]])[:, :, None]

    def cost(logit: float, target: int) -> float:
        return float(softplus(torch.tensor(-logit if target else logit))) / math.log(2)

    first, second = cost(2.0, 1), [cost(0.0, 0), cost(1.0, 0), cost(-3.0, 0)]
    wanted = (first + second[-1]) / 2 + 0.2 * (first + sum(second)) / 4
    objective = task().objective
    assert objective.loss(logits, batch).item() == pytest.approx(wanted, abs=1e-6)
    as_softmax = torch.cat([torch.zeros_like(logits), logits], dim=2)  # σ(x) is the softmax of 0 and x
    assert task(tuple(SIGNS)).objective.loss(as_softmax, batch).item() == pytest.approx(wanted, abs=1e-6)


def test_an_epoch_holds_every_training_text_once() -> None:
    labelled = task()
    batches = labelled.objective.epoch(8, torch.Generator().manual_seed(0))
    ids = [
        tuple(row[:length].tolist())
        for batch in batches
        for row, length in zip(batch.x, batch.lengths if batch.lengths is not None else [], strict=True)
    ]
    assert sorted(ids) == sorted(tuple(each.tolist()) for each in labelled.ids("train"))
    assert any(batch.lengths is not None and len(batch.lengths) == 8 for batch in batches)


def test_figures_come_with_baselines() -> None:
    labelled = task()
    network = Network(labelled.config("rnn")).eval().requires_grad_(requires_grad=False)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.fill_(5)  # always the last label
    validation, test = labelled.measure(network)
    assert (validation.name, test.name) == ("validation texts", "test texts")
    assert test.values.mean() == 0.5
    assert test.baselines == {"most frequent label": 0.5, "naive Bayes": 1.0, "logistic regression": 1.0}
    assert labelled.judge(network) == pytest.approx(
        (math.log2(1 + math.exp(5)) + math.log2(1 + math.exp(-5))) / 2, rel=1e-4
    )


def test_the_label_is_a_feature_after_the_last_word() -> None:
    labelled = task(tuple(SIGNS))
    assert not set(labelled.held_out("choose")) & set(labelled.held_out("report"))
    row = labelled.splits["test"][0]
    features = labelled.features(row.text)
    assert [each.name for each in features] == ["label bad", "label good", "label so so"]
    for each, label in zip(features, labelled.labels, strict=True):
        assert np.isnan(each.values[:-1]).all()
        assert each.values[-1] == (row.label == label)
    assert all(np.isnan(each.values).all() for each in labelled.features("a text of nobody"))


def test_a_long_text_is_read_up_to_its_last_word_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    for tokens in READINGS:
        monkeypatch.setitem(labelled.READINGS, tokens, READINGS[tokens]._replace(longest=3))
    assert clipped("one, two three", "word") == "one, two"
    assert clipped("one two", "word") == "one two"
    assert clipped("我们去看", "character") == "我们去"


def test_an_example_is_short_but_has_some_words() -> None:
    content = [Row("a longer text than that", "x"), Row("of three words", "x"), Row("no", "x"), Row("two words", "y")]
    assert shortest(content, "x", "word").text == "of three words"
    assert shortest(content, "y", "word").text == "two words"
    assert shortest(content, "x", "character").text == "of three words"
