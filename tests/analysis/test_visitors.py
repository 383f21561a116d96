"""The sentences that visitors type: how many of which kind, and what counts as right."""

import hashlib
from collections import Counter

import pytest
import torch
from gatescope.analysis.visitors import EASY, LIST, Sentence, Verdict, judged, sentences, wrong
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer

SIZES = {
    "greetings and neutral statements": 20,
    "plain praise or complaint": 20,
    "negation or but": 20,
    "slang, emoji and spelling": 15,
    "irony and understatement": 15,
    "not English or not language": 10,
}
SHA256 = "f65affeb98c9d43488c3c093e1da009882831bcb5f49fac020a2d87fe58371a6"


def constant(logit: float) -> Network:
    """A network that gives the same verdict on everything."""
    network = Network(NetworkConfig("gru", 2, 2, 2, outputs=1)).eval().requires_grad_(requires_grad=False)
    network.head.weight.zero_()
    network.head.bias.fill_(logit)
    return network


def test_the_list_is_the_one_that_was_written_before_any_model_was_judged_by_it() -> None:
    assert hashlib.sha256(LIST.read_bytes()).hexdigest() == SHA256


def test_there_are_a_hundred_different_sentences_in_six_groups() -> None:
    listed = sentences()
    assert Counter(each.group for each in listed) == SIZES
    assert len({tuple(WordTokenizer.keys(each.text)) for each in listed}) == 100
    assert all(WordTokenizer.keys(each.text) for each in listed)
    assert set(EASY) < set(SIZES)


def test_each_range_is_the_mirror_image_of_its_opposite() -> None:
    ranges = {each.meant: (each.low, each.high) for each in sentences()}
    for one, other in [("positive", "negative"), ("rather positive", "rather negative"), ("neutral", "neutral")]:
        low, high = ranges[one]
        assert ranges[other] == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("positive", "is_right"), [(0.24, False), (0.25, True), (0.75, True), (0.76, False)])
def test_both_ends_of_a_range_are_right(positive: float, is_right: bool) -> None:
    assert Verdict(Sentence("hello", "greetings", "neutral", 0.25, 0.75), positive).is_right is is_right


def test_verdicts_are_counted_by_group() -> None:
    tokenizer = WordTokenizer([UNKNOWN, "good"])
    undecided = judged(constant(0), tokenizer)
    assert [each.sentence for each in undecided] == sentences()
    assert {each.positive for each in undecided} == {0.5}
    counts = wrong(undecided)
    assert list(counts) == list(SIZES)
    assert (counts["greetings and neutral statements"], counts["not English or not language"]) == (0, 0)
    assert counts["plain praise or complaint"] == 20
    certain = wrong(judged(constant(3), tokenizer))
    assert certain["greetings and neutral statements"] == 20
    assert certain["plain praise or complaint"] == 10
    assert torch.is_grad_enabled()
