"""``python -m benchmarks``: measure all parts, or those that are named; print them, and write them down here."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from . import (
    crowd,
    decomposition,
    first_screen,
    imports,
    kernel,
    memory,
    page,
    rankings,
    roofline,
    scaling,
    service,
    start,
    watch,
    wire,
)
from .machine import machine

PARTS = {
    "kernel": kernel,
    "roofline": roofline,
    "scaling": scaling,
    "memory": memory,
    "decomposition": decomposition,
    "rankings": rankings,
    "watch": watch,
    "wire": wire,
    "service": service,
    "crowd": crowd,
    "start": start,
    "imports": imports,
    "page": page,
    "first_screen": first_screen,
}
HERE = Path(__file__).parent

INTRODUCTION = """# Benchmarks

`make bench` measures all this and writes this page, and `results.json` with the figures unrounded;
`make bench ARGS="wire service"` measures some parts and leaves the others as they were, and `make bench ARGS=--render`
measures nothing and writes this page from the figures that there are. Times are those of the machine that is named
below them; ratios say more. A time is the median over rounds in which all contestants take turns.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write ``results.json`` and ``README.md`` after each part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"default: all of {', '.join(PARTS)}")
    parser.add_argument("--render", action="store_true", help="measure nothing: write README.md from results.json")
    options = parser.parse_args(arguments)
    if options.render:
        write(HERE, json.loads((HERE / "results.json").read_text()))
        return
    chosen = options.parts or list(PARTS)
    if unknown := sorted(set(chosen) - set(PARTS)):
        parser.error(f"there is no part {unknown[0]!r}: choose from {', '.join(PARTS)}")
    torch.manual_seed(0)
    results = earlier(HERE)
    for name in chosen:
        results["parts"][name] = PARTS[name].measure()
        results["machines"][name] = machine()
        PARTS[name].section(results["parts"][name]).show(Console())
        write(HERE, results)


def earlier(folder: Path) -> dict[str, Any]:
    """Return the figures that ``folder`` holds already, with the machine of each part."""
    try:
        results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    except FileNotFoundError:
        return {"machines": {}, "parts": {}}
    return results


def write(folder: Path, results: dict[str, Any]) -> None:
    """Write the figures, and the page made of them."""
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    sections = [
        f"{part.section(results['parts'][name]).markdown()}\n\nMeasured on: {_in_words(results['machines'][name])}."
        for name, part in PARTS.items()
        if name in results["parts"]
    ]
    page = "\n\n".join([INTRODUCTION.rstrip(), *sections])
    (folder / "README.md").write_text(page + "\n", encoding="utf-8")


def _in_words(machine: Mapping[str, str]) -> str:
    return ", ".join(f"{what} {value}" for what, value in machine.items())


if __name__ == "__main__":
    main()
