"""`@kernel`: compile with Numba, cache on disk, and never serve stale machine code.

Numba's own file cache looks only at the file of the function it caches. A kernel that calls a kernel
of another file keeps the old machine code of that other file after an edit or an upgrade: wrong
numbers and no warning (numba issue 1833). Here every module gets a cache folder of its own, named by
a hash of its text *and of the text of every module of eqchip it imports, directly or not*. An edit of a
device recompiles what calls it; an edit of the command line recompiles nothing.

Division follows IEEE (`error_model="numpy"`): the default's ZeroDivisionError branch blocks
vectorisation. `fastmath=True` is not offered: it assumes away NaN, which divergence checks look for.
"""

from __future__ import annotations

import gc
import hashlib
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar, overload

import numba
import numpy
from numba.core import event

F = TypeVar("F", bound=Callable[..., Any])

#: Flags of LLVM that keep NaN and infinity meaningful. With `reassoc`, for sums alone, their order is free.
SAFE_MATH = frozenset({"contract", "nsz", "reassoc"})

_KEEP = 5  # versions of one module's cache that stay on disk
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+([\w., \t]+))",
    re.MULTILINE,
)

_roots = {"eqchip"}  # packages whose modules may hold kernels
_texts: dict[str, str] = {}
_folders: dict[str, Path | None] = {}
_cold = False


def cache_root() -> Path:
    """Return the folder that holds compiled kernels: `$EQCHIP_CACHE_DIR`, else the user's cache folder."""
    if given := os.environ.get("EQCHIP_CACHE_DIR"):
        return Path(given)
    from platformdirs import user_cache_path

    return user_cache_path("eqchip") / "kernels"


def _text(module: str) -> str:
    """Return a module's source, or an empty text when `module` is not one (a name inside a module)."""
    if module not in _texts:
        loaded = sys.modules.get(module)
        path = getattr(loaded, "__file__", None)
        if path is None:
            try:
                spec = find_spec(module)
            except (ImportError, AttributeError, ValueError):
                spec = None
            path = spec.origin if spec and spec.origin and spec.origin.endswith(".py") else None
        _texts[module] = Path(path).read_text(encoding="utf-8") if path else ""
    return _texts[module]


def _plain(names: str) -> list[str]:
    """Return the names of an import list without parentheses, comments and `as`."""
    bare = re.sub(r"#[^\n]*", "", names).strip("() \t\n")
    return [name.split()[0] for name in bare.split(",") if name.split()]


@cache
def imports(text: str, module: str = "") -> frozenset[str]:
    """Return the modules a source text imports (`from a import b` may mean a.b: both are named).

    `module` is its own name, from which relative imports are counted.
    """
    found: set[str] = set()
    for package, names, plain in _IMPORT.findall(text):
        if plain:
            found.update(_plain(plain))
            continue
        origin = package.lstrip(".")
        if level := len(package) - len(origin):
            # A module and the package it is may both be meant: `.` is then one level less.
            bases = [".".join(module.split(".")[: len(module.split(".")) - up]) for up in (level, level - 1)]
            origins = [f"{base}.{origin}".strip(".") for base in bases if base]
        else:
            origins = [origin]
        for one in origins:
            found.add(one)
            found.update(f"{one}.{name}" for name in _plain(names))
    return frozenset(found)


def follow(module: str) -> None:
    """Count the package of `module` among those that hold kernels: a package with device families."""
    _roots.add(module.partition(".")[0])


def closure(module: str) -> dict[str, str]:
    """Return the texts of `module` and of every module that it imports, directly or not.

    Only eqchip, its own package and packages that are followed count; no other may hold kernels.
    """
    roots = _roots | {module.partition(".")[0]}
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.partition(".")[0] not in roots:
            continue
        text = _text(name)
        if not text:
            continue
        seen[name] = text
        waiting.extend(imports(text, name))
    return seen


def contribute(module: str, text: str) -> None:
    """Register generated source as the text of `module`, so that what imports it is keyed by it."""
    _texts[module] = text


def fingerprint(module: str) -> str:
    """Hash what the machine code of `module` depends on."""
    digest = hashlib.sha256(f"{numba.__version__} {numpy.__version__} {sys.version_info[:2]}".encode())
    for name, text in sorted(closure(module).items()):
        digest.update(f"\0{name}\0{text}".encode())
    return digest.hexdigest()[:16]


def _folder(module: str) -> Path | None:
    """Return (and create) the cache folder of a module; None when nothing can be written."""
    global _cold
    if module not in _folders:
        folder = cache_root() / f"{module}-{fingerprint(module)}"
        try:
            if not folder.exists():
                _cold = True
                folder.mkdir(parents=True, exist_ok=True)
                _prune(module)
            probe = folder / f".write-{os.getpid()}"
            probe.touch()
            probe.unlink()
        except OSError:
            _cold = True
            _folders[module] = None
        else:
            _folders[module] = folder
    return _folders[module]


def cache_folder() -> Path | None:
    """Return the folder compiled kernels are kept in; None when it cannot be written."""
    folder = _folder(__name__)
    return folder.parent if folder else None


def _prune(module: str) -> None:
    """Drop the oldest cache folders of a module, keeping the newest few (other versions may be in use)."""
    versions = [path for path in cache_root().glob(f"{module}-*") if path.name[len(module) + 1 :].isalnum()]
    versions.sort(key=lambda path: path.stat().st_mtime)
    for old in versions[:-_KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def cold() -> bool:
    """Say whether some kernel imported so far has no machine code on disk yet."""
    return _cold


class _Unhurried(event.Listener):  # type: ignore[misc]
    """Look for cyclic garbage more rarely while Numba compiles: its many small objects make that a tenth."""

    RARE = 100_000

    def __init__(self) -> None:
        self.lock = Lock()
        self.depth = 0
        self.before = gc.get_threshold()

    def on_start(self, happened: event.Event) -> None:
        with self.lock:
            if self.depth == 0:
                self.before = gc.get_threshold()
                if 0 < self.before[0] < self.RARE:  # 0: someone has switched it off
                    gc.set_threshold(self.RARE, *self.before[1:])
            self.depth += 1

    def on_end(self, happened: event.Event) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth == 0:
                gc.set_threshold(*self.before)


event.register("numba:compiler_lock", _Unhurried())


@contextmanager
def caching(module: str) -> Iterator[bool]:
    """Let Numba cache what is compiled or decorated inside in the folder of a module; whether it can."""
    folder = _folder(module)
    # Numba reads the cache folder from its configuration while it decorates, and only then.
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder) if folder else before
    try:
        yield folder is not None
    finally:
        numba.config.CACHE_DIR = before


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(
    *, inline: bool = False, inner: bool = False, fastmath: frozenset[str] = frozenset()
) -> Callable[[F], F]: ...
def kernel(
    function: F | None = None,
    *,
    inline: bool = False,
    inner: bool = False,
    fastmath: frozenset[str] = frozenset(),
) -> F | Callable[[F], F]:
    """Compile `function` on first call, cached on disk by everything it depends on.

    `fastmath` takes a subset of SAFE_MATH. `inline` marks a function so small that calling it costs
    more than its body. `inner` marks one that only kernels call: it is compiled without a door for Python.
    """
    if not fastmath <= SAFE_MATH:
        raise ValueError(f"unsafe floating-point flags {sorted(fastmath - SAFE_MATH)}")

    def decorate(target: F) -> F:
        options: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}
        if fastmath:
            options["fastmath"] = set(fastmath)
        if inline:
            options["forceinline"] = True
        if inner:
            options["no_cpython_wrapper"] = True
        with caching(target.__module__) as cached:
            compiled: Any = numba.njit(cache=cached, **options)(target)
        return compiled  # type: ignore[no-any-return]

    return decorate if function is None else decorate(function)
