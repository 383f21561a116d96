"""The agreement task: its sentences, what is held out, and how the verb is judged."""

import numpy as np
import pytest
import torch
from gatescope.recurrent.tokenizer import Tokenizer
from gatescope.store.fields import Metric
from gatescope.training.synthetic import EXACT
from gatescope.training.tasks.agreement import (
    LEARNED,
    MEASURED,
    NOMINAL,
    NOUNS,
    NUMBERS,
    VERBAL,
    WORDS,
    Agreement,
    generated,
    split_of,
)
from torch import Tensor, nn

TASK = Agreement()


class Follower(nn.Module):
    """A stand-in for a network: the verb that it expects agrees with the first noun, or with the last."""

    def __init__(self, tokenizer: Tokenizer, noun: int) -> None:
        super().__init__()
        self.words, self.noun = tokenizer.vocabulary, noun

    def forward(self, ids: Tensor) -> Tensor:
        logits = torch.zeros(*ids.shape, len(self.words))
        for row, sentence in enumerate(ids.tolist()):
            numbers: list[int] = []
            for at, id_ in enumerate(sentence):
                if self.words[id_] in NOMINAL:
                    numbers.append(NUMBERS[self.words[id_]])
                if numbers:
                    wanted = [word in VERBAL and NUMBERS[word] == numbers[self.noun] for word in self.words]
                    logits[row, at] = torch.tensor(wanted).float()
        return logits


def nouns_and_verb(sentence: str) -> tuple[list[int], int]:
    words = TASK.tokenizer.keys(sentence)
    (verb,) = (NUMBERS[word] for word in words if word in VERBAL)
    return [NUMBERS[word] for word in words if word in NOMINAL], verb


def test_the_words() -> None:
    assert len(WORDS) == len(set(WORDS))
    assert 80 <= len(WORDS) <= 95
    assert not NOMINAL & VERBAL
    assert ("key", "keys") in NOUNS


@pytest.mark.parametrize("between", range(MEASURED + 1))
def test_the_verb_agrees_with_the_first_noun(between: int) -> None:
    random = np.random.default_rng(between)
    for _ in range(20):
        (subject, *others), verb = nouns_and_verb(generated("train", between, random))
        assert (verb, len(others)) == (subject, between)
        (subject, *others), verb = nouns_and_verb(generated("test", between, random, misleading=True))
        assert others == [1 - subject] * between
        assert verb == subject


def test_no_sentence_is_in_two_parts() -> None:
    learned = [
        " ".join(TASK.tokenizer.vocabulary[id_] for id_ in row if id_)
        for batch in TASK.objective.epoch(8, torch.Generator().manual_seed(0))
        for row in batch.x.tolist()
    ]
    assert {split_of(f"{sentence}.") for sentence in learned} == {"train"}
    assert max(len(NOMINAL & {word}) for sentence in learned for word in sentence.split()) == 1
    assert max(sum(word in NOMINAL for word in sentence.split()) for sentence in learned) == 1 + LEARNED
    assert {split_of(sentence) for sentence in TASK.held_out("choose")} == {"validation"}
    assert {split_of(sentence) for sentence in TASK.held_out("report")} == {"test"}


def test_a_target_is_the_next_word() -> None:
    (batch, *_) = TASK.objective.epoch(8, torch.Generator().manual_seed(0))
    for ids, targets in zip(batch.x.tolist(), batch.targets.tolist(), strict=True):
        length = sum(target != -1 for target in targets)
        assert ids[1:length] == targets[: length - 1]
        assert TASK.tokenizer.vocabulary[targets[length - 1]] == "."


def test_padding_costs_nothing() -> None:
    batch = next(
        each for each in TASK.objective.epoch(8, torch.Generator().manual_seed(0)) if (each.targets == -1).any()
    )
    logits = torch.randn(*batch.x.shape, len(WORDS) + 1, generator=torch.Generator().manual_seed(0))
    padded = torch.where((batch.targets == -1)[..., None], torch.full_like(logits, 9), logits)
    assert torch.equal(TASK.objective.loss(padded, batch), TASK.objective.loss(logits, batch))


@pytest.mark.slow("judges all held-out sentences, twice", seconds=4)
def test_the_verb_is_judged_against_its_other_form() -> None:
    by_subject = TASK.measure(Follower(TASK.tokenizer, noun=0))
    assert [figure.values.mean() for figure in by_subject] == [1] * (MEASURED + 1)
    by_nearest = TASK.measure(Follower(TASK.tokenizer, noun=-1))
    wanted = [figure.baselines["number of the nearest noun"] for figure in by_nearest]
    assert [figure.values.mean() for figure in by_nearest] == wanted == [1, 0, 0, 0, 0, 0]


def figures_of(*seeds: list[float]) -> list[Metric]:
    return [
        Metric(name=f"line {at}", value=each[0], standard_error=0, seeds=each, examples=9)
        for at, each in enumerate(seeds)
    ]


def test_cells_differ_only_where_all_seeds_of_one_are_better() -> None:
    here = figures_of([1.0, 1.0], [1.0, 0.99])
    assert TASK.remarks(here, {}) == []
    assert TASK.remarks(here, {"GRU": figures_of([1.0], [1.0]), "RNN": figures_of([1.0], [0.98, 1.0])}) == [
        "On this task the cells do not differ: on no line are all seeds of one better than all of another. The lowest "
        "share of any seed on any line is 99.0 % here, 100.0 % for the GRU, 98.0 % for the RNN."
    ]
    assert TASK.remarks(here, {"GRU": figures_of([1.0], [1.0]), "RNN": figures_of([0.5], [0.9])}) == [
        "All seeds lie on one side of those of another cell: line 0 (RNN), line 1 (RNN)."
    ]


def test_the_number_of_the_subject_holds_until_its_verb() -> None:
    (feature,) = TASK.features("The old keys near the cabinet are old.")
    assert feature.values[2:6].tolist() == [1, 1, 1, 1]
    assert np.isnan([*feature.values[:2], *feature.values[6:]]).all()
    (feature,) = TASK.features("the key")
    assert feature.values[1] == 0
    (feature,) = TASK.features("the old")
    assert np.isnan(feature.values).all()


def test_every_example_is_of_known_words() -> None:
    assert all(token.known for text in TASK.about["examples"] for token in TASK.tokenizer(text))
    assert TASK.about["outputs"] == list(TASK.tokenizer.vocabulary)


def test_only_the_plain_rnn_needs_a_recipe_of_its_own() -> None:
    usual = EXACT(batch_size=32, epochs=25, learning_rate=5e-3)
    assert [TASK.recipe(cell) for cell in ("lstm", "gru")] == [usual] * 2
    assert TASK.recipe("rnn") == EXACT(batch_size=32, epochs=50, learning_rate=5e-3)
