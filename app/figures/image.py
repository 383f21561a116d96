"""The wide form of a first screen as one SVG that needs no stylesheet, and as a PNG."""

from collections.abc import Sequence
from functools import cache
from xml.etree import ElementTree

import resvg_py

from .finding.rule import finding_of
from .frame import GUTTER, Frame
from .inline_styles import Theme, inline
from .numbers import at, safe
from .picture import Scales, picture_html, picture_of
from .readout import not_causal, sentences
from .screen import HEIGHT, first_step
from .stylesheet import stylesheet
from .subject import Subject
from .svg import lines
from .text_width import wrapped
from .total import WIDTH as SUM

WIDTH = 984.0  # px, of the picture
EDGE = 24.0  # px, around it
SAID, SMALL = 19.0, 13.0
FONTS = "DejaVu Sans, Liberation Sans, Arial, Helvetica, sans-serif"
GLYPH = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9" font-family="{FONTS}">M</text></svg>'


def svg_image(
    subject: Subject, scales: Scales, theme: Theme = "light", notes: Sequence[str] = (), name: str = "image"
) -> str:
    """Return an SVG of the finding, the picture and ``notes``, in one of the page's themes; ids begin with ``name``."""
    finding = finding_of(subject)
    frame = Frame.of(subject, WIDTH, HEIGHT)
    picture = picture_of(subject, finding, scales, frame, chosen=first_step(finding, subject), name=name)
    root = ElementTree.fromstring(f'<section class="first-screen">{picture_html(picture)}</section>')  # noqa: S314
    said = wrapped(finding.text, SAID, WIDTH)
    told = [line for each in [not_causal(subject), *sentences(notes)] for line in wrapped(each, SMALL, WIDTH)]
    texts = ElementTree.fromstring(  # noqa: S314
        f'<g>{lines(0, SAID, SAID, said)}<g transform="translate(0 {at(1.3 * SAID * len(said) + 10)})"/>'
        f"{lines(0, 1.3 * SAID * len(said) + frame.bottom + 34, SMALL, told, 'muted')}</g>"
    )
    parts = {"gutter": (0.0, GUTTER), "chart": (GUTTER, frame.chart), "sum": (GUTTER + frame.chart, SUM)}
    for part, (x, width) in parts.items():
        drawn = next(each for each in root.iter("svg") if each.get("class") == part)
        drawn.set("x", at(x))
        drawn.set("width", at(width))
        drawn.set("overflow", "visible")
        texts[len(said)].append(drawn)
    return _standing(texts, 1.3 * SAID * len(said) + 10 + frame.bottom + 1.3 * SMALL * len(told) + 12, theme)


def _standing(content: ElementTree.Element, height: float, theme: Theme) -> str:
    """Return an SVG of ``content``, with room around it."""
    box = ElementTree.Element("svg")
    paper = ElementTree.SubElement(box, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    box.append(content)
    section = ElementTree.Element("section", {"class": "first-screen"})
    section.append(box)
    inline(section, stylesheet(), theme)
    ground, drawn = (ElementTree.tostring(each, encoding="unicode") for each in (paper, content))
    wide, tall = at(WIDTH + 2 * EDGE), at(height + 2 * EDGE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{tall}" viewBox="0 0 {wide} {tall}" '
        f'font-family="{safe(FONTS)}" xml:space="preserve">{ground}'
        f'<g transform="translate({at(EDGE)} {at(EDGE)})">{drawn}</g></svg>'
    )


def png_image(svg: str, scale: float) -> bytes:
    """Return an SVG as PNG, ``scale`` pixels to each of its own. Raises RuntimeError where there is no font."""
    if not _has_fonts():
        raise RuntimeError("there is no font on this machine to draw the picture's text with: install DejaVu Sans")
    return resvg_py.svg_to_bytes(svg_string=svg, zoom=scale)


@cache
def _has_fonts() -> bool:
    return resvg_py.svg_to_bytes(svg_string=GLYPH) != resvg_py.svg_to_bytes(svg_string=GLYPH.replace(">M<", "><"))
