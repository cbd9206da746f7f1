"""Products of whole matrices by BLAS, block of columns after block, which threads share.

Blocks are cut by shape alone, so what a product gives does not depend on the number of threads. Two blocks
take 2 to 4 % longer than one product.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, byref, c_char, c_double, c_float, c_int, c_void_p
from functools import cache
from typing import Any

import numpy as np
from numba.extending import get_cython_function_address
from numpy.typing import NDArray

from eqchip.threads import share

Array = NDArray[Any]

#: Columns of a block at least, and multiplications in one that are worth waking another thread for.
WIDE, WORTH = 256, 2_000_000


def multiply(left: Array, right: Array, out: Array | None = None) -> Array:
    """Return left·right."""
    blocks = _blocks(len(left) * right.size, right.shape[1])
    if blocks < 2:
        return np.asarray(np.matmul(left, right, out=out))
    shape = len(left), right.shape[1]
    made = np.empty(shape, np.result_type(left, right)) if out is None else out

    def work(first: int, last: int) -> None:
        for begin, end in _cuts(first, last, right.shape[1], blocks):
            np.matmul(left, right[:, begin:end], out=made[:, begin:end])

    share(work, blocks)
    return made


def accumulate(out: Array, factor: float, rows: Array, columns: Array) -> None:
    """Add factor·rowsᵀ·columns to out (contiguous), in place."""
    rows, columns = (np.ascontiguousarray(one, out.dtype) for one in (rows, columns))
    gemm, number = _gemm(out.dtype.char)
    (height, wide), depth = out.shape, len(rows)
    blocks = _blocks(depth * out.size, wide)

    def work(first: int, last: int) -> None:
        # BLAS stands columns first: to it every one of these arrays is its own transpose.
        for begin, end in _cuts(first, last, wide, blocks):
            skip = begin * out.itemsize
            gemm(
                byref(c_char(b"N")),
                byref(c_char(b"T")),
                byref(c_int(end - begin)),
                byref(c_int(height)),
                byref(c_int(depth)),
                byref(number(factor)),
                columns.ctypes.data + skip,
                byref(c_int(wide)),
                rows.ctypes.data,
                byref(c_int(height)),
                byref(number(1.0)),
                out.ctypes.data + skip,
                byref(c_int(wide)),
            )

    if out.size and depth:
        share(work, blocks)


def _blocks(work: int, columns: int) -> int:
    """Return into how many blocks of columns a product is cut."""
    return max(1, min(columns // WIDE, work // WORTH))


def _cuts(first: int, last: int, columns: int, blocks: int) -> list[tuple[int, int]]:
    """Return where blocks first … last − 1 begin and end."""
    return [(columns * block // blocks, columns * (block + 1) // blocks) for block in range(first, last)]


@cache
def _gemm(kind: str) -> tuple[Callable[..., None], Any]:
    """Return BLAS's gemm of SciPy, called so that other threads go on meanwhile, and its kind of number."""
    number: Any = c_float if kind == "f" else c_double
    letter, whole = POINTER(c_char), POINTER(c_int)
    form = CFUNCTYPE(
        None,
        *(letter, letter, whole, whole, whole, POINTER(number), c_void_p, whole),
        *(c_void_p, whole, POINTER(number), c_void_p, whole),
    )
    name = "sgemm" if kind == "f" else "dgemm"
    return form(get_cython_function_address("scipy.linalg.cython_blas", name)), number
