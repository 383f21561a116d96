"""The snow task: its weather, its account of snow, and how it is measured."""

import csv

import numpy as np
import pytest
import torch
from gatescope.analysis.features import Feature
from gatescope.store.columns import Series
from gatescope.training.task import reader_of
from gatescope.training.tasks.snow import COLUMNS, FREEZING, LENGTHS, Snow, Weather, batch_of, generated
from torch import Tensor, nn


class Account(nn.Module):
    """A stand-in for a network: keeps the account of the snow itself, or says that snow lies on days of frost."""

    def __init__(self, *, forgets: bool = False) -> None:
        super().__init__()
        self.forgets = forgets

    def forward(self, x: Tensor) -> Tensor:
        mean, scale = (torch.tensor([getattr(each, name) for each in COLUMNS]) for name in ("mean", "scale"))
        values = np.round((x * scale + mean).double().numpy(), 1)
        weather = Weather(values[..., 0], values[..., 1])
        lies = weather.temperature <= FREEZING if self.forgets else weather.snow > 0
        return torch.from_numpy(np.where(lies, 3.0, -3.0))[..., None]


def test_snow_falls_in_the_cold_lies_and_melts() -> None:
    days = np.array([[0.5, 4], [-3, 0], [2, 5], [-1, 6], [1, 2], [0, 0], [2, 0], [4, 0], [-2, 0]], dtype=float)
    snow = Weather(days[None, :, 0], days[None, :, 1]).snow[0]
    # 4 mm less 3 · 0.5; kept; all melts, and rain does not lie; 6; 2 more less 3 · 1; kept; gone; stays away.
    np.testing.assert_allclose(snow, [2.5, 2.5, 0, 6, 5, 5, 0, 0, 0])


def test_features_are_of_the_series() -> None:
    water, lies = Snow().features(Series([[-1, 6], [0, 0], [5, 0]]))
    assert [type(water), water.values.tolist(), lies.values.tolist()] == [Feature, [6, 6, 0], [1, 1, 0]]


def test_weather_has_seasons_spells_and_one_decimal() -> None:
    weather = generated(365, 400, np.random.default_rng(0), start=0, mean=5)
    by_day = weather.temperature.mean(axis=0)
    assert abs(int(np.argmin(np.convolve(by_day, np.ones(15) / 15, "valid"))) + 7 - 20) < 12, "coldest on 21 January"
    assert by_day.mean() == pytest.approx(5, abs=0.2)
    apart = weather.temperature - by_day
    assert 0.6 < np.corrcoef(apart[:, 1:].ravel(), apart[:, :-1].ravel())[0, 1] < 0.95
    wet = weather.precipitation > 0
    assert wet[:, 1:][wet[:, :-1]].mean() > 1.5 * wet[:, 1:][~wet[:, :-1]].mean()
    assert np.array_equal(weather.temperature, np.round(weather.temperature, 1))


def test_an_epoch_has_series_of_all_lengths_with_what_is_right() -> None:
    batches = Snow().objective.epoch(4, torch.Generator().manual_seed(0))
    lengths = {batch.x.shape[1] for batch in batches}
    assert LENGTHS[0] <= min(lengths) < LENGTHS[0] + 10
    assert LENGTHS[1] - 10 < max(lengths) <= LENGTHS[1]
    for batch in batches[:5]:
        assert torch.equal(batch.targets > 0.5, Account()(batch.x)[..., 0] > 0)


def test_a_network_reads_the_same_from_a_batch_as_from_a_trace() -> None:
    task, weather = Snow(), generated(40, 1, np.random.default_rng(0))
    read = [token.values for token in reader_of(task)(Series(weather.values()[0]))]
    np.testing.assert_allclose(batch_of(weather).x[0].numpy(), np.array(read, np.float32), rtol=1e-6)


def test_keeping_account_is_measured_and_forgetting_is_the_baseline() -> None:
    days, unlike = Snow().measure(Account())
    assert (days.values.mean(), unlike.values.mean()) == (1, 1)
    forgetful, none = Snow().measure(Account(forgets=True))
    assert none.values.mean() == 0
    assert forgetful.values.mean() == pytest.approx(days.baselines["snow lies on days of frost"])
    assert 0.5 < days.baselines["the more frequent answer"] < days.baselines["snow lies on days of frost"] < 1


def test_it_is_judged_by_its_loss() -> None:
    assert Snow().judge(Account()) == pytest.approx(np.log1p(np.exp(-3)))
    assert Snow().judge(Account(forgets=True)) > 0.2


def test_examples_are_tables_with_dates() -> None:
    for text in Snow().about["examples"]:
        title, header, *rows = text.splitlines()
        assert title.startswith("# ")
        assert header == "date,temperature,precipitation"
        values = [[float(each) for each in row] for _, *row in csv.reader(rows)]
        assert len(reader_of(Snow())(Series(values))) == len(rows)
        assert len(text) < 4_000, "a link carries it"


def test_the_halves_differ() -> None:
    choose, report = (np.stack([each.values for each in Snow().held_out(half)]) for half in ("choose", "report"))
    assert not (choose[:, None] == report[None]).all(axis=(2, 3)).any()
