"""Templated phrases with and without a negation."""

import pytest
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.training.sources.phrases import NEGATION, Word, held_out_pairs, training_phrases, words

SENTENCES = [
    text.split() for text in ("it was good", "i love it", "they love it", "so love ly", "to bad", "was so bad")
]
RATINGS = {"good": 2.0, "love": 3.0, "bad": -2.5, "okay": 0.9, ":)": 2.0, "absent": 1.0}
WORDS = [
    Word("good", 2.0, verb=False, held_out=False),
    Word("bad", -2.5, verb=False, held_out=False),
    Word("love", 3.0, verb=True, held_out=False),
    Word("hate", -3.0, verb=True, held_out=False),
    Word("great", 3.0, verb=False, held_out=True),
    Word("dislike", -1.5, verb=True, held_out=True),
]


def test_words_are_clear_known_and_in_order() -> None:
    chosen = words(RATINGS, ["the", "love", "good", "bad", "okay", ":)"], SENTENCES)
    assert [(word.text, word.rating) for word in chosen] == [("bad", -2.5), ("good", 2.0), ("love", 3.0)]


def test_what_stands_before_a_word_tells_verbs_from_adjectives() -> None:
    assert [word.text for word in words(RATINGS, RATINGS, SENTENCES) if word.verb] == ["love"]


def test_about_every_fifth_word_is_held_out() -> None:
    ratings = {f"{first}{second}": 2.0 for first in "abcdefghijklmnopqrst" for second in "abcdefghijklmnopqrstuvwxyz"}
    share = sum(word.held_out for word in words(ratings, ratings, [])) / len(ratings)
    assert share == pytest.approx(0.2, abs=0.05)


def test_phrases_come_in_pairs_of_which_one_is_negated() -> None:
    examples = training_phrases(WORDS, 200)
    assert len(examples) == 400
    ratings = {word.text: word.rating for word in WORDS}
    for plain, negated in zip(examples[::2], examples[1::2], strict=True):
        (word,) = set(WordTokenizer.keys(plain.text)) & set(ratings)
        assert word in WordTokenizer.keys(negated.text)
        assert (plain.rating, negated.rating) == (ratings[word], NEGATION * ratings[word])
        negations = {"not", "n't", "never", "hardly"}
        assert negations.isdisjoint(WordTokenizer.keys(plain.text))
        assert len(negations & set(WordTokenizer.keys(negated.text))) == 1


def test_half_of_the_phrases_are_of_positive_words_and_none_of_held_out_ones() -> None:
    texts = [example.text for example in training_phrases(WORDS, 200)]
    counts = {word.text: sum(word.text in WordTokenizer.keys(text) for text in texts) for word in WORDS}
    assert counts["good"] + counts["love"] == counts["bad"] + counts["hate"] == 200
    assert min(counts[word] for word in ("good", "love", "bad", "hate")) > 50
    assert counts["great"] == counts["dislike"] == 0


def test_verbs_and_adjectives_stand_in_phrases_of_their_own() -> None:
    love = {example.text.split()[0].lower() for example in training_phrases(WORDS[2:4], 50)}
    assert love == {"i", "we", "they", "you"}


def test_the_same_seed_gives_the_same_phrases() -> None:
    assert training_phrases(WORDS, 30) == training_phrases(WORDS, 30)
    assert training_phrases(WORDS, 30) != training_phrases(WORDS, 30, seed=1)


def test_held_out_words_are_asked_in_fixed_phrases() -> None:
    great, dislike = WORDS[4:]
    assert held_out_pairs(WORDS) == [
        (great, "the movie was great", "the movie was not great"),
        (dislike, "i dislike it", "i do not dislike it"),
    ]


def test_a_negation_turns_a_rating_as_measured_by_hutto_and_gilbert() -> None:
    assert NEGATION == -0.74
