"""Every model that is shipped: whole, small, told of by its card, and as good as the card says."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from gatescope.analysis import evaluation
from gatescope.analysis.metrics import metrics
from gatescope.recurrent.cells import CELL_NAMES, NAMES
from gatescope.settings import data_folder
from gatescope.store.files import CARD, CONFIG, SATURATION, STATISTICS, WEIGHTS
from gatescope.store.model import Model
from gatescope.store.store import Store
from gatescope.training import characters, tasks
from gatescope.training.card import cell, figure, with_figures, with_shares, with_units
from gatescope.training.task import Remarks
from gatescope.training.trainer import one_thread

DATA = Path(__file__).parent / "data"
DOCS = DATA.parents[1] / "docs"
MODELS_PAGE, DECOMPOSITION_PAGE = (
    (DOCS / name).read_text(encoding="utf-8") for name in ("models.md", "decomposition.md")
)
STORE = Store(data_folder("models"))
CELLS = ("lstm", "gru", "rnn")
LARGEST, ALL = 3_000_000, 12_000_000  # bytes; a vocabulary of 18,000 words takes 2.3 million

every = pytest.mark.parametrize("model", STORE.models.values(), ids=STORE.models.keys())


def card(model: Model) -> str:
    return (model.folder / CARD).read_text(encoding="utf-8")


def rows(model: Model, name: str) -> list[list[str]]:
    """The rows of the card's tables that begin with ``name``, as the cells after it."""
    start = f"| {cell(name)} | "
    return [line[len(start) : -2].split(" | ") for line in card(model).splitlines() if line.startswith(start)]


def test_every_folder_is_a_model_and_every_task_of_text_has_the_three_usual_cells() -> None:
    assert STORE.broken == {}
    cells: dict[str, set[str]] = {}
    for model in STORE:
        if model.config.input == "text":
            cells.setdefault(model.config.task, set()).add(model.network.config.cell)
        assert model.id.startswith(f"{model.config.task}-{model.network.config.cell}")
    assert all(each >= set(CELLS) for each in cells.values()), cells
    assert cells["flag"] == set(CELL_NAMES)
    assert {"sentiment", "prose", "code"} <= cells.keys()


@every
def test_it_says_whether_it_predicts_the_next_token(model: Model) -> None:
    said = json.loads((model.folder / CONFIG).read_bytes())["predicts_next"]
    assert said is (model.config.task in {"prose", "code", "agreement", "anbn", "anbncn"})


@every
def test_a_title_is_the_cell_and_whatever_else_the_folder_is_named_for(model: Model) -> None:
    named = f"{model.config.task}-{model.config.title.lower().replace(',', '').replace(' ', '-')}"
    folder = model.id.replace("_", "-")
    assert named.startswith(folder)
    assert named.removeprefix(folder) in ("", "-500")  # the steps that chrono initialisation is for
    assert card(model).startswith(f"# {model.config.title}: {model.config.task}\n")


def test_they_are_small() -> None:
    assert all((model.folder / WEIGHTS).stat().st_size < LARGEST for model in STORE)
    assert sum(path.stat().st_size for path in STORE.folder.rglob("*") if path.is_file()) < ALL


@every
def test_the_networks_of_a_task_differ_in_their_cells_alone(model: Model) -> None:
    same = {(each.network.config.hidden_size, reads(each)) for each in STORE.task(model.config.task)}
    assert len(same) == 1


def reads(model: Model) -> tuple[object, ...]:
    return tuple(model.config.columns) if model.tokenizer is None else model.tokenizer.vocabulary


@every
def test_all_of_it_is_there(model: Model) -> None:
    config, statistics = model.config, model.statistics
    assert statistics is not None, STATISTICS
    for each in statistics.activations:
        is_gate = each.activation in config.network.cell_definition.gates
        assert (each.left_saturated is not None) == (each.right_saturated is not None) == is_gate
        [[mean, spread, shut, open_]] = rows(model, f"{NAMES[each.activation]} *{each.activation}*")[-1:]  # type: ignore[index]
        assert float(mean) == pytest.approx(sum(each.mean) / len(each.mean), abs=6e-4)
        assert float(spread) == pytest.approx(sum(each.standard_deviation) / len(each.mean), abs=6e-4)
        for said, shares in ((shut, each.left_saturated), (open_, each.right_saturated)):
            assert said == (figure(sum(shares) / len(shares), "share") if shares else "–")
    assert (model.folder / SATURATION).exists() == bool(config.network.cell_definition.gates)
    assert all(token.known for text in config.examples for token in model.trace(**model.input_of(text)).tokens)
    text = card(model)
    assert f"gatescope train {config.task} --cell {config.network.cell}" in text
    assert "SHA-256" in text or "sha256" in text
    assert "on one core" in text


@every
def test_the_figures_of_the_card_are_those_of_the_manifest(model: Model) -> None:
    assert model.config.metrics
    for metric in model.config.metrics:
        [[unit, examples, value, seeds, simpler]] = rows(model, metric.name)
        assert (metric.interval is None) == (metric.examples == 1)
        between = " to ".join(figure(end, metric.unit) for end in metric.interval or ())
        assert (unit, examples) == (metric.unit, str(metric.examples))
        assert value == figure(metric.value, metric.unit) + (between and f" ({between})")
        assert seeds == ", ".join(figure(each, metric.unit) for each in metric.seeds)
        assert simpler == ", ".join(f"{by} {figure(each, metric.unit)}" for by, each in metric.baselines.items())
        assert metric.value in metric.seeds


@every
def test_the_units_of_the_card_are_those_of_the_manifest(model: Model) -> None:
    size = model.network.config.hidden_size
    for unit in (*model.config.units, *model.config.unnamed):
        [[activation, number, measure, score, untrained, close, probe, untrained_probes]] = rows(model, unit.feature)
        assert activation == f"{NAMES[unit.activation]} *{unit.activation}*"
        assert (number, measure) == (str(unit.unit), f"{'−' if unit.sign < 0 else ''}{unit.measure}")
        assert score == f"{unit.score:.3f} ({unit.interval[0]:.3f} to {unit.interval[1]:.3f})"
        assert untrained == ", ".join(f"{each:.3f}" for each in unit.untrained)
        assert close == f"{unit.close} of {size} from {unit.close_from:.3f}"
        assert probe == f"{unit.probe:.3f}"
        assert untrained_probes == ", ".join(f"{each:.3f}" for each in unit.untrained_probes)
    facts = {"network": model.network.config, "units": model.config.units, "unnamed": model.config.unnamed}
    assert with_units(card(model), facts) == card(model)


@every
def test_only_units_that_track_something_well_and_better_than_chance_are_offered(model: Model) -> None:
    for unit in model.config.units:
        assert unit.score >= {"r": 0.4, "AUC": 0.7}[unit.measure]
        assert unit.interval[0] > max(unit.untrained)
    for unit in model.config.unnamed:
        assert unit.score < {"r": 0.4, "AUC": 0.7}[unit.measure] or unit.interval[0] <= max(unit.untrained)


@every
def test_the_remarks_of_the_card_follow_from_its_figures(model: Model, tmp_path: Path) -> None:
    config, remarks = model.config, []
    if config.task in {"anbn", "anbncn", "agreement"}:
        others = {each.config.title: each.config.metrics for each in STORE.task(config.task) if each is not model}
        task = tasks.load(config.task, tmp_path, pytest.fail)
        assert isinstance(task, Remarks)
        remarks = list(task.remarks(config.metrics, others))
        assert remarks
    if config.task == "sentiment":  # how many words are unknown follows from texts that are not kept here
        remarks = card(model).partition("## Held-out figures")[2].partition("\n## ")[0].rstrip().split("\n\n")[-2:]
        shares = {each.name: f"{100 * each.value:.1f} %" for each in config.metrics}
        unknown, corrected = remarks
        without, within = shares["test texts without unknown words"], shares["test texts with unknown words"]
        assert f"right about {without} of the texts without one, and {within} of those with one." in unknown
        all_of_them, as_written = shares["test texts"], shares["test texts, spelling not corrected"]
        assert f"about {all_of_them} of all test texts, and about {as_written} if these words stay" in corrected
    assert with_figures(card(model), {"metrics": config.metrics, "seed": config.seed, "remarks": remarks}) == card(
        model
    )


def test_what_the_cards_say_of_counting_of_agreement_and_of_line_breaks() -> None:
    assert "Of the 5 seeds, 1 is right for every n up to 1,000," in card(STORE.models["anbncn-lstm"])
    for name in CELLS:
        assert "On this task the cells do not differ:" in card(STORE.models[f"agreement-{name}"])
    assert "This network does not follow “line position”:" in card(STORE.models["prose-lstm"])
    assert "This network does not follow “line position”:" not in card(STORE.models["prose-gru"])


@every
def test_the_card_compares_shares_with_experiments_wherever_there_is_a_path_of_memory(model: Model) -> None:
    shares, config = model.config.shares, model.config
    assert (shares is not None) == (config.network.cell_definition.memory is not None)
    facts = {
        "network": config.network,
        "shares": shares,
        "ends_anywhere": config.predicts_next,
        "verdict": config.verdict,
    }
    assert with_shares(card(model), facts) == card(model)
    if shares is not None:
        assert figure(shares.same_sign, "share") in card(model)  # type: ignore[arg-type]


def in_characters(model: Model, name: str) -> dict[str, float]:
    """Bits per character of the first blocks of the test part."""
    ids = characters.encoded((DATA / name).read_text(encoding="utf-8"), model.tokenizer.vocabulary)
    bits = characters.bits(model.network, torch.from_numpy(ids))
    return {f"its first {len(bits)} blocks": float(bits.mean(dtype="f8"))}


def in_phrases(model: Model, name: str) -> dict[str, float]:
    """What becomes of held-out words under a negation."""
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        _, *pairs = csv.reader(file, delimiter="\t")
    phrases = evaluation.Negated(
        [plain for _, plain, _ in pairs], [no for *_, no in pairs], [float(rating) for rating, *_ in pairs]
    )
    outcomes = evaluation.negation(model.network, model.tokenizer, phrases)
    return {name: float(right.mean()) for name, right in outcomes.items()}


SLICES: dict[str, tuple[Callable[[Model, str], dict[str, float]], str]] = {
    "prose": (in_characters, "prose.txt"),
    "code": (in_characters, "code.txt"),
    "sentiment": (in_phrases, "sentiment.tsv"),
}


@every
def test_a_slice_of_the_data_gives_the_figures_of_the_card_again(model: Model, tmp_path: Path) -> None:
    recorded = {metric.name: metric.value for metric in model.config.metrics}
    with one_thread():
        if model.config.task in SLICES:
            measure, name = SLICES[model.config.task]
            measured = measure(model, name)
        else:  # its data are drawn, the same ones each time
            task = tasks.load(model.config.task, tmp_path, pytest.fail)
            measured = {each.name: each.value for each in metrics([task.measure(model.network)], 0)}
            assert measured.keys() == recorded.keys()
    assert measured
    assert measured == pytest.approx({name: recorded[name] for name in measured}, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(("task", "most"), [("prose", 1.8), ("code", 1.85)])
def test_characters_are_foretold_better_than_by_what_followed_the_last_four(task: str, most: float) -> None:
    best = min((model.config.metrics[0] for model in STORE.task(task)), key=lambda metric: metric.value)
    assert best.unit == "bits per character"
    assert best.value <= most
    assert best.value < best.baselines["5-gram"] < best.baselines["unigram"]
    assert best.baselines["Kneser–Ney 8-gram"] < best.baselines["5-gram"]


@pytest.mark.parametrize("task", ["prose", "code"])
def test_no_cell_state_runs_away_to_where_tanh_is_flat(task: str) -> None:
    statistics = STORE.models[f"{task}-lstm"].statistics
    assert statistics is not None
    [c] = [each for each in statistics.activations if each.activation == "c"]
    assert max(c.standard_deviation) < 5


@pytest.mark.parametrize("task", sorted({model.config.task for model in STORE if model.config.input == "text"}))
def test_the_page_on_decomposition_gives_the_agreement_of_shares(task: str) -> None:
    cells = []
    for name in (f"{task}-lstm", f"{task}-gru"):
        shares = STORE.models[name].config.shares
        assert shares is not None
        cells.append(f"{100 * (shares.same_sign or 0):.0f} %, {shares.correlation:.2f}")
    assert f"| {task} | {' | '.join(cells)} |" in DECOMPOSITION_PAGE


@pytest.mark.parametrize("task", ["prose", "code"])
def test_the_page_of_models_gives_the_same_figures(task: str) -> None:
    figures = [STORE.models[f"{task}-{cell}"].config.metrics[0] for cell in CELLS]
    [ngrams] = {(each.baselines["5-gram"], each.baselines["Kneser–Ney 8-gram"]) for each in figures}
    values = [*(each.value for each in figures), *ngrams]
    assert f"| {task} | {' | '.join(f'{each:.3f}' for each in values)} |" in MODELS_PAGE


def test_the_page_of_models_says_which_character_models_follow_the_line() -> None:
    of_cells = []
    for name in CELLS:
        config = STORE.models[f"prose-{name}"].config
        [probe] = [each.probe for each in (*config.units, *config.unnamed) if each.feature == "line position"]
        of_cells.append(f"{probe:.2f}")
    lstm, gru, rnn = of_cells
    assert f"r {lstm} for the LSTM, {gru} for the GRU and {rnn} for the plain RNN" in " ".join(MODELS_PAGE.split())


SOURCES = ("film reviews", "tweets", "UCI sentences", "product reviews", "newspaper editorials")
PAIRS = (("the movie was good", "the movie was not good"), ("bad", "not bad"))
BASELINES = ("VADER's scorer", "logistic regression", "naive Bayes", "always positive")


def accuracies() -> list[str]:
    """The rows of the table of sentiment on the page of models: all test sets, all models, all baselines."""
    table = [f"| | {', % | '.join(SOURCES)}, % | “the movie was good” → “… not good” | “bad” → “not bad” |"]
    for name, title in zip(CELLS, ("LSTM", "GRU", "plain RNN"), strict=True):
        model = STORE.models[f"sentiment-{name}"]
        metrics = {each.name: each for each in model.config.metrics}
        shares = [f"{100 * metrics[each].value:.1f} ± {100 * metrics[each].standard_error:.1f}" for each in SOURCES]
        verdicts = [[float(model.trace(text).outputs[-1, 0]) for text in pair] for pair in PAIRS]
        table.append(f"| {title} | {' | '.join([*shares, *(f'{a:.2f} → {b:.2f}' for a, b in verdicts)])} |")
    for name in BASELINES:
        shares = [f"{100 * metrics[each].baselines[name]:.1f}" for each in SOURCES]
        table.append(f"| {name} | {' | '.join([*shares, '', ''])} |")
    return table


def test_the_page_of_models_shows_every_test_set_of_sentiment() -> None:
    page = MODELS_PAGE.splitlines()
    heading, *table = accuracies()
    start = page.index(heading)
    assert page[start + 2 : start + 2 + len(table)] == table
    networks = [STORE.models[f"sentiment-{name}"].config.metrics for name in CELLS]
    tested = [same for same in zip(*networks, strict=True) if same[0].name in SOURCES]
    best = sum(max(each.value for each in same) < max(same[0].baselines.values()) for same in tested)
    counts = ("none", "one", "two", "three", "four", "all")
    assert f"In {counts[best]} of the five columns a baseline is best." in " ".join(MODELS_PAGE.split())
