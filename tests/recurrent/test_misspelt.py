"""The nearest word of a vocabulary, compared with the edit distance to every word of it."""

import pytest
from gatescope.recurrent.misspelt import Nearest
from hypothesis import given
from hypothesis import strategies as st

WORDS = ("great", "awesome", "terrible", "bored", "boring", "loved", "love", "moved", "greet", "it's", "café", "okay")


def distance(a: str, b: str) -> int:
    """Return the edit distance by the textbook's table (Wagner & Fischer 1974)."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (left != right))
    return row[-1]


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("awsome", "awesome"),  # a letter is missing
        ("awessome", "awesome"),  # there is one too many
        ("tarrible", "terrible"),  # one is another
        ("bord", None),  # too short
        ("grreat", "great"),
        ("gret", None),
        ("grept", "great"),  # before "greet", as near but rarer
        ("lovedd", "loved"),
        ("loveq", "loved"),  # before "love", which stands behind it
        ("cafés", "café"),
        ("its's", None),  # not a word of letters
        ("teribel", None),  # two edits away
        ("aewsome", None),  # so are two letters that changed places
        ("x" * 100_000, None),
    ],
)
def test_a_word_is_read_as_the_nearest(word: str, nearest: str | None) -> None:
    assert Nearest(WORDS)(word) == nearest


ANY_WORD = st.text("abc", min_size=1, max_size=8)


@given(st.lists(ANY_WORD, unique=True, max_size=30), ANY_WORD)
def test_the_first_word_at_distance_one_is_found(vocabulary: list[str], word: str) -> None:
    near = [each for each in vocabulary if distance(word, each) == 1] if len(word) >= 5 else []
    assert Nearest([each for each in vocabulary if each != word])(word) == (near[0] if near else None)
