"""The forms in which a first screen is drawn: side by side where there is room, line by line where there is not."""

from typing import NamedTuple

NARROW = "narrow"
LEAST = 700  # px: a narrower page has the narrow form


class Form(NamedTuple):
    """One of the forms that a fragment may hold."""

    kind: str  # its class
    width: int  # px that it is drawn for


FIRST_FORMS = (Form("wide", 984), Form("medium", 728), Form(NARROW, 728))
"""Those of a page whose width is not known yet, of which the stylesheet shows one."""


def forms_of(width: int | None) -> list[Form]:
    """Return the forms that a fragment holds, the widest first: one, or all of them where the width is not known."""
    if width is None:
        return list(FIRST_FORMS)
    return [Form("wide", width) if width >= LEAST else FIRST_FORMS[-1]]
