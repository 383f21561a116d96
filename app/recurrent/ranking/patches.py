"""Patches: what follows if each unit at each step is what it is in another text (activation patching)."""

from ..cells.cell import Cell
from ..edits.patch import Patch, rows
from ..option_error import OptionError
from .kind import Choices, Kind, state_of


def _operation(_: Cell, choices: Choices) -> Patch:
    if choices.other is None:
        raise OptionError("other", "is missing: a patch takes its values from another text of as many steps")
    if isinstance(choices.other, str):
        return Patch(choices.other, None)
    if hasattr(choices.other, "layer"):
        return Patch(None, None, choices.other)
    try:
        return Patch(None, None, numbers=rows(choices.other))
    except ValueError as error:
        raise OptionError("other", str(error)) from None


KIND = Kind(
    name="patches",
    purpose="each unit of a state, or of the letter named, at each step put to its value in another text",
    takes=frozenset({"letter", "other", "units", "steps"}),
    each_unit=True,
    each_step=True,
    letters=state_of,
    operation=_operation,
)
