"""What ``gatescope train sentiment`` does: data, training, measuring, and the model with its card."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .. import __version__
from ..analysis import evaluation
from ..analysis.evaluation import Negated, Outcomes, Rated
from ..analysis.statistics import departures, statistics
from ..recurrent.cells import CellName
from ..recurrent.network import Network
from ..recurrent.trace import Trace, trace
from ..store import Metric, save_model
from ..training import phrases, sentiment
from ..training.card import card
from ..training.corpora import Example
from ..training.sentiment import Data, Sentiment
from ..training.train import train

VALIDATION = "validation texts"
TEST = {
    "movie": "film reviews",
    "tweets": "tweets",
    "uci": "UCI sentences",
    "amazon": "product reviews",
    "nyt": "newspaper editorials",
}
NOT = frozenset({"not", "n't"})


def make(cell: CellName, seeds: Sequence[int], folder: Path, cache: Path, console: Console) -> None:
    """Train one network a seed, measure all, and write the one that is best on validation to ``folder``.

    Raises DataError if the data cannot be had, and OSError if the folder cannot be written.
    """
    data = sentiment.load(cache, lambda warning: console.print(f"[yellow]note:[/yellow] {warning}"))
    networks = _train(cell, data, seeds, console)
    runs = [_measure(network, data) for network in networks]
    best = max(range(len(seeds)), key=lambda at: runs[at][VALIDATION].mean())  # the first among equals
    network, metrics = networks[best], evaluation.metrics(runs, best)
    traces = [trace(network, data.tokenizer(example.text)) for example in data.parts["test"]]
    about = {
        "title": cell.upper(),
        "task": "sentiment",
        "description": sentiment.DESCRIPTION,
        "outputs": ["positive"],
        "opposite": "negative",
        "examples": list(sentiment.EXAMPLES),
        "metrics": metrics,
        "licence": "MIT",
        "seed": seeds[best],
    }
    text = card(about | _facts(network, data, traces) | {"seeds": seeds, "command": _command(cell, seeds)})
    save_model(folder, network, data.tokenizer, about, statistics(traces), text)
    console.print(_table(metrics, seeds[best]))
    console.print(f"written to {folder}", soft_wrap=True, markup=False, highlight=False)


def _train(cell: CellName, data: Data, seeds: Sequence[int], console: Console) -> list[Network]:
    """One network a seed, with a bar each."""
    config, task = sentiment.network_config(cell, data.tokenizer), Sentiment(data)
    columns = ("{task.description}", BarColumn(), "{task.percentage:>3.0f} %", TimeRemainingColumn())
    with Progress(*columns, TextColumn("loss {task.fields[loss]:.3f}"), console=console) as progress:
        bars = {
            seed: progress.add_task(f"{cell}, seed {seed}", total=1, start=False, loss=float("nan")) for seed in seeds
        }
        networks = []
        for seed, bar in bars.items():
            progress.start_task(bar)

            def report(done: float, loss: float, bar: Any = bar) -> None:
                progress.update(bar, completed=done, loss=loss)

            networks.append(train(config, task, sentiment.RECIPE, seed, report))
            progress.update(bar, completed=1)
    return networks


def _measure(network: Network, data: Data) -> Outcomes:
    """Every held-out figure of one network."""
    test = {source: [each for each in data.parts["test"] if each.source == source] for source in TEST}
    held_out = phrases.held_out_pairs(data.words)
    pairs = Negated([plain for _, plain, _ in held_out], [no for *_, no in held_out], [w.rating for w, *_ in held_out])
    outcomes = evaluation.accuracy(network, data.tokenizer, _rated(VALIDATION, data.parts["validation"]))
    for source, examples in test.items():
        if examples:  # without npm there are no UCI sentences
            outcomes |= evaluation.accuracy(network, data.tokenizer, _rated(TEST[source], examples))
    return outcomes | evaluation.negation(network, data.tokenizer, pairs)


def _rated(name: str, examples: Sequence[Example]) -> Rated:
    return Rated(name, [example.text for example in examples], [example.rating for example in examples])


def _facts(network: Network, data: Data, traces: Sequence[Trace]) -> dict[str, Any]:
    """What the card says beside the figures."""
    found = departures(traces, lambda token: data.tokenizer.key(token.text) in NOT)
    verdicts = evaluation.verdicts(network, data.tokenizer, sentiment.SHOWN)[:, 0].tolist()
    return {
        "network": asdict(network.config),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "clear": evaluation.CLEAR,
        "held_out_words": sum(word.held_out for word in data.words),
        "verdicts": list(zip(sentiment.SHOWN, verdicts, strict=True)),
        "packages": data.packages,
        "left_out": [package for package in sentiment.PACKAGES if package not in data.packages],
        "sizes": {part: len(examples) for part, examples in data.parts.items()},
        "pairs": len(data.phrases) // 2,
        "phrases": [phrase.text for phrase in data.phrases[:6]],
        "negation": phrases.NEGATION,
        "recipe": asdict(sentiment.RECIPE),
        "steepness": sentiment.STEEPNESS,
        "every_step": sentiment.EVERY_STEP,
        "steps": sum(map(len, traces)),
        "departures": found,
        "versions": {"gatescope": __version__, "torch": torch.__version__},
    }


def _command(cell: CellName, seeds: Sequence[int]) -> str:
    return f"gatescope train sentiment --cell {cell} --seeds {','.join(map(str, seeds))}"


def _table(metrics: Sequence[Metric], seed: int) -> Table:
    """The figures for the terminal, in per cent."""
    table = Table("measured on", "examples", f"seed {seed}", "all seeds")
    for metric in metrics:
        value = f"{100 * metric.value:.1f} ± {100 * metric.standard_error:.1f}"
        table.add_row(metric.name, str(metric.examples), value, ", ".join(f"{100 * each:.1f}" for each in metric.seeds))
    return table
