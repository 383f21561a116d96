"""Modules of torch.nn of every kind, inputs and states for them, and how far traces of them are from what they do."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import Trace
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence

from .engines import error, last

KINDS: dict[str, Callable[..., nn.RNNBase]] = {
    "rnn": nn.RNN,
    "relu rnn": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "lstm": nn.LSTM,
    "projected lstm": lambda inputs, hidden, **options: nn.LSTM(inputs, hidden, proj_size=hidden // 2, **options),
    "gru": nn.GRU,
}

each_kind = pytest.mark.parametrize("kind", KINDS)
each_engine = pytest.mark.parametrize("engine", ["compiled", "reference"])


def random_module(kind: str = "lstm", inputs: int = 5, hidden: int = 7, seed: int = 0, **options: Any) -> Any:
    """A module of PyTorch's default initialisation."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return KINDS[kind](inputs, hidden, **options)


def random_sequences(lengths: list[int], inputs: int = 5, dtype: torch.dtype = torch.float32) -> list[Tensor]:
    """Sequences (T, E) of these lengths."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(length, inputs, generator=generator).to(dtype) for length in lengths]


def random_states(module: nn.RNNBase, *batch: int) -> Any:
    """States to start from, as ``module`` takes them; ``batch`` is B, or nothing for a single sequence."""
    generator = torch.Generator().manual_seed(1)
    places = module.num_layers * (2 if module.bidirectional else 1)
    dtype = module.weight_ih_l0.dtype
    h_0 = torch.randn(places, *batch, module.proj_size or module.hidden_size, generator=generator).to(dtype)
    c_0 = torch.randn(places, *batch, module.hidden_size, generator=generator).to(dtype)
    return (h_0, c_0) if isinstance(module, nn.LSTM) else h_0


def packed(sequences: list[Tensor]) -> PackedSequence:
    return pack_sequence(sequences, enforce_sorted=False)


@torch.inference_mode()
def error_against_torch(module: nn.RNNBase, traces: Sequence[Trace], x: PackedSequence, hx: Any = None) -> float:
    """Error of the last layer's ``h`` at every step and of every layer's last states, for each sequence of ``x``."""
    output, last_states = module(x, hx)
    outputs, lengths = pad_packed_sequence(output)
    assert [len(each) for each in traces] == lengths.tolist()
    errors = []
    for b, ours in enumerate(traces):
        top = [layer["h"] for layer in ours.layers if layer.layer == module.num_layers - 1]
        errors.append(error(np.concatenate(top, axis=-1), outputs[: len(ours), b].numpy()))
        for letter, theirs in zip("hc", last_states if isinstance(last_states, tuple) else [last_states], strict=False):
            errors.append(error(np.stack([last(layer, letter) for layer in ours.layers]), theirs[:, b].numpy()))
    return float(np.max(errors))  # NaN if one is


def error_between(ours: Sequence[Trace], theirs: Sequence[Trace]) -> float:
    """Largest error of any activation of ``ours``."""
    errors = [0.0]
    for a, b in zip(ours, theirs, strict=True):
        for here, there in zip(a.layers, b.layers, strict=True):
            assert (here.layer, here.direction, here.cell) == (there.layer, there.direction, there.cell)
            assert list(here.activations) == list(there.activations)
            errors += [error(here[letter], there[letter]) for letter in here.activations]
    return float(np.max(errors))


def bytes_of(*traces: Trace) -> list[bytes]:
    return [array.tobytes() for each in traces for layer in each.layers for array in layer.activations.values()]
