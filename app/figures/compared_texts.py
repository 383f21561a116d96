"""The first screen of two texts that one network reads, as a fragment of HTML: a picture each, on one scale."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .alignment import align
from .columns import columns_of
from .finding.rule import finding_of
from .finding.statement import Finding
from .finding.two_texts import difference, differing
from .forms import NARROW, forms_of
from .frame import Frame
from .lines import lines_html
from .links import links_svg
from .numbers import phrase_of, safe
from .picture import Scales, picture_html, picture_of
from .readout import readout
from .rows import rows_html
from .screen import HEIGHT, caveat, finding_html, scales_of
from .script_data import data_html, data_of
from .subject import Subject
from .unknown_words import notice_html

HEADS = 56.0  # px, of what stands over and below each picture


class _Text(NamedTuple):
    """One of the two."""

    subject: Subject
    text: str  # as it was written
    chosen: int | None  # the step that is chosen; None: it has no word in that column
    name: str
    address_of: Callable[[int], str] | None


def texts_screen(
    first: tuple[Subject, str],
    second: tuple[Subject, str],
    *,
    width: int | None = None,
    height: float = HEIGHT,
    column: int | None = None,
    push_scale: float | None = None,
    name: str = "text",
    address_of: Callable[[int], str] | None = None,
) -> str:
    """Return two first screens, one below the other, that share their scales and say first what differs.

    They leave out the gates, so that both are in sight at once. Each comes with its text as it was written.

    Args:
        first: What is drawn.
        second: What it is compared with.
        width: As in ``first_screen``.
        height: Pixels of both in their wide form.
        column: The pair of words that is chosen, as ``align`` counts them; the first that differs if None.
        push_scale: As in ``first_screen``.
        name: With which ids begin.
        address_of: Returns the address at which a column is chosen.
    """
    subjects = first[0], second[0]
    pairs = align(*([each.text for each in subject.trace.tokens] for subject in subjects))
    told, scales = difference(*subjects, pairs), scales_of(subjects, push_scale)
    if column is None or not 0 <= column < len(pairs):
        column = next(iter(differing(*subjects, pairs)), len(pairs) - 1)
    drawn = []
    for lane, (subject, text) in enumerate((first, second)):
        places = {pair[lane]: n for n, pair in enumerate(pairs)}
        links = None if address_of is None else _links(places, address_of)
        each = _Text(subject, text, pairs[column][lane], f"{name}-{lane}", links)
        head = f'{notice_html(subjects)}<div class="told">{finding_html(told)}</div>' if lane == 0 else ""
        drawn.append(_section(each, head, scales, width, height / 2 - HEADS, column))
    return "".join(drawn)


def _links(places: dict[int | None, int], address_of: Callable[[int], str]) -> Callable[[int], str]:
    """Return what gives the address at which the column of a step is chosen."""
    return lambda t: address_of(places[t])


def _section(each: _Text, head: str, scales: Scales, width: int | None, height: float, column: int) -> str:
    """Return one of the two; that which comes first has the ``head`` of both."""
    subject, chosen = each.subject, each.chosen
    data = data_of(
        subject, finding_of(subject), columns_of(subject.words, float(forms_of(width)[0].width)), scales.push
    )
    at = "" if chosen is None else f' data-chosen="{chosen}"'
    return (
        f'<section class="first-screen of-text {"both" if width is None else "one"}"{at} data-column="{column}">'
        f"{head}"
        f'<h2 class="whose">{safe(phrase_of(each.text))}</h2>'
        f'<div class="stage"><div class="drawn">{"".join(_forms(each, scales, width, height))}</div></div>'
        f'<p class="readout">{"" if chosen is None else safe(readout(subject, chosen))}</p>'
        f"{caveat(subject, has_gates=False) if not head else ''}{lines_html(subject)}{data_html(data)}</section>"
    )


def _forms(each: _Text, scales: Scales, width: int | None, height: float) -> Iterator[str]:
    """Yield the forms of a picture, without rows of gates in the wide ones."""
    for form in forms_of(width):
        frame = Frame.of(each.subject, float(form.width), height, has_gates=False)
        unmarked = Finding((), "texts")
        name, chosen = f"{each.name}-{form.kind}", -1 if each.chosen is None else each.chosen
        picture = picture_of(each.subject, unmarked, scales, frame, chosen=chosen, name=name)
        if form.kind == NARROW:
            yield rows_html(picture, each.address_of)
        else:
            links = each.address_of and links_svg(each.subject, picture.columns, frame.bottom, each.address_of)
            yield picture_html(picture, form.kind, links or "")
