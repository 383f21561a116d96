"""The task "snow": does snow lie, told from each day's temperature and precipitation only?

Snow that fell in December may lie until March, and no day's weather says so: a network has to keep account of it. What
falls in the cold is added, a thaw takes away; this is the degree-day model of hydrology (Hock 2003, J. Hydrology 282,
eq. 1), whose store trained LSTMs were found to hold in a cell (Kratzert et al. 2018, HESS 22, section 3.5).
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ...analysis.features import Feature
from ...analysis.metrics import Figure
from ...recurrent.cells import CellName
from ...recurrent.network import Network, NetworkConfig
from ...recurrent.trace import FloatArray
from ...store.columns import Column, Series
from ..synthetic import EXACT, fingerprint, logits_of, randomness
from ..task import Half
from ..trainer import Batch, Objective, Recipe

FREEZING = 1.0  # °C: at or below it precipitation falls as snow
MELT = 3.0  # mm of water a day for each °C above 0
COLUMNS = (Column("temperature", "°C", mean=5.0, scale=10.0), Column("precipitation", "mm", mean=2.5, scale=5.0))
YEAR = 365
LENGTHS = (30, 200)  # fewest and most days that are learned from
SERIES = 300  # held-out series of a year
SEEDS = {"validation": 1, "choose": 2, "report": 3}
BATCHES = 100  # an epoch
SNOWFALL = (  # °C and mm, day by day: 28 mm of water fall as snow, which outlasts three days of thaw
    (3.1, 0),
    (0.4, 4.2),
    (-2, 14.1),
    (-3.2, 9.7),
    (-1.5, 0),
    (-4.3, 0),
    (-2.6, 0),
    (1.8, 0),
    (2.3, 0),
    (3, 0),
    (4.4, 0.6),
    (5.2, 0),
    (3.9, 8),
    (4.7, 0),
)
WINTERS = (  # seed, first day, number of days, and mean temperature of the year in °C
    ("A mild winter", 6, datetime.date(2001, 11, 10), 60, 7.0),
    ("A winter and its end", 3, datetime.date(2001, 1, 1), 120, 5.0),
)


class Weather(NamedTuple):
    """Series of days of one length."""

    temperature: FloatArray  # (N, T), °C
    precipitation: FloatArray  # (N, T), mm

    @property
    def snow(self) -> FloatArray:
        """The water in the snow that lies at the end of each day, in mm: (N, T)."""
        fallen = np.where(self.temperature <= FREEZING, self.precipitation, 0.0)
        melted = MELT * np.maximum(self.temperature, 0.0)
        snow, lying = np.empty_like(fallen), np.zeros(len(fallen))
        for day in range(fallen.shape[1]):
            snow[:, day] = lying = np.maximum(lying + fallen[:, day] - melted[:, day], 0.0)
        return snow

    def values(self) -> FloatArray:
        """Return the columns, (N, T, 2)."""
        return np.stack([self.temperature, self.precipitation], axis=-1)


class Snow:
    """The task."""

    name = "snow"
    tokenizer = None

    def __init__(self) -> None:
        self.about: Mapping[str, Any] = {
            "description": "After each day: the probability that snow lies.",
            "columns": list(COLUMNS),
            "outputs": ["snow lies"],
            "predicts_next": False,
            "opposite": "bare ground",
            "examples": [
                table("A snowfall and a thaw", datetime.date(2001, 1, 8), SNOWFALL),
                *(winter(*each) for each in WINTERS),
            ],
            "licence": "MIT",
        }
        self.objective: Objective = Account()
        self.data = fingerprint(self.objective)

    def config(self, cell: CellName) -> NetworkConfig:
        return NetworkConfig(cell, input_size=len(COLUMNS), hidden_size=12, outputs=1)

    def recipe(self, cell: CellName) -> Recipe:  # noqa: ARG002  one recipe serves every cell
        return EXACT(epochs=20, batch_size=32, learning_rate=8e-3)

    def judge(self, network: Network) -> float:
        """Return the mean loss over years of other weather."""
        batch = batch_of(self._years("validation"))
        return float(self.objective.loss(logits_of(network, batch.x), batch))

    def measure(self, network: Network) -> Sequence[Figure]:
        years = self._years("report")
        lies, cold = years.snow > 0, years.temperature <= FREEZING
        right = (logits_of(network, batch_of(years).x)[..., 0] > 0).numpy() == lies
        unlike = lies != cold
        asked = unlike.any(axis=1)
        return [
            Figure(
                f"days of {SERIES} years",
                right.mean(axis=1),
                baselines={
                    "snow lies on days of frost": float((lies == cold).mean()),
                    "the more frequent answer": float(max(lies.mean(), 1 - lies.mean())),
                },
            ),
            Figure(
                "days of those years on which the weather of the day says the opposite",
                (right & unlike)[asked].sum(axis=1) / unlike[asked].sum(axis=1),
                baselines={"snow lies on days of frost": 0.0},
            ),
        ]

    def held_out(self, half: Half) -> Sequence[Series]:
        return [Series(values) for values in self._years(half).values()[:30]]

    def features(self, text: Series) -> Sequence[Feature]:
        """Return the water in the snow, and whether snow lies."""
        values = np.asarray(text.values)
        snow = Weather(values[None, :, 0], values[None, :, 1]).snow[0]
        return [Feature("water in the snow", snow), Feature("snow lies", (snow > 0).astype(np.float64))]

    def facts(self) -> Mapping[str, Any]:
        least, most = LENGTHS
        return {
            "data": f"Synthetic weather: the temperature of each day is a yearly wave and noise that lasts for days, "
            f"and rain or snow comes in spells. Snow is what falls at {FREEZING:g} °C or below, and {MELT:g} mm of "
            f"water melt a day for each degree above 0 °C. {least} to {most} days to learn from, a year to choose by "
            f"and to measure on, all starting without snow. SHA-256 of a sample: `{self.data}`.",
            "asked": "After every day, whether snow lies. How much lies is never told: a network that keeps account "
            "of it has found out by itself that this helps.",
            "limits": "The weather is generated, and real snow neither falls below one temperature nor melts by one "
            "rule: this model forecasts nothing.",
        }

    def _years(self, purpose: str) -> Weather:
        return generated(YEAR, SERIES, np.random.default_rng(SEEDS[purpose]))


class Account:
    """The objective: after each day, does snow lie?"""

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of series of one length each, which is random."""
        random = randomness(generator)
        lengths = random.integers(*LENGTHS, size=BATCHES, endpoint=True)
        return [batch_of(generated(int(length), batch_size, random)) for length in lengths]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy_with_logits(logits[..., 0], batch.targets)


def batch_of(weather: Weather) -> Batch:
    """Return series as a network reads them, with whether snow lies after each day."""
    mean, scale = (np.array([getattr(each, name) for each in COLUMNS]) for name in ("mean", "scale"))
    x = torch.from_numpy((weather.values() - mean) / scale).float()
    return Batch(x, None, torch.from_numpy(weather.snow > 0).float())


def generated(
    days: int, count: int, random: np.random.Generator, start: int | None = None, mean: float | None = None
) -> Weather:
    """Generate the weather of ``days`` days, ``count`` times.

    ``start`` is the day of the year that they begin with, from 0, and ``mean`` the mean temperature of the year in °C;
    None: at random, each its own. Numbers have one decimal, as weather stations report them.
    """
    first = random.integers(YEAR, size=count) if start is None else np.full(count, start)
    middle = random.normal(5, 4, size=count) if mean is None else np.full(count, mean)
    wave = random.uniform(8, 14, size=(count, 1)) * np.cos(2 * np.pi * (first[:, None] + np.arange(days) - 20) / YEAR)
    shocks = random.normal(0, 2.6, size=(count, days))
    lasting, amounts = np.zeros((count, days)), random.gamma(0.8, 7, size=(count, days))
    wet, chances = random.random((count, days + 1)), np.full(count, 0.4)
    for day in range(days):
        lasting[:, day] = shocks[:, day] + (0.75 * lasting[:, day - 1] if day else 0)
        is_wet = wet[:, day] < chances
        amounts[:, day] *= is_wet
        chances = np.where(is_wet, 0.6, 0.27)
    return Weather(np.round(middle[:, None] - wave + lasting, 1), np.round(amounts, 1))


def winter(title: str, seed: int, first: datetime.date, days: int, mean: float) -> str:
    """Return the weather of ``days`` days as a table."""
    start = first.timetuple().tm_yday - 1
    return table(title, first, generated(days, 1, np.random.default_rng(seed), start, mean).values()[0].tolist())


def table(title: str, first: datetime.date, values: Sequence[Sequence[float]]) -> str:
    """Return days of weather as CSV, with their dates, below a line with a title."""
    dates = [first + datetime.timedelta(days=day) for day in range(len(values))]
    rows = [f"{date.day} {date:%b},{t:g},{p:g}" for date, (t, p) in zip(dates, values, strict=True)]
    return "\n".join([f"# {title}", ",".join(["date", *(each.name for each in COLUMNS)]), *rows])
