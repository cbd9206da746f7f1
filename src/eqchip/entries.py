"""Entries: machine code that is compiled once and called by its address; and state passed as one pointer.

A kernel's machine code holds a copy of everything it calls, and a tuple of arrays is passed as hundreds of
numbers: large kernels called from several places would be compiled for minutes. So what is large and shared
is an `Entry`. Callers get its address as data (`call`): their own cached code stays valid, and what no
circuit uses is never compiled.

NamedTuples of arrays, integers and such tuples travel as one array of addresses and lengths: `pack` on the
side of Python, `unpack` inside a kernel, where the fields are read as they are named. Arrays are
one-dimensional, contiguous, of float64 or int64, and must outlive the packed array. A kernel takes what it
uses in a loop into a local variable first: the compiler cannot know that the addresses stay the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

from eqchip.kernels import caching

S = TypeVar("S", bound=tuple[Any, ...])

_WORD = ir.IntType(64)

#: Without compilation (NUMBA_DISABLE_JIT, to measure coverage) addresses are places in this list.
_interpreted: list[Callable[..., int]] = []


class Entry:
    """A function compiled by itself on first use, to be called by address from any kernel.

    It takes integers and pointers (numba.types.CPointer) and returns an integer.
    """

    def __init__(self, function: Callable[..., int], signature: Any) -> None:
        self.function = function
        self.signature = signature
        self._compiled: Any = None

    @property
    def address(self) -> int:
        """Return where the machine code is; compile it, or load it from the cache, if need be."""
        if numba.config.DISABLE_JIT:
            if self._compiled is None:
                _interpreted.append(self.function)
                self._compiled = len(_interpreted)
            return int(self._compiled)
        if self._compiled is None:
            with caching(self.function.__module__) as cached:
                compiler = numba.cfunc(self.signature, cache=cached, error_model="numpy", nogil=True)
                self._compiled = compiler(self.function)
        return int(self._compiled.address)


def view(pointer: Any, shape: Any) -> Any:
    """Return what an entry was handed as an array of this shape."""
    return pointer


@intrinsic  # type: ignore[untyped-decorator]
def _call(typing_context: Any, address: Any, arguments: Any) -> Any:
    """Call the machine code at an address with a tuple of integers, arrays and packed state (as pointers)."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        where, packed = values
        flat = []
        for position, kind in enumerate(signature.args[1].types):
            value = builder.extract_value(packed, position)
            if isinstance(kind, types.Array):
                value = builder.ptrtoint(context.make_array(kind)(context, builder, value).data, _WORD)
            elif isinstance(kind, Stored):
                value = builder.ptrtoint(value, _WORD)
            flat.append(value)
        pointer = builder.inttoptr(where, ir.FunctionType(_WORD, [_WORD] * len(flat)).as_pointer())
        return builder.call(pointer, flat)

    return types.int64(address, arguments), generate


def _pack(state: tuple[Any, ...]) -> NDArray[np.int64]:
    """Return a NamedTuple of arrays, integers and such tuples as one array."""
    return np.array(_words(state), dtype=np.int64)


def _words(state: tuple[Any, ...]) -> list[int]:
    words: list[int] = []
    for value in state:
        if isinstance(value, np.ndarray):
            if value.ndim != 1 or not value.flags.c_contiguous or value.dtype not in (np.float64, np.int64):
                raise TypeError(
                    f"an array of {value.ndim} dimensions and type {value.dtype} cannot be packed"
                )
            words += [value.ctypes.data, len(value)]
        elif isinstance(value, tuple):
            words += _words(value)
        else:
            words.append(int(value))
    return words


class Stored(types.Type):  # type: ignore[misc]
    """A packed NamedTuple inside a kernel: a pointer to its words, read field by field."""

    def __init__(self, state: type) -> None:
        self.state = state
        super().__init__(name=f"Stored({state.__module__}.{state.__qualname__})")

    def fields(self) -> dict[str, tuple[types.Type, int]]:
        """Return type and first word of each field."""
        return _layout(self.state)

    def words(self) -> int:
        """Return how many words there are."""
        kind, at = list(self.fields().values())[-1]
        return at + (kind.words() if isinstance(kind, Stored) else 2 if isinstance(kind, types.Array) else 1)


@cache  # the compiler asks at every field that is read, and resolving annotations is slow
def _layout(state: type) -> dict[str, tuple[types.Type, int]]:
    found: dict[str, tuple[types.Type, int]] = {}
    at = 0
    for name, hint in get_type_hints(state).items():
        if hint is int:
            found[name] = (types.int64, at)
            at += 1
        elif isinstance(hint, type) and issubclass(hint, tuple):
            inner = Stored(hint)
            found[name] = (inner, at)
            at += inner.words()
        else:
            number = get_args(get_args(hint)[1])[0]
            found[name] = (types.Array(numba.from_dtype(np.dtype(number)), 1, "C"), at)
            at += 2
    return found


@register_model(Stored)
class _StoredModel(models.PrimitiveModel):  # type: ignore[misc]
    """A pointer to words."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _WORD.as_pointer())


@infer_getattr
class _StoredFields(AttributeTemplate):  # type: ignore[misc]
    """The type of a field."""

    key = Stored

    def generic_resolve(self, kind: Stored, name: str) -> Any:
        """Return the type of a field, or None."""
        found = kind.fields().get(name)
        return found[0] if found else None


@lower_getattr_generic(Stored)  # type: ignore[untyped-decorator]
def _read_field(context: Any, builder: Any, kind: Stored, value: Any, name: str) -> Any:
    """Read an integer or an array; a packed tuple inside is a pointer to its own words."""
    field, at = kind.fields()[name]
    here = builder.gep(value, [ir.Constant(_WORD, at)])
    if isinstance(field, Stored):
        return here
    word = builder.load(here)
    if not isinstance(field, types.Array):
        return word
    length = builder.load(builder.gep(value, [ir.Constant(_WORD, at + 1)]))
    made = context.make_array(field)(context, builder)
    item = context.get_data_type(field.dtype)
    width = context.get_constant(types.intp, context.get_abi_sizeof(item))
    populate_array(
        made,
        data=builder.inttoptr(word, item.as_pointer()),
        shape=cgutils.pack_array(builder, [length]),
        strides=cgutils.pack_array(builder, [width]),
        itemsize=width,
        meminfo=None,
    )
    return made._getvalue()


@intrinsic  # type: ignore[untyped-decorator]
def _unpack(typing_context: Any, packed: Any, state: Any) -> Any:
    """Return the NamedTuple of class `state` that was packed; its arrays are the very same memory."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        if isinstance(signature.args[0], types.CPointer):
            return values[0]
        return context.make_array(signature.args[0])(context, builder, values[0]).data

    return Stored(state.instance_class)(packed, state), generate


if TYPE_CHECKING or numba.config.DISABLE_JIT:

    def call(address: int, arguments: tuple[Any, ...]) -> int:
        """Call the machine code (uncompiled: the function) at an address with integers and arrays."""
        return _interpreted[address - 1](*arguments)

    def pack(state: S) -> NDArray[np.int64]:
        """Return a NamedTuple of arrays, integers and such tuples as one array (uncompiled: as it is)."""
        _words(state)  # refuses what could not be packed
        return state  # type: ignore[return-value]

    def unpack(packed: Any, state: type[S]) -> S:
        """Return the NamedTuple of class `state` that was packed."""
        return packed  # type: ignore[no-any-return]
else:
    call, pack, unpack = _call, _pack, _unpack
    view = numba.carray
