"""The figures by which recipes for sentiment are compared: of validation texts only, by source and over the seeds."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import sentiment_recipe
from archives import install_sentiment
from gatescope.recurrent.network import Network
from gatescope.training.tasks import sentiment


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install_sentiment(tmp_path / "cache", monkeypatch)


def test_the_figures_are_those_by_which_the_task_judges_and_no_test_text_is_read(cache: Path) -> None:
    task = sentiment.load(cache, pytest.fail)
    texts = task.texts
    texts.splits["test"] = []
    network = Network(task.config("gru")).eval().requires_grad_(requires_grad=False)
    figures = sentiment_recipe.measured(network, texts)
    accuracy = figures["accuracy"]
    assert accuracy["all"] == pytest.approx(1 - task.judge(network) % 1, abs=1e-6)  # the whole part counts lost lessons
    assert set(accuracy) == {"all", "movie", "amazon", "nyt", "tweets", "uci"}
    clear = [each.source for each in texts.splits["validation"] if abs(each.rating) >= 0.5]
    assert accuracy["all"] == pytest.approx(sum(accuracy[source] for source in clear) / len(clear))
    assert set(figures["lessons lost"].values()) <= {0, 1}
    assert figures["visitors, wrong"]["all"] == sum(figures["visitors, wrong"].values()) / 2


def test_each_cell_is_written_with_its_seeds_and_their_mean(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "figures.json"
    networks = tmp_path / "networks"
    monkeypatch.setattr(
        sys, "argv", ["", str(out), "--data", str(cache), "--cells", "rnn", "--networks", str(networks)]
    )
    sentiment_recipe.main()
    first = out.read_text()
    assert len(list(networks.iterdir())) == 3
    monkeypatch.setattr(sentiment_recipe, "train", pytest.fail)  # what was kept is measured again
    sentiment_recipe.main()
    assert out.read_text() == first
    report = json.loads(out.read_text())
    [cell] = report["cells"].values()
    assert report["seeds"] == [0, 1, 2]
    assert len(cell["by seed"]) == 3
    for source, mean in cell["mean"]["accuracy"].items():
        assert mean == pytest.approx(sum(each["accuracy"][source] for each in cell["by seed"]) / 3, abs=1e-4)


DOCS = Path(__file__).parents[1] / "docs"
BEFORE, NOW = (
    json.loads((DOCS / f"sentiment-{name}.json").read_text(encoding="utf-8")) for name in ("baseline", "recipe")
)
CELLS = {"lstm": "LSTM", "gru": "GRU", "rnn": "plain RNN"}


def mean_of(report: dict[str, Any], cell: str) -> dict[str, Any]:
    mean: dict[str, Any] = report["cells"][cell]["mean"]
    return mean


def test_the_figures_are_of_the_same_validation_texts() -> None:
    assert BEFORE["validation texts that count"] == NOW["validation texts that count"]
    assert BEFORE["seeds"] == NOW["seeds"] == [0, 1, 2]


@pytest.mark.parametrize(("cell", "gain"), [("lstm", 0.008), ("gru", 0.01)])
def test_the_recipe_is_better_than_the_one_before_and_loses_nothing(cell: str, gain: float) -> None:
    before, now = mean_of(BEFORE, cell), mean_of(NOW, cell)
    assert now["accuracy"]["all"] >= before["accuracy"]["all"] + gain
    assert all(now["accuracy"][source] >= share - 0.02 for source, share in before["accuracy"].items())
    assert now["calibration error"] <= 0.03
    assert now["visitors, wrong"]["all"] <= before["visitors, wrong"]["all"] * 0.55


def test_the_table_shows_the_figures() -> None:
    sources = {
        "all": "all",
        "movie": "film reviews",
        "tweets": "tweets",
        "uci": "UCI sentences",
        "amazon": "product reviews",
        "nyt": "newspaper editorials",
    }
    heads = [*(f"{name}, %" for name in sources.values()), "calibration error", "visitors wrong, of 100"]
    rows = [f"| | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for cell, title in CELLS.items():
        for report, when in ((BEFORE, "before"), (NOW, "now")):
            mean = mean_of(report, cell)
            shares = [f"{100 * mean['accuracy'][source]:.1f}" for source in sources]
            error, visitors = mean["calibration error"], mean["visitors, wrong"]["all"]
            rows.append(f"| {title}, {when} | {' | '.join([*shares, f'{error:.3f}', f'{visitors:.1f}'])} |")
    assert "\n".join(rows) in (DOCS / "training.md").read_text(encoding="utf-8")


def test_what_is_said_of_the_table_follows_from_the_figures() -> None:
    gains, falls, spreads = [], [], []
    for cell in ("lstm", "gru"):
        before, now = mean_of(BEFORE, cell), mean_of(NOW, cell)
        gains.append(f"{100 * (now['accuracy']['all'] - before['accuracy']['all']):.2f}")
        falls.append(f"{100 * (1 - now['visitors, wrong']['all'] / before['visitors, wrong']['all']):.0f} %")
        shares = [each["accuracy"]["all"] for each in NOW["cells"][cell]["by seed"]]
        spreads.append(100 * (max(shares) - min(shares)))
    negations = [mean_of(report, "rnn")["visitors, wrong"]["negation or but"] for report in (NOW, BEFORE)]
    page = " ".join((DOCS / "training.md").read_text(encoding="utf-8").split())
    assert f"The LSTM gains {gains[0]} points and the GRU {gains[1]};" in page
    assert f"judged wrongly fall by {falls[0]} and {falls[1]};" in page
    assert f"{negations[0]:.1f} of 20 on average, after {negations[1]:.1f}." in page
    assert f"up to {max(spreads):.2f} points apart" in page
