"""Measure a ``Decomposition``: the parts of a traced memory, and their shares of a logit."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..cells.cell import Memory
from ..modules import Direction
from ..option_error import OptionError
from ..trace import LayerTrace, Trace
from .output import Head, Logit, Output, logit_of
from .pairs import Array, pair_sums
from .path import INITIAL, InDouble, Path, Reading, edited, edited_reading, memory_of, reading
from .report import Decomposition, in_order
from .state_edits import StateEdit, state_edits_of, tokens_read

INITIAL_COLUMN = "initial state"


def decompose(
    trace: Trace,
    head: Head | None = None,
    output: Output | Sequence[Output] | None = None,
    *,
    layer: int | None = None,
    direction: Direction = "forward",
) -> Decomposition:
    """Return what the memory is made of at each step: how much of what each word wrote is left, and what it does.

    >>> import torch
    >>> import gatescope
    >>> lstm, head = torch.nn.LSTM(input_size=5, hidden_size=7), torch.nn.Linear(7, 1)
    >>> trace = gatescope.trace_module(lstm, torch.randn(20, 5))
    >>> parts = gatescope.decompose(trace, head=head)
    >>> parts.amounts.shape  # at each of 20 steps, what is left of each of them and of the initial state
    (20, 21)
    >>> logits = torch.from_numpy(trace.layer()["h"]) @ head.weight[0].detach() + parts.bias
    >>> bool(abs(parts.shares.sum(axis=1) + parts.bias - logits.numpy()).max() < 1e-5)
    True

    This is exact, but not causal: gates depend on earlier words. Arithmetic is in float64, over the gates of the trace:
    of a float64 trace the parts add up to its states, and of a float32 one to the states that its gates give in
    float64, from which its own differ by rounding. T steps of H units take O(T²·H) operations, and O(T² + T·H) memory.

    Args:
        trace: Of a text or of a module, with edits or without; a part of a longer trace starts from the states before
            it. Each edit of a state of this layer and direction has a column.
        head: What reads the last layer: an ``nn.Linear``, or a weight (outputs, H·directions) and a bias (outputs,) or
            None; that of the trace if None. Without any there are amounts and no shares.
        output: The output, by its number or name, whose logit the shares add up to; or two of them, one against the
            other. If None, the only one, the model's verdict, or, of a softmax, the most probable one against the
            second after the last step.
        layer: From 0; the last if None. Only the last has shares.
        direction: That of the layer. The shares of both directions add up to the logit.

    Raises:
        OptionError: A ValueError: the option that it names does not fit the trace.
        NoPathError: A ValueError: the cell has no path of memory.
        ValueError: The trace has no steps, or weights have changed since it was made.
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"a decomposition is of one trace, not of a {type(trace).__name__}: pick one of a batch")
    if not len(trace):
        raise ValueError("there is nothing to decompose: the trace has no steps")
    traced = _layer_of(trace, layer, direction)
    memory = memory_of(traced.cell)
    is_asked = head is not None or output is not None
    if traced.layer != trace.layers[-1].layer and is_asked:
        reason = f"the head reads only the last layer, {trace.layers[-1].layer}: layer {traced.layer} has no shares"
        raise OptionError("output" if head is None else "head", reason)
    has_shares = traced.layer == trace.layers[-1].layer and (is_asked or trace.head is not None)
    logit = logit_of(trace, traced, head, output) if has_shares else None
    order = slice(None, None, -1 if direction == "backward" else 1)
    steps = len(traced["h"])
    each = InDouble(traced, order)
    unedited_keep = np.ascontiguousarray(memory.keep(each))
    size = unedited_keep.shape[1]
    initial = _initial(traced, memory.state, size)
    path = Path(unedited_keep, memory.write(each), initial, {})
    named, edits = state_edits_of(trace, traced, dict.fromkeys((memory.state, "h")))
    of_state = [edit for edit in edits if edit.letter == memory.state]
    if of_state:
        path = edited(path, of_state)
    state = each[memory.state] = path.state()
    reads = None if logit is None else _reading(traced, memory, each, logit, path, edits)
    columns = (*_names(trace, steps), INITIAL_COLUMN, *named)
    amounts = np.zeros((steps, len(columns)))
    shares = None if reads is None else np.zeros((steps, len(columns)))
    words, others = in_order(amounts, order)
    words_shared, others_shared = (None, None) if shares is None else in_order(shares, order)
    pair_sums(path.keep, None if reads is None else reads.read, path.write, words_shared, words)
    for place in range(len(named) + 1):
        number = place + INITIAL
        if number != INITIAL or initial.any() or edits:
            part = path.part(number)
            others[:, place] = np.abs(part).sum(axis=1)
            if reads is not None and others_shared is not None:
                others_shared[:, place] = reads.share(number, part)
    return Decomposition(
        layer=traced.layer,
        direction=direction,
        cell=traced.cell,
        letter=memory.state,
        columns=columns,
        state=state[order],
        amounts=amounts,
        shares=shares,
        logit=logit,
        _path=path,
        _reading=reads,
        _edits=of_state,
        _unedited_keep=unedited_keep,
        _order=order,
        notes=trace.notes,
    )


def _layer_of(trace: Trace, layer: int | None, direction: Direction) -> LayerTrace:
    """Return one layer in one direction. Raises OptionError if there is none."""
    number, last = trace.layers[-1].layer if layer is None else layer, trace.layers[-1].layer
    try:
        return trace.layer(number, direction)
    except KeyError:
        if not 0 <= number <= last:
            raise OptionError("layer", f"there is no layer {number}: choose from 0 to {last}") from None
        directions = " or ".join(dict.fromkeys(each.direction for each in trace.layers))
        raise OptionError("direction", f"there is no {direction!r}: choose {directions}") from None


def _initial(layer: LayerTrace, letter: str, size: int) -> Array:
    """Return a state (H,) before the first step that is taken."""
    return np.zeros(size) if layer.initial is None else layer.initial[letter].astype(np.float64)


def _reading(
    layer: LayerTrace, memory: Memory, each: InDouble, logit: Logit, path: Path, edits: Sequence[StateEdit]
) -> Reading:
    """Return how ``logit`` is read from the state, which ``each`` holds with the other activations."""
    let_out = None if memory.let_out is None else memory.let_out(each)
    projection = None
    if layer.projection is not None:
        projection = layer.projection.numbers("the projection of the module")
        _require_projection_of(layer, projection, edits)
    of_h = [edit for edit in edits if edit.letter == "h"]
    if let_out is None or not of_h:
        return reading(let_out, logit.weights, projection, each[memory.state].shape)
    initial_h = _initial(layer, "h", len(logit.weights))
    return edited_reading(path, each[memory.state], let_out, logit.weights, projection, initial_h, of_h)


def _require_projection_of(layer: LayerTrace, projection: Array, edits: Sequence[StateEdit]) -> None:
    """Raise ValueError if ``projection`` gives another h than the trace's: not every write to a weight is counted."""
    memory, order = memory_of(layer.cell), slice(None)
    edited_places = {int(place) for edit in edits if edit.letter == "h" for place in edit.places}
    last = len(layer["h"]) - 1
    t = 0 if layer.direction == "backward" else last  # the last step that is taken
    if memory.let_out is None or last in edited_places:
        return
    each = InDouble(replace(layer, activations={k: a[t : t + 1] for k, a in layer.activations.items()}), order)
    h = projection @ (memory.let_out(each) * each[memory.state])[0]
    scale = np.abs(projection).sum(axis=1).max()
    if np.abs(h - layer["h"][t]).max() > 1000 * np.finfo(layer["h"].dtype).eps * max(1.0, scale):
        raise ValueError(
            "the projection of the module has changed since the trace was made: trace again, and decompose that trace"
        )


def _names(trace: Trace, steps: int) -> Iterator[str]:
    """Yield the name of each step: its token, or, of a module, its number."""
    return iter(tokens_read(trace)) if trace.tokens else map(str, range(steps))
