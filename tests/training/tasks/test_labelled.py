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
from gatescope.training.tasks.labelled import LONGEST, Labelled, clipped, load, shortest, split
from gatescope.training.trainer import Batch
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
        ([*rows(), *rows(["so so"], 9)], "the label 'so so' has 9 different texts: it needs at least 10"),
        ([Row(f"text {at}", str(at)) for at in range(101)], "holds 101 different labels: there may be at most 100"),
    ],
    ids=["one label", "no label", "a rare label", "too many labels"],
)
def test_labels_that_cannot_be_told_apart_are_refused(tmp_path: Path, content: Sequence[Row], said: str) -> None:
    with pytest.raises(DataError) as caught:
        load(written(tmp_path, content), "review", "class", lambda _: None)
    assert said in str(caught.value)


def test_what_is_left_out_is_told(tmp_path: Path) -> None:
    long = "word " * (LONGEST + 1)
    odd = [Row("", "good"), Row("…", ""), Row(rows()[0].text, "bad"), Row(long, "bad"), rows()[0]]
    told: list[str] = []
    labelled = load(written(tmp_path, [*rows(), *odd]), "review", "class", told.append)
    assert told == [
        "2 rows without a word in 'review' or without a 'class' are left out",
        "1 rows repeat a text under another label: the first counts",
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
        for row, length in zip(batch.ids, batch.lengths if batch.lengths is not None else [], strict=True)
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
    monkeypatch.setattr(labelled, "LONGEST", 3)
    assert clipped("one, two three") == "one, two"
    assert clipped("one two") == "one two"


def test_an_example_is_short_but_has_some_words() -> None:
    content = [Row("a longer text than that", "x"), Row("of three words", "x"), Row("no", "x"), Row("two words", "y")]
    assert shortest(content, "x").text == "of three words"
    assert shortest(content, "y").text == "two words"
