"""Measure the recipe of the task "sentiment" on validation data, never on test data, and write down what it reaches.

``python scripts/sentiment_recipe.py docs/sentiment-baseline.json`` trains each cell with three seeds by the recipe of
this checkout, and writes for each network, and as means over the seeds, the accuracy on all validation texts and on
those of each source, the calibration error, how many of the visitors' sentences are judged wrongly, and which lessons
of the page would no longer hold. Recipes are compared by these figures; those on test texts are computed once, by the
command that writes the card.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from gatescope import __version__
from gatescope.analysis.calibration import calibration_error
from gatescope.analysis.evaluation import CLEAR, verdicts
from gatescope.analysis.lessons import lessons
from gatescope.analysis.visitors import judged, wrong
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network
from gatescope.training.run import default_cache
from gatescope.training.sources.rated_texts import RatedTexts
from gatescope.training.tasks import sentiment
from gatescope.training.tasks.sentiment import Sentiment
from gatescope.training.trainer import train

CELLS: tuple[CellName, ...] = ("lstm", "gru", "rnn")
SEEDS = (0, 1, 2)
DIGITS = 4


def measured(network: Network, texts: RatedTexts) -> dict[str, Any]:
    """Return the figures of ``network`` on the validation texts that are clearly rated, and on visitors' sentences."""
    clear = [each for each in texts.splits["validation"] if abs(each.rating) >= CLEAR]
    probabilities = verdicts(network, texts.tokenizer, [each.text for each in clear])[:, 0]
    positive = np.array([each.rating > 0 for each in clear])
    sources = np.array([each.source for each in clear])
    right = (probabilities > 0.5) == positive
    by_source = {source: float(right[sources == source].mean()) for source in dict.fromkeys(sources.tolist())}
    by_group = wrong(judged(network, texts.tokenizer))
    shown = lessons(network, texts.tokenizer, [each.text for each in texts.splits["validation"]])
    return {
        "accuracy": {"all": float(right.mean()), **by_source},
        "calibration error": calibration_error(probabilities, positive),
        "visitors, wrong": {"all": sum(by_group.values()), **by_group},
        "lessons lost": {each.name: int(not each.holds) for each in shown},
    }


def trained(task: Sentiment, cell: CellName, seed: int, folder: Path | None) -> Network:
    """Return the network of a seed: one of the same data and recipe in ``folder``, or a new one, which is put there."""
    config, recipe = task.config(cell), task.recipe(cell)
    digest = hashlib.sha256(repr((config, recipe, task.data)).encode()).hexdigest()[:12]
    path = None if folder is None else folder / f"{cell}-{seed}-{digest}.pt"
    if path is None or not path.exists():
        network = train(config, task.objective, recipe, seed)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(network.state_dict(), path)
        return network
    network = Network(config)
    network.load_state_dict(torch.load(path))
    return network.eval().requires_grad_(requires_grad=False)


def mean(figures: list[Any]) -> Any:
    """Return the means of equal trees of figures."""
    if isinstance(figures[0], dict):
        return {name: mean([each[name] for each in figures]) for name in figures[0]}
    return fmean(figures)


def rounded(figures: Any) -> Any:
    """Return a tree of figures with ``DIGITS`` after the point."""
    if isinstance(figures, dict):
        return {name: rounded(each) for name, each in figures.items()}
    if isinstance(figures, list):
        return [rounded(each) for each in figures]
    return round(figures, DIGITS) if isinstance(figures, float) else figures


def main() -> None:
    """Train, measure and write; after each cell what is known so far."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="file to write, in JSON")
    parser.add_argument("--data", type=Path, default=default_cache(), help="folder that keeps the downloaded data")
    parser.add_argument("--cells", nargs="+", default=CELLS, choices=CELLS, help="cells to train")
    parser.add_argument("--networks", type=Path, help="folder that keeps the networks, to measure them again")
    given = parser.parse_args()
    task = sentiment.load(given.data, lambda note: sys.exit(note))  # all sources, or the figures do not compare
    texts = task.texts
    clear = [each.source for each in texts.splits["validation"] if abs(each.rating) >= CLEAR]
    report: dict[str, Any] = {
        "command": f"python scripts/sentiment_recipe.py {given.out}",
        "versions": {"gatescope": __version__, "torch": torch.__version__},
        "texts": {split: len(examples) for split, examples in texts.splits.items()},
        "validation texts that count": {
            "all": len(clear),
            **{each: clear.count(each) for each in dict.fromkeys(clear)},
        },
        "seeds": list(SEEDS),
        "cells": {},
    }
    for cell in given.cells:
        figures = []
        for seed in SEEDS:
            figures.append(measured(trained(task, cell, seed, given.networks), texts))
            print(cell, seed, json.dumps(rounded(figures[-1])), flush=True)
        report["cells"][cell] = rounded({"mean": mean(figures), "by seed": figures})
        given.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
