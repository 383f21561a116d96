"""Edits: changes inside the steps of a network. One operation, one file, one line in the table."""

from importlib import import_module

from .edit import Operation

# The order in which the documentation lists them.
FILES = (
    "hold",
    "scale",
    "add",
    "ablate",
    "patch",
    "freeze",
    "couple",
    "swap",
)

OPERATIONS: dict[str, type[Operation]] = {
    each.name: each for each in (import_module(f".{file}", __name__).OPERATION for file in FILES)
}
"""Every operation, by the key that stands for it in the data form."""
