"""Rankings: which parts of a network matter for an output. One kind, one file, one line in the table."""

from importlib import import_module
from typing import TYPE_CHECKING, Literal

from .kind import Kind

# The order in which the documentation lists them.
FILES = (
    "units",
    "gates",
    "words",
    "patches",
)

KINDS: dict[str, Kind] = {each.name: each for each in (import_module(f".{file}", __name__).KIND for file in FILES)}
"""Every kind, by the name that asks for it."""

if TYPE_CHECKING:
    KindName = str
else:  # what pydantic checks and OpenAPI lists
    KindName = Literal[tuple(KINDS)]
