"""The first screen of several networks that read the same text, as a fragment of HTML."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..recurrent.decomposition.report import Decomposition
from ..recurrent.trace import Trace
from ..store.fields import Statistics
from .comparison import Entry, comparison_html
from .finding.networks import comparison
from .finding.rule import finding_of
from .forms import NARROW, forms_of
from .frame import Frame
from .lines import lines_html
from .numbers import safe
from .picture import Picture, Scales, largest_amount, picture_of
from .readout import readout
from .rows import rows_html
from .screen import HEIGHT, finding_html, scales_of
from .script_data import data_html, data_of
from .subject import Terms, subject_of
from .unknown_words import notice_html


@dataclass(frozen=True)
class Compared:
    """One of several networks that read the same tokens."""

    label: str
    trace: Trace
    decomposition: Decomposition | None
    statistics: Statistics | None = None
    terms: Terms = Terms()  # noqa: RUF009


def compared_screen(
    networks: Sequence[Compared],
    *,
    width: int | None = None,
    height: float = HEIGHT,
    chosen: int | None = None,
    push_scale: float | None = None,
    name: str = "compared",
    address_of: Callable[[int], str] | None = None,
) -> str:
    """Return the first screen of several networks that read the same tokens, on one axis and one scale of pushes.

    Heights are each network's own: what one holds is not of the same kind as what another does. Arguments are those of
    ``first_screen``.

    Raises ValueError if there are fewer than two networks, or their tokens are not the same.
    """
    entries = [
        Entry(each.label, subject_of(each.trace, each.decomposition, each.statistics, each.terms)) for each in networks
    ]
    if len(entries) < 2 or len({tuple(each.subject.words) for each in entries}) > 1:
        raise ValueError("a comparison is of two or more networks that read the same tokens")
    subjects, told = [each.subject for each in entries], comparison([(each.label, each.subject) for each in entries])
    scales = scales_of(subjects, push_scale)
    step = chosen if chosen is not None and 0 <= chosen < len(subjects[0]) else len(subjects[0]) - 1
    forms, drawn = forms_of(width), []
    pictures = [
        _by_itself(each, scales, float(forms[0].width), height, step, name, n) for n, each in enumerate(entries)
    ]
    for form in forms:
        if form.kind == NARROW:
            headed = zip(entries, pictures, strict=True)
            drawn += [
                f'<h2 class="narrow">{safe(each.label)}</h2>{rows_html(picture, address_of)}'
                for each, picture in headed
            ]
        else:
            own = f"{name}-{form.kind}"
            drawn.append(comparison_html(entries, scales, form, height, step, own, address_of))
    heading = '<h2 class="visually-hidden">{}</h2>'
    texts = "".join(f"{heading.format(safe(each.label))}{lines_html(each.subject)}" for each in entries)
    told_of_step = "<br/>".join(safe(f"{each.label}. {readout(each.subject, step)}") for each in entries)
    data = data_html(
        [
            data_of(each.subject, picture.finding, picture.columns, scales.push) | {"label": each.label}
            for picture, each in zip(pictures, entries, strict=True)
        ]
    )
    kind = "both" if width is None else "one"
    return (
        f'<section class="first-screen compared {kind}" data-chosen="{step}">'
        f'{notice_html(subjects)}<div class="told">{finding_html(told)}</div>'
        f'<div class="stage"><div class="drawn">{"".join(drawn)}</div></div>'
        f'<p class="readout">{told_of_step}</p>{texts}{data}</section>'
    )


def _by_itself(
    entry: Entry, scales: Scales, width: float, height: float, chosen: int, name: str, place: int
) -> Picture:
    """Return the picture of one network, on the scale of pushes that all have."""
    subject = entry.subject
    own = Scales(scales.push, largest_amount([subject]), scales.is_own)
    frame = Frame.of(subject, width, height)
    return picture_of(subject, finding_of(subject), own, frame, chosen=chosen, name=f"{name}-{place}-n")
