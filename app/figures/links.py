"""The columns of a picture as links, over all that is drawn: each chooses its step."""

from collections.abc import Callable

from .columns import Columns
from .numbers import at, safe
from .subject import Subject


def links_svg(subject: Subject, columns: Columns, height: float, address_of: Callable[[int], str]) -> str:
    """Return a link for each of ``columns``, ``height`` pixels high, to the address at which its step is chosen."""
    links = []
    for t in range(len(subject)):
        x, width = (columns.percent(float(each[t])) for each in (columns.edges, columns.widths))
        room = f'x="{x}" width="{width}" height="{at(height)}" rx="5"'
        name = safe(f"choose {subject.named(t)}")
        links.append(f'<a href="{safe(address_of(t))}" data-t="{t}" aria-label="{name}"><rect {room}/></a>')
    return f'<svg class="links" width="100%" height="{at(height)}">{"".join(links)}</svg>'
