"""A notice on words, or characters, that the model does not know, for the first screen."""

import re
from collections.abc import Sequence

from .numbers import safe, word_of
from .subject import Subject

MOST_NAMED = 3
LETTER = re.compile(r"[^\W\d_]")


def unknown_notice(subject: Subject) -> str:
    """Return which of the words read are not in the vocabulary, and what is read instead; "" if there are none.

    Most words of a text in another language are unknown: then it says which language the model reads, if that is known.
    """
    tokens = [token for step, token in enumerate(subject.trace.tokens) if not _is_swapped(subject, step)]
    unknown = list(dict.fromkeys(token.text for token in tokens if not token.known and token.read_as is None))
    misspelt = dict.fromkeys((token.text, token.read_as) for token in tokens if token.read_as is not None)
    sentences = []
    if unknown:
        kind = "character" if subject.terms.is_character else "word"
        reads = f"it as an unknown {kind}" if len(unknown) == 1 else f"each as the same unknown {kind}"
        sentences.append(
            f"The model does not know {_listed([f'“{word_of(each)}”' for each in unknown])}: it reads {reads}."
        )
        words = [token for token in tokens if LETTER.search(token.text)]
        if subject.terms.language and 2 * sum(token.text in unknown for token in words) > len(words):
            sentences.append(f"This model reads {subject.terms.language}.")
    if misspelt:
        corrected = [f"“{word_of(text)}” as “{word_of(read_as or '')}”" for text, read_as in misspelt]
        sentences.append(f"It reads {_listed(corrected)}.")
    return " ".join(sentences)


def notice_html(subjects: Sequence[Subject]) -> str:
    """Return the notices on what several networks read, each once; "" if they know it all."""
    notices = dict.fromkeys(notice for each in subjects if (notice := unknown_notice(each)))
    return "".join(f'<p class="unknown-words" role="status">{safe(each)}</p>' for each in notices)


def _listed(names: Sequence[str]) -> str:
    """Return names as a list in words, cut after ``MOST_NAMED``: "a, b, c and 2 more"."""
    more = len(names) - MOST_NAMED
    *first, last = [*names[:MOST_NAMED], f"{more} more"] if more > 0 else names
    return f"{', '.join(first)} and {last}" if first else last


def _is_swapped(subject: Subject, step: int) -> bool:
    """Whether an edit puts another token in the place of the one at a step."""
    return step + subject.trace.start in subject.trace.bound.swaps
