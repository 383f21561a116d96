"""What is shown: the trace of a network, of a module and its input, or of a call that was watched."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..recurrent.editing import edits_of
from ..recurrent.module_call import time_major
from ..recurrent.option_error import OptionError
from ..recurrent.trace import Trace
from ..recurrent.trace_module import Traces, trace_module
from ..recurrent.watch.run import HALVES, REPLAYED, Run
from ..recurrent.watch.watched import Runs, Watched
from ..store.model import Model
from .again import Again


@dataclass(frozen=True)
class Source:
    """A trace, and what is known of where it comes from."""

    trace: Trace
    model: Model | None = None
    x: Tensor | None = None  # (T, E), what the network read; None: not known, or a text
    notes: Sequence[str] = ()  # what to know about it, besides the notes of the trace
    again: Again | None = None  # None: a trace by itself does not say what it is of


def source_of(what: object, x: Any, sequence: int | None) -> Source:
    """Return the trace that is shown of ``what``. Raises as ``show`` says."""
    if x is not None and isinstance(what, Trace | Run):
        noun = "a trace" if isinstance(what, Trace) else "a run"
        raise TypeError(f"{noun} has its input already: leave out the second argument")
    if sequence is not None and isinstance(what, Trace | Model):
        raise OptionError("sequence", "there is only one here: leave it out")
    match what:
        case Trace():
            return Source(what)
        case Run():
            return _of_run(what, sequence or 0)
        case Runs() | Watched():
            raise TypeError("these are several runs: show one of them, as in show(seen['encoder'][0])")
        case Model(tokenizer=None) if x is not None:
            return Source(what.trace(values=x), what, again=lambda edits: what.trace(values=x, edits=edits))
        case Model():
            if not isinstance(x, str):
                raise TypeError(f"x is a {type(x).__name__}: a model reads a text, as in show(model, 'not good')")
            return Source(what.trace(x), what, again=lambda edits: what.trace(x, edits))
        case nn.Module() if x is None:
            raise TypeError("the input is missing: a module is shown with what it reads, as in show(module, x)")
        case _ if x is not None:
            return _of_module(what, x, sequence)
    raise TypeError(
        f"this is a {type(what).__name__}: show takes a Trace, a run that was watched, a model and a text, or a module "
        "and its input"
    )


def _of_run(run: Run, sequence: int) -> Source:
    count = len(run.lengths)
    which = (f"this is sequence {sequence} of a batch of {count}, counted from 0",) if count > 1 else ()
    return Source(
        run.trace(sequence),
        x=run.input(sequence),
        notes=(*which, REPLAYED),
        again=lambda edits: run.trace(sequence, edits=edits),
    )


def _of_module(module: Any, x: Any, sequence: int | None) -> Source:
    """Return the trace of a module, which says what is wrong with anything else."""
    notes: tuple[str, ...] = ()
    if isinstance(module, nn.Module) and (low := _low_precision(module, x)) is not None:
        module, x = copy.deepcopy(module).float(), x.float()
        notes = (f"the module computes in {low}: it is traced in torch.float32",)
    traces = trace_module(module, x)
    if not isinstance(traces, Traces):
        if sequence is not None:
            raise OptionError("sequence", "there is only one here: leave it out")
        return Source(traces, x=x, notes=notes, again=lambda edits: cast("Trace", trace_module(module, x, edits=edits)))
    count = len(traces)
    if sequence is None:
        raise ValueError(f"x is a batch of {count}: say which sequence, as in sequence=0")
    if not 0 <= sequence < count:
        have = f"sequences go from 0 to {count - 1}" if count > 1 else "the only one is 0"
        raise IndexError(f"there is no sequence {sequence} in x: {have}")
    batch, lengths = time_major(cast("Tensor | PackedSequence", x), batch_first=module.batch_first)
    return Source(
        traces[sequence],
        x=batch[: lengths[sequence], sequence],
        notes=notes,
        again=lambda edits: cast("Traces", trace_module(module, x, edits=edits))[sequence],
    )


def _low_precision(module: nn.Module, x: Any) -> torch.dtype | None:
    """Return the half precision of ``module`` and ``x``; None if it is another, or edits, which no copy has, apply."""
    dtypes = {each.dtype for each in module.parameters()}
    dtypes |= {x.data.dtype} if isinstance(x, Tensor | PackedSequence) else set()
    return dtypes.pop() if len(dtypes) == 1 and dtypes <= set(HALVES) and not edits_of(module) else None
