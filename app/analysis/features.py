"""What can be said of every token of a text, for units to be compared with."""

from dataclasses import dataclass

from ..recurrent.trace import FloatArray


@dataclass(frozen=True, eq=False)
class Feature:
    """One thing that is known of each token, once the network has read it."""

    name: str  # such as "bracket depth"
    values: FloatArray  # (T,); NaN where it does not apply; 0 and 1 alone for something that is or is not
