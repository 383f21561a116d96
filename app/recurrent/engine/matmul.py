"""The innermost loops of a matrix product, in the compiler's own terms.

A loop over scalars leaves its sums in memory; here they stay in registers, as vectors of ``LANES`` numbers, whatever
the width of the processor's own vectors. Four vectors of sums or more hide the latency of an addition (Goto & van de
Geijn, Anatomy of High-Performance Matrix Multiplication, 2008).

A matrix ``W`` (R, K) is stored in panels (⌈R / WIDTH⌉, K, WIDTH): in a panel, column k of its rows is a few adjacent
vectors, so that a panel is read in the order of memory.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

LANES = 16
VECTORS = 4  # of a panel
WIDTH = VECTORS * LANES
SEQUENCES = 4  # of a tile

FLOAT, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
VECTOR, PLACES = ir.VectorType(FLOAT, LANES), ir.VectorType(LANE, LANES)
FLOAT_BYTES = 4
FUSED = ("contract",)  # a product and a sum may become one operation

Add = Callable[[Any, int, int, int, Any, int, int, Any, int], None]


def _adding(sequences: int, vectors: int) -> Add:
    """Return a function that adds the product of this many sequences and vectors of a panel."""

    def add(x: Any, b: int, k: int, stop: int, panels: Any, p: int, lane: int, out: Any, j: int) -> None:
        lanes = vectors * LANES
        out[b : b + sequences, j : j + lanes] += x[b : b + sequences, k:stop] @ panels[p, k:stop, lane : lane + lanes]

    @intrinsic
    def generated(_: Any, x: Any, x_stride: Any, inner: Any, panel: Any, out: Any, out_stride: Any) -> Any:
        signature = types.void(x, x_stride, inner, panel, out, out_stride)
        return signature, lambda context, builder, _, values: _add(context, builder, sequences, vectors, *values)

    @overload(add, inline="always")
    def compiled(x: Any, b: Any, k: Any, stop: Any, panels: Any, p: Any, lane: Any, out: Any, j: Any) -> Any:  # noqa: ARG001
        def call(x: Any, b: Any, k: Any, stop: Any, panels: Any, p: Any, lane: Any, out: Any, j: Any) -> None:
            first, from_ = x[b, k:].ctypes.data, panels[p, k, lane:].ctypes.data
            generated(first, x.shape[1], stop - k, from_, out[b, j:].ctypes.data, out.shape[1])  # type: ignore[call-arg]

        return call

    return add


# Each adds ``x[b : b + sequences, k : stop] @ panels[p, k : stop, lane : lane + lanes]`` to ``out``, from row b and
# column j on. ``x`` (B, K) and ``out`` (B, J) are contiguous; ``k`` is below ``stop``. Nothing is checked.
add_tile = _adding(SEQUENCES, VECTORS)
add_row = _adding(1, VECTORS)
add_narrow_tile = _adding(SEQUENCES, 1)
add_narrow_row = _adding(1, 1)


def put_block(w: Any, j: int, k: int, panel: Any, lane: int) -> None:
    """Transpose the square of ``w`` (R, K) of ``LANES`` rows from j and columns from k into ``panel`` (K, WIDTH)."""
    panel[k : k + LANES, lane : lane + LANES] = w[j : j + LANES, k : k + LANES].T


@overload(put_block, inline="always")
def _compiled_put_block(w: Any, j: Any, k: Any, panel: Any, lane: Any) -> Any:  # noqa: ARG001
    def call(w: Any, j: Any, k: Any, panel: Any, lane: Any) -> None:
        _generated_put_block(w[j, k:].ctypes.data, w.shape[1], panel[k, lane:].ctypes.data)  # type: ignore[call-arg]

    return call


@intrinsic
def _generated_put_block(_: Any, w: Any, stride: Any, panel: Any) -> Any:
    signature = types.void(w, stride, panel)
    return signature, lambda context, builder, _, values: _put(context, builder, *values)


def _place(builder: Any, start: Any, index: Any, of: ir.Type) -> Any:
    """Return a pointer to the number, or the vector, that starts ``index`` numbers after the address ``start``."""
    return builder.inttoptr(builder.add(start, builder.mul(index, INDEX(FLOAT_BYTES))), of.as_pointer())


def _load(builder: Any, start: Any, index: Any, of: ir.Type) -> Any:
    return builder.load(_place(builder, start, index, of), align=FLOAT_BYTES)


def _store(builder: Any, vector: Any, start: Any, index: Any) -> None:
    builder.store(vector, _place(builder, start, index, VECTOR), align=FLOAT_BYTES)


def _spread(builder: Any, number: Any) -> Any:
    """Return a vector that repeats one number."""
    first = builder.insert_element(VECTOR(ir.Undefined), number, LANE(0))
    return builder.shuffle_vector(first, VECTOR(ir.Undefined), PLACES(None))


def _add(
    context: Any,
    builder: Any,
    sequences: int,
    vectors: int,
    x: Any,
    x_stride: Any,
    inner: Any,
    panel: Any,
    out: Any,
    out_stride: Any,
) -> Any:
    """Generate a loop over k with a sum for each sequence and vector.

    ``sequences`` and ``vectors`` are known now, all else are values of the generated program: ``x``, ``panel`` and
    ``out`` are addresses, the strides count numbers, and ``inner`` is the number of k.
    """
    before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    places = list(product(range(sequences), range(vectors)))
    k, sums = builder.phi(INDEX), [builder.phi(VECTOR) for _ in places]
    column = builder.mul(k, INDEX(WIDTH))
    columns = [_load(builder, panel, builder.add(column, INDEX(v * LANES)), VECTOR) for v in range(vectors)]
    rows = [builder.add(builder.mul(x_stride, INDEX(b)), k) for b in range(sequences)]
    numbers = [_spread(builder, _load(builder, x, row, FLOAT)) for row in rows]
    products = [builder.fmul(columns[v], numbers[b], flags=FUSED) for b, v in places]
    added = [builder.fadd(total, each, flags=FUSED) for total, each in zip(sums, products, strict=True)]
    following = builder.add(k, INDEX(1))
    firsts = [INDEX(0), *[VECTOR(None)] * len(places)]
    for value, first, next_ in zip([k, *sums], firsts, [following, *added], strict=True):
        value.add_incoming(first, before)
        value.add_incoming(next_, loop)
    builder.cbranch(builder.icmp_signed("<", following, inner), loop, after)
    builder.position_at_end(after)
    for (b, v), total in zip(places, added, strict=True):
        where = builder.add(builder.mul(out_stride, INDEX(b)), INDEX(v * LANES))
        _store(builder, builder.fadd(_load(builder, out, where, VECTOR), total), out, where)
    return context.get_dummy_value()


def _put(context: Any, builder: Any, w: Any, stride: Any, panel: Any) -> Any:
    """Generate a transposition in four rounds: each swaps the off-diagonal quarters of squares twice as large."""
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
        _store(builder, column, panel, INDEX(k * WIDTH))
    return context.get_dummy_value()
