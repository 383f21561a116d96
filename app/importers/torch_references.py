"""What a recurrent module of torch.nn computes: by torch.nn itself, and by its equations in float64."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..recurrent.cells.cell import Cell
from ..recurrent.modules import plain_module
from .found import Reference
from .products import products
from .torch_names import FIELDS, NamedModule, Place, Sizes, computed_in

Array = NDArray[Any]
Weights = Mapping[str, Array]  # of one layer in one direction, by field of CellWeights
Step = Callable[[Array, Array, Array, Weights], tuple[Array, Array]]  # (W_ih x, h, c, other weights) → h, c


def references(cell: Cell, module: NamedModule, sizes: Sizes, tensors: Mapping[str, Tensor]) -> Sequence[Reference]:
    """Return both implementations over the tensors of the file."""
    dtype = computed_in(module, tensors)
    own = {
        place: {field: tensors[name].detach().to(dtype) for field, name in names.items()}
        for place, names in module.names.items()
    }
    kind = cell.step_module if module.takes_steps else cell.module
    name = f"torch.nn.{kind.__name__ if kind else cell.title}"
    engine = _steps if module.takes_steps else _module
    return [
        Reference(f"{name} of PyTorch {torch.__version__}", "engine", engine(cell, sizes, own)),
        Reference(f"the equations of {name} in float64", "equations", _equations(cell, sizes, own)),
    ]


def _module(cell: Cell, sizes: Sizes, own: Mapping[Place, Mapping[str, Tensor]]) -> Callable[[Array], Array]:
    """Return what torch.nn's module gives: h of the last layer (T, H·directions) for x (T, E)."""
    options = {
        "input_size": sizes.inputs,
        "hidden_size": sizes.hidden,
        "num_layers": sizes.layers,
        "bias": sizes.bias,
        "bidirectional": len(sizes.directions) > 1,
        **({"proj_size": sizes.projection} if sizes.projection else {}),
    }
    state = {
        f"{kind}_l{place.layer}{'_reverse' if place.direction == 'backward' else ''}": fields[field]
        for place, fields in own.items()
        for kind, field in FIELDS.items()
        if field in fields
    }
    network = plain_module(cell, options, state)

    @torch.inference_mode()
    def run(x: Array) -> Array:
        return network(torch.from_numpy(x).to(next(iter(state.values()))))[0].numpy()  # type: ignore[no-any-return]

    return run


def _steps(cell: Cell, sizes: Sizes, own: Mapping[Place, Mapping[str, Tensor]]) -> Callable[[Array], Array]:
    """Return what torch.nn's cell gives, called once a step."""
    kind: Any = cell.step_module
    fields = own[Place(0, "forward")]
    state = {name: fields[field] for name, field in FIELDS.items() if field in fields}
    one = kind(sizes.inputs, sizes.hidden, bias=sizes.bias, device="meta", **(cell.module_options or {}))
    one.load_state_dict(state, assign=True)

    @torch.inference_mode()
    def run(x: Array) -> Array:
        states, rows = None, []
        for row in torch.from_numpy(x).to(state["weight_ih"]):
            states = one(row, states)
            rows.append(states[0] if isinstance(states, tuple) else states)
        return torch.stack(rows).numpy()

    return run


def _equations(cell: Cell, sizes: Sizes, own: Mapping[Place, Mapping[str, Tensor]]) -> Callable[[Array], Array]:
    """Return what a loop over the equations in PyTorch's documentation gives, in float64."""
    step = _STEPS[cell.variant]

    def run(x: Array) -> Array:
        x = x.astype(np.float64)
        for layer in range(sizes.layers):
            x = np.concatenate(
                [
                    _loop(step, x, own[Place(layer, each)], sizes, reverse=each == "backward")
                    for each in sizes.directions
                ],
                axis=-1,
            )
        return x

    return run


def _loop(step: Step, x: Array, own: Mapping[str, Tensor], sizes: Sizes, *, reverse: bool) -> Array:
    """Return h (T, width) of one layer in one direction; row t belongs to step t in either."""
    x = products(own["w_ih"].numpy(), x)  # (T, blocks·H)
    w = {field: tensor.double().numpy() for field, tensor in own.items() if field != "w_ih"}
    h, c, rows = np.zeros(sizes.width), np.zeros(sizes.hidden), np.empty((len(x), sizes.width))
    for t in range(len(x))[:: -1 if reverse else 1]:
        h, c = step(x[t], h, c, w)
        rows[t] = h
    return rows


def _lstm(x: Array, h: Array, c: Array, w: Weights) -> tuple[Array, Array]:
    i, f, g, o = np.split(x + w.get("b_ih", 0) + w["w_hh"] @ h + w.get("b_hh", 0), 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    h = _sigmoid(o) * np.tanh(c)
    return (w["w_hr"] @ h if "w_hr" in w else h), c


def _gru(x: Array, h: Array, c: Array, w: Weights) -> tuple[Array, Array]:
    r, z, n = np.split(x + w.get("b_ih", 0), 3)
    h_r, h_z, h_n = np.split(w["w_hh"] @ h + w.get("b_hh", 0), 3)
    n, z = np.tanh(n + _sigmoid(r + h_r) * h_n), _sigmoid(z + h_z)
    return (1 - z) * n + z * h, c


def _rnn(function: Callable[[Array], Array]) -> Step:
    def step(x: Array, h: Array, c: Array, w: Weights) -> tuple[Array, Array]:
        return function(x + w.get("b_ih", 0) + w["w_hh"] @ h + w.get("b_hh", 0)), c

    return step


def _sigmoid(a: Array) -> Array:
    half: Array = 0.5 + 0.5 * np.tanh(a / 2)
    return half


def _relu(a: Array) -> Array:
    positive: Array = np.maximum(a, 0)
    return positive


_STEPS: Mapping[str, Step] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn(np.tanh), "relu rnn": _rnn(_relu)}
