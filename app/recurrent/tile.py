"""The innermost loop of a matrix product, in the compiler's own terms.

A loop over scalars leaves its sums in memory; here they stay in registers, as vectors of ``LANES`` numbers, whatever
the width of the processor's own. Four vectors of sums hide the time that one addition takes, and fit AVX2 and AVX-512
alike (Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008).

A matrix ``W`` (R, K) stands in panels (⌈R / LANES⌉, K, LANES): column k of the rows of a panel is one vector. numba's
cache on disk asks for the date of ``kernels.py`` alone: touch that file after a change of this one.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

SEQUENCES, LANES = 4, 16

FLOAT, INDEX, LANE = ir.FloatType(), ir.IntType(64), ir.IntType(32)
VECTOR, ALL_FIRST = ir.VectorType(FLOAT, LANES), ir.VectorType(LANE, LANES)(None)
FLOAT_BYTES = 4
FUSED = ("contract",)  # a product and a sum may become one operation


def add_tile(x: NDArray[Any], b: int, panel: NDArray[Any], k: int, stop: int, out: NDArray[Any], j: int) -> None:
    """Add ``x[b : b + SEQUENCES, k : stop] @ panel[k : stop]`` to ``out[b : b + SEQUENCES, j : j + LANES]``.

    ``x`` (B, K) and ``out`` (B, J) lie row by row, ``panel`` is (K, LANES); ``k`` is below ``stop``. Nothing is
    checked.
    """
    out[b : b + SEQUENCES, j : j + LANES] += x[b : b + SEQUENCES, k:stop] @ panel[k:stop]


@overload(add_tile)
def _compiled_add_tile(x: Any, b: Any, panel: Any, k: Any, stop: Any, out: Any, j: Any) -> Any:  # noqa: ARG001
    def add(x: Any, b: Any, panel: Any, k: Any, stop: Any, out: Any, j: Any) -> None:
        _add(x[b, k:].ctypes.data, x.shape[1], panel[k].ctypes.data, stop - k, out[b, j:].ctypes.data, out.shape[1])  # type: ignore[call-arg]

    return add


@intrinsic
def _add(_: Any, x: Any, x_stride: Any, panel: Any, inner: Any, out: Any, out_stride: Any) -> Any:  # noqa: ARG001
    """As ``add_tile``, from the addresses of the first numbers; strides are in numbers."""
    signature = types.void(types.uintp, types.intp, types.uintp, types.intp, types.uintp, types.intp)
    return signature, lambda context, builder, _, arguments: _generate(context, builder, *arguments)


def _generate(
    context: Any, builder: Any, x: Any, x_stride: Any, panel: Any, inner: Any, out: Any, out_stride: Any
) -> Any:
    """The instructions: a loop over k with a vector of sums for each sequence."""

    def place(start: Any, index: Any, of: ir.Type) -> Any:
        return builder.inttoptr(builder.add(start, builder.mul(index, INDEX(FLOAT_BYTES))), of.as_pointer())

    def load(start: Any, index: Any, of: ir.Type) -> Any:
        return builder.load(place(start, index, of), align=FLOAT_BYTES)

    def spread(number: Any) -> Any:
        first = builder.insert_element(VECTOR(ir.Undefined), number, LANE(0))
        return builder.shuffle_vector(first, VECTOR(ir.Undefined), ALL_FIRST)

    before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.branch(loop)
    builder.position_at_end(loop)
    k, sums = builder.phi(INDEX), [builder.phi(VECTOR) for _ in range(SEQUENCES)]
    column = load(panel, builder.mul(k, INDEX(LANES)), VECTOR)
    rows = [builder.mul(x_stride, INDEX(b)) for b in range(SEQUENCES)]
    products = [builder.fmul(column, spread(load(x, builder.add(row, k), FLOAT)), flags=FUSED) for row in rows]
    added = [builder.fadd(total, product, flags=FUSED) for total, product in zip(sums, products, strict=True)]
    following = builder.add(k, INDEX(1))
    firsts = [INDEX(0), *[VECTOR(None)] * SEQUENCES]
    for value, first, next_ in zip([k, *sums], firsts, [following, *added], strict=True):
        value.add_incoming(first, before)
        value.add_incoming(next_, loop)
    builder.cbranch(builder.icmp_signed("<", following, inner), loop, after)
    builder.position_at_end(after)
    for b, total in enumerate(added):
        where = place(out, builder.mul(out_stride, INDEX(b)), VECTOR)
        builder.store(builder.fadd(builder.load(where, align=FLOAT_BYTES), total), where, align=FLOAT_BYTES)
    return context.get_dummy_value()
