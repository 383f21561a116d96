"""An experiment that a request asks for, and the content of its answer."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from ...recurrent.comparison import Comparison, compare
from ...recurrent.reading import Integers
from ...recurrent.trace import FloatArray, Trace
from ...settings import Settings
from ...store.model import Model
from ..traces.content import layers_content, require_sendable, text_content
from ..traces.outputs import Likely, outputs_content, places_of
from ..traces.plan import TracePlan, plan_unedited, require_sent, with_edits
from ..wire.encoding import ENCODERS, json_parts
from ..wire.fitting import Demand
from .schemas import ExperimentBody

RUNS = 3  # original, edited and difference
PER_OUTPUT = 2  # its probability and its logit


@dataclass(frozen=True)
class ExperimentPlan:
    """An experiment that fits its model and the limits, not yet run."""

    original: TracePlan
    edited: TracePlan

    def json(self) -> list[bytes]:
        """Return the JSON of an ``ExperimentAnswer`` in parts. Raises a problem if a number overflows."""
        plan, original = self.edited, self.original.run()
        before = _outputs(self.original, original, None)
        edited = plan.run()
        after = _outputs(plan, edited, original)
        places = None if plan.top is None else places_of(after["top"])
        was = before["logits"] if places is None else _logits(self.original, original, places)
        now = after["logits"] if places is None else _logits(plan, edited, places)
        with np.errstate(over="ignore"), plan.overflow_as_a_problem():
            difference, apart = compare(original, edited), now - was
            for layer in plan.selection.layers_of(difference):
                for letter, array in plan.selection.of(layer).items():
                    what = f"the difference of {letter} of layer {layer.layer} {layer.direction}"
                    require_sendable(what, array, plan.start, plan.encoding)
            require_sendable("the difference of a logit", apart, plan.start, plan.encoding)
        changed = {"names": before["names"], "values": difference.outputs, "logits": apart}
        if places is not None:
            changed |= {"logits": apart[:, :0], "top": _changes(after["top"], apart)}
        content = {
            **text_content(edited, len(plan.tokens), plan.model.id, plan.selection),
            "original": self._part(original, before),
            "edited": self._part(edited, after),
            "difference": self._part(difference, changed),
            "edits": [each.to_dict() for each in edited.edits],
            "notes": edited.notes,
        }
        return json_parts(content)

    def _part(self, part: Trace | Comparison, outputs: dict[str, Any]) -> dict[str, Any]:
        plan, encode = self.edited, ENCODERS[self.edited.encoding]
        arrays = {name: encode(outputs[name]) for name in ("values", "logits")}
        return {
            "layers": layers_content(part, plan.selection, plan.encoding),
            "outputs": {**outputs, **arrays},
        }


def _outputs(plan: TracePlan, trace: Trace, plain: Trace | None) -> dict[str, Any]:
    """Return the fields of ``ExperimentOutputs`` of a run, its arrays as such; ``plain`` is the run without edits.

    Raises a problem if a logit overflows.
    """
    model = plan.model
    fields = {"values": trace.outputs} | outputs_content(
        trace, plan.top, plain, model.config.outputs, model.next_outputs
    )
    if plan.top is None:
        return fields | {"logits": _logits(plan, trace, None)}
    logits = _logits(plan, trace, places_of(fields["top"]))
    likely = [[each | {"logit": logits[t, k]} for k, each in enumerate(after)] for t, after in enumerate(fields["top"])]
    return fields | {"logits": logits[:, :0], "top": likely}


def _changes(edited: Likely, logits: FloatArray) -> Likely:
    """Return what the edits changed of each of the most probable outputs; ``logits`` (T, n) are those differences."""
    return [
        [
            {
                "output": each["output"],
                "name": each["name"],
                "probability": each["probability"] - each["unedited"],
                "logit": logits[t, k],
            }
            for k, each in enumerate(after)
        ]
        for t, after in enumerate(edited)
    ]


def _logits(plan: TracePlan, trace: Trace, outputs: Integers | None) -> FloatArray:
    """Return the logits (T, n) of ``trace``: of ``outputs`` (T, n), or all. Raises a problem if one overflows."""
    network = plan.model.network
    last = trace.layers[-len(network.config.directions) :]
    h = torch.from_numpy(np.concatenate([each["h"] for each in last], axis=-1))  # (T, H·directions)
    at = None if outputs is None else torch.from_numpy(outputs).to(network.device)
    with torch.inference_mode():
        logits: FloatArray = network.read_in_double(h.to(network.device), at).to(h.dtype).cpu().numpy()
    with plan.overflow_as_a_problem():
        require_sendable("a logit", logits, plan.start, plan.encoding)
    return logits


def plan_experiment(model: Model, body: ExperimentBody, settings: Settings) -> ExperimentPlan:
    """Return what ``body`` asks for. Raises a problem that says what does not fit, or the limit that it would pass."""
    original = plan_unedited(model, body, settings)
    require_sent(original, partial(demands, original))
    return ExperimentPlan(original, with_edits(original, body))


def demands(original: TracePlan, steps: int) -> list[Demand]:
    """Return what the answer takes if it is about so many steps."""
    _, units, arrays = original.size
    outputs = original.outputs * PER_OUTPUT
    product = f"{RUNS} × {steps:,} steps × ({units:,} units × {arrays:,} arrays + {outputs:,} for the outputs)"
    return [Demand("max_values", RUNS * steps * (units * arrays + outputs), product)]
