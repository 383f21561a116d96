"""A long text as it was written, each word in the colour of its push at the end."""

from collections.abc import Iterator

from .numbers import safe
from .picture import Picture
from .push_colours import level

SPACE = 1  # code points between two tokens, from which a space stands between them


def tinted_html(picture: Picture) -> str:
    """Return the text; "" if all words are legible over their columns, nothing pushes, or there is no text."""
    subject = picture.subject
    if picture.columns.is_legible or subject.shares is None or subject.is_of_steps:
        return ""
    words = "".join(_words(picture))
    told = f"The whole text, coloured by what each {subject.noun} pushes at the end."
    return f'<div class="below tinted"><p class="muted">{told}</p><p>{words}</p></div>'


def _words(picture: Picture) -> Iterator[str]:
    """Yield the words, with a space where the text has one."""
    subject = picture.subject
    if subject.shares is None:
        return
    end = 0
    for t, (token, word) in enumerate(zip(subject.trace.tokens, subject.words, strict=True)):
        space = " " if t and token.start - end >= SPACE else ""
        end = token.end
        step = level(float(subject.shares[-1, t]), picture.scales.push)
        kinds = ["chosen"] * (t == picture.chosen) + [f"tint p{step}"] * (step != 0)
        kind = f' class="{" ".join(kinds)}"' if kinds else ""
        yield f'{space}<span data-t="{t}"{kind}>{safe(word)}</span>'
