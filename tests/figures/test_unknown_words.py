"""The notice on words that a model does not know."""

import dataclasses

import pytest
from gatescope.figures.subject import Subject
from gatescope.figures.unknown_words import MOST_NAMED, notice_html, unknown_notice
from hostile import HOSTILE

from .pictures import shipped, subject

ENGLISH = " This model reads English."


def notice(name: str, text: str) -> str:
    return unknown_notice(subject(name, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the movie was good", ""),
        ("the zxqv was good", "The model does not know “zxqv”: it reads it as an unknown word."),
        ("the zxqv and the zxqv", "The model does not know “zxqv”: it reads it as an unknown word."),
        (
            "the zxqv was qqzz",
            "The model does not know “zxqv” and “qqzz”: it reads each as the same unknown word.",
        ),
        (
            "je m'appelle Pierre",
            "The model does not know “je”, “appelle” and “Pierre”: it reads each as the same unknown word." + ENGLISH,
        ),
        (
            "aazz bbzz cczz ddzz eezz",
            "The model does not know “aazz”, “bbzz”, “cczz” and 2 more: it reads each as the same unknown word."
            + ENGLISH,
        ),
    ],
)
def test_unknown_words_are_named(text: str, told: str) -> None:
    known = set(shipped("sentiment-lstm").tokenizer.vocabulary)
    assert {"the", "movie", "was", "good", "and"} <= known
    assert not known & {"zxqv", "qqzz", "je", "appelle", "pierre", "aazz", "bbzz", "cczz", "ddzz", "eezz"}
    assert notice("sentiment-lstm", text) == told


def test_an_unknown_character() -> None:
    assert notice("flag-lstm", "+é?") == "The model does not know “é”: it reads it as an unknown character."


def misspelt(text: str, read_as: dict[str, str]) -> Subject:
    of = subject("sentiment-lstm", text)
    tokens = tuple(
        token._replace(known=False, read_as=read_as[token.text]) if token.text in read_as else token
        for token in of.trace.tokens
    )
    return dataclasses.replace(of, trace=dataclasses.replace(of.trace, tokens=tokens))


def test_a_misspelt_word_is_named_with_what_is_read() -> None:
    of = misspelt("an awsome movi", {"awsome": "awesome", "movi": "movie"})
    assert unknown_notice(of) == "It reads “awsome” as “awesome” and “movi” as “movie”."
    of = misspelt("the movi was qqzz", {"movi": "movie"})
    assert (
        unknown_notice(of)
        == "The model does not know “qqzz”: it reads it as an unknown word. It reads “movi” as “movie”."
    )


def test_a_word_that_an_edit_replaces_is_not_read() -> None:
    from gatescope import decompose
    from gatescope.figures.subject import subject_of

    trace = shipped("sentiment-lstm").trace("the zxqv", [{"swap": "movie", "steps": [1]}])
    assert unknown_notice(subject_of(trace, decompose(trace), None)) == ""


@pytest.mark.parametrize("text", HOSTILE)
def test_it_is_escaped_and_short(text: str) -> None:
    of = subject("sentiment-lstm", text)
    html = notice_html([of, of])
    inner = html.removeprefix('<p class="unknown-words" role="status">').removesuffix("</p>")
    assert not set(inner) & set("<>\"'")
    unknown, _, misspelt_words = inner.partition("It reads ")
    assert unknown.count("“") <= MOST_NAMED
    assert misspelt_words.count("“") <= 2 * MOST_NAMED
