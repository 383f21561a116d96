"""Sentences without an opinion: from templates, and from a package's docstrings."""

import pytest
from archives import docstring_archive, tar
from gatescope.training.sources import neutral
from gatescope.training.sources.download import DataError


def test_sentences_are_different_and_the_same_every_time() -> None:
    made = neutral.sentences(300)
    assert len(set(made)) == len(made) == 300
    assert made == neutral.sentences(300)
    assert made[:100] == neutral.sentences(100)
    assert made != neutral.sentences(300, seed=1)
    for text in made:
        assert text == " ".join(text.split())
        assert text


def test_the_different_first_paragraphs_of_docstrings_are_read() -> None:
    assert neutral.docstrings(docstring_archive(["One\n    line.\n\nTwo.", "One line.", "Three."])) == [
        "One line.",
        "Three.",
    ]


@pytest.mark.parametrize("data", [b"", tar({"a/b.py": b"def"})])
def test_an_archive_that_cannot_be_read_is_an_error(data: bytes) -> None:
    with pytest.raises(DataError, match="the archive that should hold docstrings cannot be read"):
        neutral.docstrings(data)
