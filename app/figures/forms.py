"""The forms in which a first screen is drawn: side by side where there is room, line by line where there is not."""

from typing import NamedTuple

NARROW = "narrow"
LEAST = 700  # px: a narrower page has the narrow form
PANEL = 340  # px, the width of the cell next to the picture
GAP = 28
LEAST_WITH_PANEL = 1140  # px: on a narrower page the cell stands below the picture; ``first_screen.css`` says the same


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


def room_for_picture(width: int | None) -> int | None:
    """Return how wide the picture may be where the cell stands next to it, or below it if there is no room."""
    return width if width is None or width < LEAST_WITH_PANEL else width - PANEL - GAP
