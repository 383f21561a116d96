"""The first screen as a fragment of HTML: the finding, the picture in its wide and narrow forms, and its numbers."""

from collections.abc import Callable, Sequence

from ..recurrent.decomposition.report import Decomposition
from ..recurrent.trace import Trace
from ..store.fields import Statistics
from .blocks import pushes_of
from .cell.panel import cell_panel, panel_data
from .finding.change import change_of
from .finding.rule import finding_of
from .finding.statement import Finding
from .forms import NARROW, forms_of, room_for_picture
from .frame import Frame
from .input_column import InputColumn
from .lines import lines_html
from .links import links_svg
from .numbers import nice, safe
from .picture import Scales, largest_amount, picture_html, picture_of
from .readout import not_causal, readout, sentences
from .rows import moments_html, rows_html
from .script_data import MOST, data_html, data_of
from .subject import Subject, Terms, scale_of, subject_of
from .tinted_text import tinted_html
from .unknown_words import notice_html

HEIGHT = 640.0


def first_screen(
    trace: Trace,
    decomposition: Decomposition | None,
    statistics: Statistics | None = None,
    *,
    terms: Terms = Terms(),  # noqa: B008
    width: int | None = None,
    height: float = HEIGHT,
    chosen: int | None = None,
    scales: Scales | None = None,
    push_scale: float | None = None,
    before: tuple[Trace, Decomposition | None] | None = None,
    outputs: tuple[int, int] | None = None,
    inputs: Sequence[InputColumn] = (),
    notes: Sequence[str] = (),
    name: str = "first",
    has_panel: bool = False,
    unit: int | None = None,
    address_of: Callable[[int], str] | None = None,
    aside: str = "",
    is_still: bool = False,
    has_controls: bool = True,
) -> str:
    """Return the first screen of ``trace``, with the numbers that the page's script needs.

    It holds no ``style``; its classes are those of ``stylesheet``. Text of the trace is escaped.

    Args:
        trace: Of a text.
        decomposition: Of its last layer; None for a cell without a path of memory. Without shares, or where outputs
            are of several classes, bands are coloured by age.
        statistics: Of held-out text, for the usual mean of each gate; without it there are no ticks.
        terms: What the outputs and tokens of the model are called.
        width: Pixels that there are, for the picture and the panel next to it; the picture fills them, and up to a
            fifth more, without changing its text. None: not known, so that the fragment holds the wide form twice and
            the narrow one; the stylesheet shows one.
        height: Pixels of the wide form.
        chosen: The step that is chosen, from 0; the finding's first if None.
        scales: Those that several pictures have in common, from ``scales_of``.
        push_scale: ``Statistics.push_scale`` of the model, rounded up to where colours end; None: that of this text.
        before: The same text without edits, whose outline is dashed, with its decomposition.
        outputs: Of several classes, the one that was chosen and the one that it is set against, by their numbers;
            ``decomposition`` must be of these. None: none was chosen.
        inputs: Columns of the input, which stand above the picture as curves.
        notes: What to know about the numbers; told below the picture.
        name: With which ids begin, so that several pictures can stand on one page.
        has_panel: Whether the cell at the chosen step is shown next to the picture, or below it.
        unit: The unit that the panel shows, from 0; at each step the one that moves the verdict most if None.
        address_of: Returns the address at which a step is chosen: each column then is a link to it.
        aside: HTML that stands next to the finding.
        is_still: Whether it holds no numbers for a script, as where none will run.
        has_controls: Whether the panel has what needs a server.
    """
    subject = subject_of(trace, decomposition, statistics, terms, outputs, inputs)
    without = None if before is None else subject_of(*before, statistics, terms, outputs)
    drawn = [subject] if without is None else [subject, without]
    common = scales or scales_of(drawn, push_scale)
    finding = (change_of(subject, without) if without is not None else None) or finding_of(subject)
    step = chosen if chosen is not None and 0 <= chosen < len(subject) else first_step(finding, subject)
    forms = forms_of(room_for_picture(width) if has_panel else width)
    pictures = [
        picture_of(
            subject,
            finding,
            common,
            Frame.of(subject, float(form.width), height),
            chosen=step,
            name=f"{name}-{form.kind}",
            before=without,
        )
        for form in forms
    ]
    links = [
        ""
        if address_of is None or form.kind == NARROW
        else links_svg(subject, picture.columns, picture.frame.bottom, address_of)
        for form, picture in zip(forms, pictures, strict=True)
    ]
    drawn_forms = [
        rows_html(picture, address_of) if form.kind == NARROW else picture_html(picture, form.kind, link)
        for form, picture, link in zip(forms, pictures, links, strict=True)
    ]
    below = "" if forms[0].kind == NARROW else moments_html(pictures[0]) + tinted_html(pictures[0])
    kind = "both" if width is None else "one"
    panel = cell_panel(subject, step, unit, without, has_controls=has_controls) if has_panel else ""
    told = "".join(f'<p class="caveat">{safe(each)}</p>' for each in sentences(notes))
    data = ""
    if not is_still:
        numbers = data_of(subject, finding, pictures[0].columns, common.push)
        if has_panel and len(subject) <= MOST:
            numbers["panel"] = panel_data(subject, unit, without)
        data = data_html(numbers)
    return (
        f'<section class="first-screen {kind}" data-chosen="{step}">'
        f'{notice_html([subject])}<div class="told">{finding_html(finding)}{aside}</div>'
        f'<div class="stage"><div class="drawn">{"".join(drawn_forms)}{below}</div>{panel}</div>'
        f'<p class="readout">{safe(readout(subject, step))}</p>{caveat(subject)}{told}'
        f"{lines_html(subject)}{data}"
        "</section>"
    )


def caveat(subject: Subject, *, has_gates: bool = True) -> str:
    """Return what an account by pushes does not say, and how gates are read; "" where there are no pushes."""
    if not (told := not_causal(subject)):
        return ""
    if not has_gates:
        return f'<p class="caveat">{told}</p>'
    gates = " Gates: the bar is the mean of all units, the shape below it each unit, the most open first"
    usual = ", the tick the mean over held-out text" if any(row.usual is not None for row in subject.rows) else ""
    return f'<p class="caveat">{told}{gates}{usual}.</p>'


def scales_of(subjects: Sequence[Subject], push_scale: float | None = None) -> Scales:
    """Return scales that all ``subjects`` have in common."""
    blocks = [pushes for each in subjects if each.parts is None and (pushes := pushes_of(each)) is not None]
    own = max([scale_of(subjects), *(nice(float(abs(pushes).max())) for pushes in blocks)])
    return Scales(nice(push_scale) if push_scale else own, largest_amount(subjects), not push_scale)


def first_step(finding: Finding, subject: Subject) -> int:
    """Return the step that is chosen at first: the earliest that the finding speaks of, or the last."""
    return min((spot.step for spot in finding.spots), default=len(subject) - 1)


def finding_html(finding: Finding) -> str:
    """Return the finding, with the number of each of its marks."""
    texts, number = [], 0
    for piece in finding.pieces:
        if piece.spot is None:
            texts.append(safe(piece.text))
            continue
        number += 1
        first, _, rest = piece.text.partition(" ")
        begin = f'<span class="together"><i class="mark">{number}</i>{safe(first)}</span>'
        texts.append(
            f'<span class="marked" data-t="{piece.spot.step}">{begin}{safe(" " + rest if rest else "")}</span>'
        )
    return f'<p class="finding">{"".join(texts)}</p>'
