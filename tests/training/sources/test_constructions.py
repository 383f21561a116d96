"""Templated phrases that mean what none of their words says."""

from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.training.sources.constructions import fixed, never_so
from gatescope.training.sources.phrases import Word
from gatescope.training.tasks.sentiment import CONSTRUCTIONS

WORDS = [
    Word("happy", 2.7, verb=False, held_out=False),
    Word("boring", -1.3, verb=False, held_out=False),
    Word("love", 3.2, verb=True, held_out=False),
    Word("lovely", 2.8, verb=False, held_out=True),
]


def test_those_that_cards_show_are_learned_from() -> None:
    assert set(CONSTRUCTIONS) <= {each.text for each in fixed()}


def test_a_phrase_is_rated_by_what_it_means() -> None:
    ratings = {each.text.rstrip(".!"): each.rating for each in fixed()}
    for text, rating in {
        "the film could have been worse": 0.8,
        "the film could have been better": -1.0,
        "it couldn't have been better": 2.8,
        "it couldn't have been worse": -2.8,
        "i have read worse books": 0.8,
        "i have known better": -1.0,
        "the place was not the worst hotel of the year": 0.8,
        "not the best meal": -0.8,
        "do not waste your money on the movie": -2.5,
        "don't miss this show": 2.2,
    }.items():
        assert ratings[text] == rating
    assert not [text for text in ratings if "{" in text]
    assert len({tuple(WordTokenizer.keys(each.text)) for each in fixed()}) == len(fixed())


def test_never_so_does_not_turn_a_word_into_its_opposite() -> None:
    ratings = {word.text: word.rating for word in WORDS}
    phrases = never_so(WORDS, 100)
    assert phrases == never_so(WORDS, 100)
    for each in phrases:
        keys = WordTokenizer.keys(each.text)
        (word,) = set(keys) & set(ratings)
        assert keys[keys.index(word) - 1] == "so"
        assert {"never", "nothing"} & set(keys)
        assert each.rating == ratings[word]
    assert sum(each.rating > 0 for each in phrases) == 50
    assert not any(word in each.text.split() for each in phrases for word in ("love", "lovely"))
