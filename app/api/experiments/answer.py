"""An experiment that a request asks for, and the content of its answer."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from ...recurrent.comparison import Comparison, compare
from ...recurrent.trace import FloatArray, Trace
from ...settings import Settings
from ...store.model import Model
from ..traces.content import layers_content, require_sendable, text_content
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
        plan = self.edited
        (original, logits), (edited, edited_logits) = _run(self.original), _run(plan)
        with np.errstate(over="ignore"), plan.overflow_as_a_problem():
            difference, logits_difference = compare(original, edited), edited_logits - logits
            for layer in plan.selection.layers_of(difference):
                for letter, array in plan.selection.of(layer).items():
                    what = f"the difference of {letter} of layer {layer.layer} {layer.direction}"
                    require_sendable(what, array, plan.start, plan.encoding)
            require_sendable("the difference of a logit", logits_difference, plan.start, plan.encoding)
        content = {
            **text_content(edited, len(plan.tokens), plan.model.id, plan.selection),
            "original": self._part(original, logits),
            "edited": self._part(edited, edited_logits),
            "difference": self._part(difference, logits_difference),
            "edits": [each.to_dict() for each in edited.edits],
            "notes": edited.notes,
        }
        return json_parts(content)

    def _part(self, part: Trace | Comparison, logits: FloatArray) -> dict[str, Any]:
        plan, encode = self.edited, ENCODERS[self.edited.encoding]
        return {
            "layers": layers_content(part, plan.selection, plan.encoding),
            "outputs": {
                "names": plan.model.config.outputs,
                "values": encode(part.outputs),
                "logits": encode(logits),
            },
        }


def _run(plan: TracePlan) -> tuple[Trace, FloatArray]:
    """Return the trace that ``plan`` asks for, and its logits (T, outputs). Raises a problem if a number overflows."""
    trace, network = plan.run(), plan.model.network
    last = trace.layers[-len(network.config.directions) :]
    h = torch.from_numpy(np.concatenate([each["h"] for each in last], axis=-1))  # (T, H·directions)
    with torch.inference_mode():
        logits = network.read_in_double(h.to(network.device)).to(h.dtype).cpu().numpy()
    with plan.overflow_as_a_problem():
        require_sendable("a logit", logits, plan.start, plan.encoding)
    return trace, logits


def plan_experiment(model: Model, body: ExperimentBody, settings: Settings) -> ExperimentPlan:
    """Return what ``body`` asks for. Raises a problem that says what does not fit, or the limit that it would pass."""
    original = plan_unedited(model, body, settings)
    require_sent(original.stop - original.start, partial(demands, original), settings)
    return ExperimentPlan(original, with_edits(original, body))


def demands(original: TracePlan, steps: int) -> list[Demand]:
    """Return what the answer takes if it is about so many steps."""
    _, units, arrays = original.size
    outputs = original.model.config.network.outputs * PER_OUTPUT
    product = f"{RUNS} × {steps:,} steps × ({units:,} units × {arrays:,} arrays + {outputs:,} for the outputs)"
    return [Demand("max_values", RUNS * steps * (units * arrays + outputs), product)]
