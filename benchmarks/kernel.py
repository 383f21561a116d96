"""Every gate, against PyTorch's forward pass without them: by cell, batch, hidden size and length."""

from collections.abc import Iterable
from statistics import geometric_mean
from typing import Any

import torch
from rich.progress import track

from .cases import GRID, Case, module_and_input
from .contestants import contestants
from .report import Goal, Section, Table, written
from .timing import interleave, threads

WAYS = ("ours", "checked", "loop", "onnxruntime")  # each as a multiple of "forward"


GEOMETRIC_MEANS = {("lstm", 1): 0.6, ("gru", 1): 0.4, ("lstm", 64): 1.0, ("gru", 64): 1.0}  # goals
LARGEST = {1: 1.0}  # goals by batch, of either cell


def measure(grid: Iterable[Case] = GRID, budget: float = 1.0) -> list[dict[str, Any]]:
    """Seconds of every way in every case; ``budget`` is what a case takes, more where 5 rounds take more."""
    return [measure_case(case, budget) for case in track(list(grid), "kernel")]


@torch.inference_mode()
def measure_case(case: Case, budget: float) -> dict[str, Any]:
    """A case, and the seconds of every way through it."""
    with threads(case.threads):
        module, x = module_and_input(case.cell, case.size, case.steps, case.batch)
        return case._asdict() | interleave(contestants(module, x, case.threads), budget)


def section(results: list[dict[str, Any]]) -> Section:
    """Present what ``measure`` returns."""
    return Section(
        "Kernel",
        "`ours` is `trace_module(module, x)` of one layer, E = H, float32: every gate, candidate and state, all checks "
        "included. `checked` traces a module with a forward hook, which is called and compared with PyTorch's "
        "own forward pass first. `loop` steps the cell's equations in PyTorch and keeps the same. `onnxruntime` and "
        "`forward`, `nn.LSTM` or `nn.GRU` itself, give only the states. All are multiples of `forward`, in eval and "
        "inference mode, over the same tensors.",
        [summary(results), details(results)],
        goals(cases(results, threads=1)),
        notes(cases(results, threads=1)),
    )


def goals(one: list[dict[str, Any]]) -> list[Goal]:
    """The goals, which are for one thread."""
    return [
        *(
            Goal(mean_of(cell, batch), geometric_mean(ratios), limit)
            for (cell, batch), limit in GEOMETRIC_MEANS.items()
            if (ratios := ratios_of(one, "ours", cell=cell, batch=batch))
        ),
        *(
            Goal(f"B = {batch}: largest of ours", max(ratios), limit)
            for batch, limit in LARGEST.items()
            if (ratios := ratios_of(one, "ours", batch=batch))
        ),
    ]


def mean_of(cell: str, batch: int) -> str:
    """What a goal for the geometric mean is called."""
    return f"{cell.upper()}, B = {batch}: geometric mean of ours"


def notes(one: list[dict[str, Any]]) -> dict[str, str]:
    """Why the goals for the LSTM are missed."""
    to_whom = "PyTorch hands an LSTM, unlike a GRU, to oneDNN."
    alone = (
        f"{to_whom} For one sequence either has to read the recurrent weights anew at every step, and where these are "
        "large a step of ours takes little longer than that reading (Roofline). We write six arrays where `forward` "
        f"writes one. {by_steps(one, 1)}"
    )
    together = (
        f"{to_whom} Counting the multiply-adds of all products in the whole time, `forward` runs at "
        f"{speeds(one, 'forward', 64)} GFLOP/s and ours at {speeds(one, 'ours', 64)}, with five arrays more to write. "
        f"{by_steps(one, 64)}"
    )
    return {mean_of("lstm", 1): alone, mean_of("lstm", 64): together}


def by_steps(results: list[dict[str, Any]], batch: int) -> str:
    """The geometric means for the LSTM, by length."""
    results = cases(results, cell="lstm", batch=batch)
    lengths = sorted({each["steps"] for each in results})
    means = {steps: geometric_mean(ratios_of(results, "ours", steps=steps)) for steps in lengths}
    return f"By length the mean is {', '.join(f'{written(mean)} at T = {steps}' for steps, mean in means.items())}."


def speeds(results: list[dict[str, Any]], way: str, batch: int) -> str:
    """The range of the LSTM's floating-point operations per second, in billions: of both products, a step and block."""
    rates = [
        2 * 2 * 4 * each["size"] ** 2 * each["steps"] * batch / each[way] / 1e9
        for each in cases(results, cell="lstm", batch=batch)
    ]
    return f"{min(rates, default=0):.0f} to {max(rates, default=0):.0f}"


def cases(results: list[dict[str, Any]], **wanted: object) -> list[dict[str, Any]]:
    """The cases whose fields are as ``wanted``."""
    return [each for each in results if wanted.items() <= each.items()]


def ratios_of(results: list[dict[str, Any]], way: str, **wanted: object) -> list[float]:
    """The multiples of ``forward`` in the cases whose fields are as ``wanted``."""
    return [each[way] / each["forward"] for each in cases(results, **wanted)]


def summary(results: list[dict[str, Any]]) -> Table:
    """Geometric means by threads, cell and batch, and how far ours goes beyond its own."""
    columns = ("cell", "threads", "B", "cases", *(f"{way}, mean" for way in WAYS), "ours, largest", "ours, above 1")
    rows = []
    for cell, count, batch in dict.fromkeys((each["cell"], each["threads"], each["batch"]) for each in results):
        ratios = {way: ratios_of(results, way, cell=cell, threads=count, batch=batch) for way in WAYS}
        ours = ratios["ours"]
        means = map(geometric_mean, ratios.values())
        rows.append((cell.upper(), count, batch, len(ours), *means, max(ours), sum(ratio > 1 for ratio in ours)))
    return Table(columns, rows)


def details(results: list[dict[str, Any]]) -> Table:
    """Every case."""
    return Table(
        ("cell", "threads", "B", "H", "T", *WAYS, "forward, ms"),
        [
            (
                each["cell"].upper(),
                *(each[name] for name in ("threads", "batch", "size", "steps")),
                *(each[way] / each["forward"] for way in WAYS),
                1e3 * each["forward"],
            )
            for each in results
        ],
    )
