"""Which tokens a vocabulary holds."""

from gatescope.training.sources.vocabulary import frequent


def test_equally_frequent_words_stand_in_code_point_order() -> None:
    assert frequent([["b", "é", "a"], ["b", "z", "a", "z"], ["z"]], 4) == ["z", "a", "b", "é"]


def test_only_the_most_frequent_are_kept() -> None:
    assert frequent([["b", "a"], ["b"]], 1) == ["b"]


def test_the_tokens_of_a_text_may_be_its_characters() -> None:
    assert frequent(["dccbbbaé"], 3) == ["b", "c", "a"]
