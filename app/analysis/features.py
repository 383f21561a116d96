"""Features of the tokens of a text, for units to be compared with."""

from dataclasses import dataclass

from ..recurrent.trace import FloatArray


@dataclass(frozen=True, eq=False)
class Feature:
    """A property of each token, known once the network has read it."""

    name: str  # such as "bracket depth"
    values: FloatArray  # (T,); NaN where it does not apply; 0 and 1 for false and true
