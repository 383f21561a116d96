"""``python -m benchmarks.versions REVISION``: the kernels of this checkout against those of another revision.

Each revision runs in a process of its own, and the two take turns case by case, so that whatever else the machine does
meets both. A round gives the ratio of the geometric means over the kernel table; the median of the rounds counts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import geometric_mean, median
from timeit import Timer

import torch
from rich.console import Console
from rich.progress import track

from .cases import GRID, Case, module_and_input
from .report import Table
from .timing import BLOCK

ROOT = Path(__file__).parent.parent
LEAST_ROUNDS = 7


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure both revisions, and print the ratios of this one to the other by cell and batch."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("revision", help="what to compare with, as git names it; 'worker' serves one revision")
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="at least 7")
    options = parser.parse_args(arguments)
    if options.revision == "worker":
        work()
        return
    cases = [case for case in GRID if case.threads == 1]
    with ExitStack() as stack:
        old = stack.enter_context(worker(stack.enter_context(package_of(options.revision))))
        new = stack.enter_context(worker(stack.enter_context(package_of(None))))
        rounds = [
            [(case, ask(new, case), ask(old, case)) for case in track(cases, f"round {number}")]
            for number in range(1, max(options.rounds, LEAST_ROUNDS) + 1)
        ]
    Console().print(summary(rounds).terminal())


def summary(rounds: Sequence[Sequence[tuple[Case, float, float]]]) -> Table:
    """Return the median over the rounds of the ratio of geometric means, with its range."""
    groups = {"all": {case for case, _, _ in rounds[0]}}
    for case in sorted(groups["all"]):
        groups.setdefault(f"{case.cell.upper()}, B = {case.batch}", set()).add(case)
    rows = []
    for name, cases in groups.items():
        ratios = [geometric_mean(new / old for case, new, old in one_round if case in cases) for one_round in rounds]
        rows.append((name, len(cases), median(ratios), min(ratios), max(ratios)))
    return Table(("cases", "count", "new / old, median", "least", "most"), rows)


@contextmanager
def package_of(revision: str | None) -> Iterator[Path]:
    """Give a folder from which Python imports the ``gatescope`` of a revision; of this checkout if it is None."""
    with tempfile.TemporaryDirectory() as folder:
        tree = ROOT
        if revision is not None:
            tree = Path(folder) / "tree"
            archive = subprocess.run(["git", "archive", revision, "app"], cwd=ROOT, check=True, capture_output=True)
            tree.mkdir()
            subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
        packages = Path(folder) / "packages"
        packages.mkdir()
        (packages / "gatescope").symlink_to(tree / "app")
        yield packages


@contextmanager
def worker(packages: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that measures cases with the package in ``packages``."""
    command = [sys.executable, "-m", "benchmarks.versions", "worker"]
    environment = {**os.environ, "PYTHONPATH": str(packages), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        if process.stdin:
            process.stdin.close()


def ask(process: "subprocess.Popen[str]", case: Case) -> float:
    """Return the seconds of a call in ``case``, as ``process`` measures them."""
    if not process.stdin or not process.stdout:
        raise RuntimeError("the worker has no pipes")
    print(json.dumps(case), file=process.stdin, flush=True)
    return float(process.stdout.readline())


def work() -> None:
    """Measure the cases that come in, a line each, until there are no more."""
    from gatescope import trace_module  # of the revision that PYTHONPATH names

    torch.set_num_threads(1)
    prepared: dict[Case, tuple[Timer, int]] = {}
    for line in sys.stdin:
        case = Case(*json.loads(line))
        if case not in prepared:
            torch.manual_seed(0)
            module, x = module_and_input(case.cell, case.size, case.steps, case.batch)
            timer = Timer(lambda module=module, x=x: trace_module(module, x))  # type: ignore[misc]
            seconds = min(timer.repeat(3, 1))
            prepared[case] = (timer, max(1, round(2 * BLOCK / seconds)))
        timer, calls = prepared[case]
        print(median(timer.repeat(3, calls)) / calls, flush=True)


if __name__ == "__main__":
    main()
