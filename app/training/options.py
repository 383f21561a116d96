"""What can be asked of a training run in place of what its task says."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Range(NamedTuple):
    """The least and the greatest value of an option."""

    least: float
    most: float


RANGES = {
    "hidden": Range(1, 4_096),
    "epochs": Range(1, 10_000),
    "patience": Range(0, 10_000),
    "learning_rate": Range(1e-6, 1),
    "forget_bias": Range(-100, 100),
    "chrono": Range(0, 1_000_000),
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of a run; None: as the task says. Raises ValueError for a value outside its range."""

    hidden: int | None = None  # units
    epochs: int | None = None  # how often the data are read
    patience: int | None = None  # epochs in a row without a better network that end a run; 0: no number of them does
    learning_rate: float | None = None  # of the first step
    forget_bias: float | None = None  # sum of the two biases of an LSTM's forget gates at the start
    chrono: int | None = None  # longest dependency that an LSTM's biases are drawn for; 0: forget_bias holds

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            least, most = RANGES[name]
            if not least <= value <= most:  # NaN is not
                raise ValueError(f"{name} is {value}: it must be from {least:g} to {most:,}")

    def given(self) -> dict[str, Any]:
        """Return the options that are not None."""
        return {name: value for name, value in asdict(self).items() if value is not None}
