"""Prove by numbers that Gatescope computes what the source of an imported network does."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..recurrent.modules import layer_weights_from, tensors_of
from ..recurrent.network import Network
from ..recurrent.trace import activations_of
from ..store.imported import (
    MOST_UNUSED,
    Comparison,
    GateOrder,
    ImportReport,
    PlacedTensor,
    RecognisedConvention,
)
from .building import Built, build, projection_of
from .found import EMBEDDING, HEAD, Found, ImportRefusedError, Reference
from .proof_text import Sample, bits_per_token, sample_of

STEPS = (1, 7, 50)
"""The lengths of the sequences that are compared."""
FACTOR = 3
"""How many times as far from float64 as the engine we may be."""
ALLOWANCE: Mapping[torch.dtype, float] = {torch.float32: 1e-6, torch.float64: 1e-12}
"""How far we may always be: there both errors are a few roundings."""
WITHOUT_ENGINE = 20
"""Where there is no engine: how many times as far we may be as what the last bit of the input makes of h, or as the
allowance."""
LARGEST = 1e30
"""Numbers that float32 holds with room to spare: a sequence that exceeds them is not compared."""
ORDER_STEPS = 7
"""The most steps over which wrong orders of the gates are compared: there may be 23."""
TELLING = 1e-3
"""Where rounding leads the engine further than this from float64, a sequence proves nothing: it is left out."""
MOST_PERMUTED = 5_000_000
"""The weights of a network in which all orders of the gates are compared; of a larger one, only single exchanges."""
EXCHANGED = 2  # gates of a single exchange
_SEED = 19

Array = NDArray[Any]


class Origin(NamedTuple):
    """Where a network came from."""

    name: str  # of the file or folder
    sha256: str  # of the file; empty for a folder
    version: str  # of Gatescope


def prove(found: Found, origin: Origin, built: Built | None = None, text: str = "") -> ImportReport:
    """Return the report on a network that computes what its source does.

    ``built`` is the model that was made of it, if there is one already; ``text`` measures a language model, in place of
    the excerpt that comes with Gatescope. Raises ImportRefusedError, with the numbers, if the network computes anything
    else, or there is nothing to compare it with.
    """
    built = built or build(found)
    report = _report(found, origin, built, text)
    if not report.holds:
        fitting = [each.order for each in report.orders if each.difference <= report.allowed]
        hint = f" With the gates in the order {fitting[0]} it would pass." if fitting else ""
        raise ImportRefusedError(
            f"the import failed its proof, so nothing was saved. {report.verdict}{hint} Please report this, with the "
            "file's format and the version that wrote it"
        )
    return report


def _report(found: Found, origin: Origin, built: Built, text: str) -> ImportReport:
    equations, engines = _references(found)
    runs, remarks = _runs(found, equations, engines)
    for run in runs:
        run.ours = h_of(found, built.network, run.x)
    comparisons = [
        Comparison(reference=engine.name, kind="engine", difference=max(gap(run.ours, run.engines[at]) for run in runs))
        for at, engine in enumerate(engines)
    ]
    error = max(gap(run.ours, run.exact) for run in runs)
    comparisons.append(Comparison(reference=equations.name, kind="equations", difference=error))
    left = _left_out(found, built)
    sample = sample_of(built, text)
    allowed = max(run.allowed for run in runs)
    orders = _orders(found, built, runs, sample)
    if unseen := [each.order for each in orders[1:] if each.difference <= allowed]:
        remarks.append(
            f"the comparison cannot tell the order of the gates from {', '.join(unseen)}: the weights are too small or "
            "alike"
        )
    return ImportReport(
        source=origin.name,
        sha256=origin.sha256,
        format=found.format,
        module=found.name,
        version=origin.version,
        placed=[
            PlacedTensor(source=each.source, shape=list(each.shape), target=each.target, change=each.change)
            for each in found.placed
            if each.source not in left
        ],
        conventions=[RecognisedConvention(**each._asdict()) for each in found.conventions],
        unused=[*left, *found.unused][:MOST_UNUSED],
        remarks=[*found.remarks, *built.remarks, *remarks],
        steps=[len(each.x) for each in runs],
        inputs="random numbers, normally distributed" if found.embedding is None else "random rows of the embedding",
        comparisons=comparisons,
        engine_error=max(gap(run.engines[0], run.exact) for run in runs) if engines else None,
        allowed=allowed,
        orders=orders,
        text=sample.description if sample else "",
    )


def _left_out(found: Found, built: Built) -> list[str]:
    """Return the names of tensors that were found, but that the model does without."""
    without = [
        *([EMBEDDING] if built.network.embedding is None else []),
        *([HEAD] if built.network.head is None else []),
    ]
    return [each.source for each in found.placed if each.target.startswith(tuple(without))]


def _references(found: Found) -> tuple[Reference, list[Reference]]:
    """Return the equations in float64, and the engines. Raises ImportRefusedError where there are no equations."""
    equations = [each for each in found.references if each.kind == "equations"]
    if not equations:
        raise ImportRefusedError(f"there is nothing that this {found.cell.title} can be compared with")
    return equations[0], [each for each in found.references if each.kind == "engine"]


@dataclass
class _Run:
    """One compared sequence."""

    x: Array  # (T, E) in float32
    exact: Array  # (T, H·directions), by the equations in float64
    engines: Sequence[Array]  # the same by each engine
    allowed: float  # how far from ``exact`` rounding may lead
    ours: Array = field(default_factory=lambda: np.empty(0))


def _runs(found: Found, equations: Reference, engines: Sequence[Reference]) -> tuple[list[_Run], list[str]]:
    """Return the sequences that are compared, and a remark if longer ones prove nothing.

    Raises ImportRefusedError if none does.
    """
    runs: list[_Run] = []
    for steps in STEPS:
        x = inputs_of(found, steps)
        with np.errstate(over="ignore", invalid="ignore"):
            exact = equations.run(x)
        if not (np.abs(exact) < LARGEST).all():
            why = "its numbers leave the range of float32"
        else:
            others = [engine.run(x) for engine in engines]
            allowed = _allowed(found, x, exact, others, equations)
            if allowed <= TELLING:
                runs.append(_Run(x, exact, others, allowed))
                continue
            by = (
                f"{engines[0].name} is {gap(others[0], exact):.1e} from the equations"
                if engines
                else "rounding decides"
            )
            why = f"{by}, which proves nothing"
        if not runs:
            raise ImportRefusedError(f"within {steps} steps {why}, so nothing that it computes can be compared")
        return runs, [f"over {steps} steps {why}: only shorter sequences were compared"]
    return runs, []


def _allowed(found: Found, x: Array, exact: Array, engines: Sequence[Array], equations: Reference) -> float:
    """Return how far from ``exact`` rounding may lead."""
    least = ALLOWANCE[found.layers[0]["forward"].w_ih.dtype]
    if engines:
        return max(FACTOR * gap(engines[0], exact), least)
    signs = np.random.default_rng(_SEED).choice([-1, 1], x.shape)
    return WITHOUT_ENGINE * max(gap(equations.run(x * (1 + signs * 2.0**-24)), exact), least)


def inputs_of(found: Found, steps: int) -> Array:
    """Return seeded inputs (T, E): rows of the embedding, or normally distributed numbers."""
    random = np.random.default_rng([_SEED, steps])
    if found.embedding is None:
        return random.standard_normal((steps, found.input_size), dtype=np.float32)
    rows: Array = found.embedding[torch.from_numpy(random.integers(len(found.embedding), size=steps))].float().numpy()
    return rows


@torch.inference_mode()
def h_of(found: Found, network: Network, x: Array) -> Array:
    """Return h of the last layer (T, H·directions) over ``x`` (T, E), as a trace of ``network`` computes it.

    Where the source projects h, it is projected, too, in float64.
    """
    # Not those that are kept from call to call, with copies of the weights as the kernels read them.
    layers = layer_weights_from(network.recurrent, tensors_of(network.recurrent))
    batch = torch.from_numpy(x).to(layers[0].weights.w_ih.dtype)[:, None]  # (T, 1, E)
    activations = activations_of(layers, network.config.cell_definition, batch, [len(x)], None, "compiled")
    last = [each["h"][:, 0] for each, layer in zip(activations, layers, strict=True) if layer.layer == layers[-1].layer]
    h = np.concatenate(last, axis=-1)
    projection = projection_of(found)
    return h if projection is None else h @ projection.numpy().T


def gap(ours: Array, theirs: Array) -> float:
    """Return the largest difference, relative where a number exceeds 1; the largest float if one is not finite."""
    with np.errstate(invalid="ignore"):
        worst = float((np.abs(ours.astype(np.float64) - theirs) / np.maximum(1, np.abs(theirs))).max())
    return worst if math.isfinite(worst) else float(np.finfo(np.float64).max)


def _orders(found: Found, built: Built, runs: Sequence[_Run], sample: Sample | None) -> list[GateOrder]:
    """Return what other orders of the row blocks would give, and the right one first."""
    blocks = found.cell.blocks
    if len(blocks) == 1:
        return []
    run = max((each for each in runs if len(each.x) <= ORDER_STEPS), key=lambda each: len(each.x))
    right, *wrong = permutations(range(len(blocks)))
    if sum(weight.numel() for weight in built.network.recurrent.parameters()) > MOST_PERMUTED:
        wrong = [order for order in wrong if sum(at != place for at, place in enumerate(order)) == EXCHANGED]
    orders = []
    for order in (right, *wrong):
        network = built.network if order == right else build(reordered(found, order)).network
        orders.append(
            GateOrder(
                order=" ".join(blocks[at] for at in order),
                difference=gap(h_of(found, network, run.x), run.exact),
                bits=None if sample is None else bits_per_token(network, sample),
            )
        )
        del network  # before there is another one
    return orders


def reordered(found: Found, order: Sequence[int]) -> Found:
    """Return a network whose row blocks are read in another order: block k as the one in place ``order[k]``."""
    rows = len(found.cell.blocks) * found.hidden_size

    def changed(weight: Tensor | None) -> Tensor | None:
        if weight is None or len(weight) != rows:
            return weight
        parts: list[Any] = [None] * len(order)
        for part, place in zip(weight.chunk(len(order)), order, strict=True):
            parts[place] = part
        return torch.cat(parts)

    layers = [
        {direction: type(weights)(*map(changed, weights)) for direction, weights in layer.items()}  # type: ignore[arg-type]
        for layer in found.layers
    ]
    return replace(found, layers=layers)
