"""A mark in the graph of gradients, by which a checkpoint notices that it recomputes with other edits."""

from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor

from .edits.binding import Bound


def marked(h: Tensor, bound: Bound) -> Tensor:
    """Return ``h`` with a mark of the edits that it was computed with, where gradients may flow through it."""
    if not (torch.is_grad_enabled() and h.requires_grad):
        return h
    return _Marked.apply(h, h.new_empty(0, _number_of(bound)))  # type: ignore[no-any-return,no-untyped-call]


def _number_of(bound: Bound) -> int:
    """Return a number that tells edits apart by what they change."""
    mark = blake2b(digest_size=5)
    for part, edits in bound.parts.items():
        mark.update(repr((part, [(each.shape, each.dtype) for each in edits])).encode())
        for each in edits:
            mark.update(each.tobytes())
    return int.from_bytes(mark.digest())


class _Marked(torch.autograd.Function):
    """Save an empty tensor for the backward pass, by whose shape a checkpoint sees that it runs with other edits."""

    generate_vmap_rule = True

    @staticmethod
    def forward(h: Tensor, mark: Tensor) -> Tensor:  # noqa: ARG004
        return h.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(inputs[1])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        _ = ctx.saved_tensors  # which a checkpoint compares when they are asked for
        return gradient, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, _: None) -> Tensor:  # noqa: ARG004
        return tangent.clone()
