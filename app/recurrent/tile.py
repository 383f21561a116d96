"""The innermost loops of a matrix product, in the compiler's own terms.

A loop over scalars leaves its sums in memory; here they stay in registers, as vectors of ``LANES`` numbers, whatever
the width of the processor's own. Four vectors of sums hide the time that one addition takes, and fit AVX2 and AVX-512
alike (Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008).

A matrix ``W`` (R, K) stands in panels (⌈R / LANES⌉, K, LANES): column k of the rows of a panel is one vector. numba's
cache on disk asks for the date of ``kernels.py`` alone: touch that file after a change of this one.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

LANES = 16
SEQUENCES = 4  # of a tile
ABREAST = 4  # panels of a strip

FLOAT, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
VECTOR, PLACES = ir.VectorType(FLOAT, LANES), ir.VectorType(LANE, LANES)
FLOAT_BYTES = 4
FUSED = ("contract",)  # a product and a sum may become one operation

Add = Callable[[Any, int, Any, int, int, int, Any], None]


def _adding(sequences: int, abreast: int) -> Add:
    """The function that adds the product of so many sequences and panels."""

    def add(x: Any, b: int, panels: Any, p: int, k: int, stop: int, out: Any) -> None:
        products = x[b : b + sequences, k:stop] @ panels[p : p + abreast, k:stop]  # (abreast, sequences, LANES)
        out[b : b + sequences, p * LANES : (p + abreast) * LANES] += np.hstack(products)

    @intrinsic
    def generated(
        _: Any, x: Any, x_stride: Any, panel: Any, panel_stride: Any, inner: Any, out: Any, stride: Any
    ) -> Any:
        signature = types.void(x, x_stride, panel, panel_stride, inner, out, stride)
        return signature, lambda context, builder, _, values: _add(context, builder, sequences, abreast, *values)

    @overload(add, inline="always")
    def compiled(x: Any, b: Any, panels: Any, p: Any, k: Any, stop: Any, out: Any) -> Any:  # noqa: ARG001
        def call(x: Any, b: Any, panels: Any, p: Any, k: Any, stop: Any, out: Any) -> None:
            panel, below = panels[p, k:].ctypes.data, out[b, p * LANES :].ctypes.data
            stride = panels.shape[1] * LANES
            generated(x[b, k:].ctypes.data, x.shape[1], panel, stride, stop - k, below, out.shape[1])  # type: ignore[call-arg]

        return call

    return add


# Each adds ``x[b : b + sequences, k : stop] @ panels[p : p + abreast, k : stop]``, the panels side by side, to the
# places of ``out`` from row b and from the column of panel p on. ``x`` (B, K) and ``out`` (B, J) lie row by row; ``k``
# is below ``stop``. Nothing is checked.
add_tile = _adding(SEQUENCES, 1)
add_strip = _adding(1, ABREAST)
add_row = _adding(1, 1)


def put_block(w: Any, j: int, k: int, panel: Any) -> None:
    """Put the columns k to k + ``LANES`` of as many rows of ``w`` (R, K), from j on, into ``panel`` (K, LANES)."""
    panel[k : k + LANES] = w[j : j + LANES, k : k + LANES].T


@overload(put_block, inline="always")
def _compiled_put_block(w: Any, j: Any, k: Any, panel: Any) -> Any:  # noqa: ARG001
    def call(w: Any, j: Any, k: Any, panel: Any) -> None:
        _generated_put_block(w[j, k:].ctypes.data, w.shape[1], panel[k].ctypes.data)  # type: ignore[call-arg]

    return call


@intrinsic
def _generated_put_block(_: Any, w: Any, stride: Any, panel: Any) -> Any:
    signature = types.void(w, stride, panel)
    return signature, lambda context, builder, _, values: _put(context, builder, *values)


def _place(builder: Any, start: Any, index: Any, of: ir.Type) -> Any:
    """The place of a number, or of the first of a vector, by its index from the address ``start``."""
    return builder.inttoptr(builder.add(start, builder.mul(index, INDEX(FLOAT_BYTES))), of.as_pointer())


def _load(builder: Any, start: Any, index: Any, of: ir.Type) -> Any:
    return builder.load(_place(builder, start, index, of), align=FLOAT_BYTES)


def _store(builder: Any, vector: Any, start: Any, index: Any) -> None:
    builder.store(vector, _place(builder, start, index, VECTOR), align=FLOAT_BYTES)


def _spread(builder: Any, number: Any) -> Any:
    """A vector of one number."""
    first = builder.insert_element(VECTOR(ir.Undefined), number, LANE(0))
    return builder.shuffle_vector(first, VECTOR(ir.Undefined), PLACES(None))


def _add(
    context: Any,
    builder: Any,
    sequences: int,
    abreast: int,
    x: Any,
    x_stride: Any,
    panel: Any,
    panel_stride: Any,
    inner: Any,
    out: Any,
    out_stride: Any,
) -> Any:
    """A loop over k with a vector of sums for each sequence and panel.

    Of the program are the addresses of the first numbers, strides in numbers, and ``inner``, how many k there are.
    """
    before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    places = list(product(range(sequences), range(abreast)))
    k, sums = builder.phi(INDEX), [builder.phi(VECTOR) for _ in places]
    from_panel = builder.mul(k, INDEX(LANES))
    starts = [builder.add(builder.mul(panel_stride, INDEX(p)), from_panel) for p in range(abreast)]
    columns = [_load(builder, panel, start, VECTOR) for start in starts]
    rows = [builder.add(builder.mul(x_stride, INDEX(b)), k) for b in range(sequences)]
    numbers = [_spread(builder, _load(builder, x, row, FLOAT)) for row in rows]
    products = [builder.fmul(columns[p], numbers[b], flags=FUSED) for b, p in places]
    added = [builder.fadd(total, each, flags=FUSED) for total, each in zip(sums, products, strict=True)]
    following = builder.add(k, INDEX(1))
    firsts = [INDEX(0), *[VECTOR(None)] * len(places)]
    for value, first, next_ in zip([k, *sums], firsts, [following, *added], strict=True):
        value.add_incoming(first, before)
        value.add_incoming(next_, loop)
    builder.cbranch(builder.icmp_signed("<", following, inner), loop, after)
    builder.position_at_end(after)
    for (b, p), total in zip(places, added, strict=True):
        where = builder.add(builder.mul(out_stride, INDEX(b)), INDEX(p * LANES))
        _store(builder, builder.fadd(_load(builder, out, where, VECTOR), total), out, where)
    return context.get_dummy_value()


def _put(context: Any, builder: Any, w: Any, stride: Any, panel: Any) -> Any:
    """A square is transposed in four rounds: each swaps what stands off the diagonal, in squares twice as large."""
    rows = [_load(builder, w, builder.mul(stride, INDEX(j)), VECTOR) for j in range(LANES)]
    apart = 1
    while apart < LANES:
        upper = [LANES + lane - apart if lane & apart else lane for lane in range(LANES)]
        lower = [LANES + lane if lane & apart else lane + apart for lane in range(LANES)]
        for j in (j for j in range(LANES) if not j & apart):
            pair = rows[j], rows[j + apart]
            rows[j], rows[j + apart] = (builder.shuffle_vector(*pair, PLACES(places)) for places in (upper, lower))
        apart *= 2
    for k, column in enumerate(rows):
        _store(builder, column, panel, INDEX(k * LANES))
    return context.get_dummy_value()
