"""The kernel cache: keyed by everything a kernel depends on, and harmless where it cannot be written."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import TypingError
from numba.core import event

from eqchip import kernels
from eqchip.kernels import closure, contribute, fingerprint, imports, kernel

REPOSITORY = Path(__file__).parents[1]


def python(code: str, *path: Path, cache: Path | str, **environment: str) -> str:
    """Run code in a fresh interpreter and return what it printed."""
    given = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "EQCHIP_CACHE_DIR": str(cache),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NUMBA_DISABLE_JIT": "0",
        **environment,
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=given,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the package that a test may edit."""
    target = tmp_path / "copy" / "eqchip"
    source = REPOSITORY / "src" / "eqchip"
    shutil.copytree(
        source, target, ignore=shutil.ignore_patterns("__pycache__", "cli", "netlists", "simulator")
    )
    assert (target / "devices" / "circuit" / "junction.py").is_file()
    return target


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")


class TestImports:
    def test_every_way_to_write_an_import_is_seen(self) -> None:
        text = """
import eqchip.units
import numpy as np, eqchip.threads as policy
from eqchip import errors
from eqchip.devices.circuit import (
    diode,  # the junction
    resistor as r,
)
def late():
    from eqchip.devices import graph  # only here
"""
        found = imports(text)
        for name in (
            "eqchip.units",
            "eqchip.threads",
            "eqchip.errors",
            "eqchip.devices.circuit",
            "eqchip.devices.circuit.diode",
            "eqchip.devices.circuit.resistor",
            "eqchip.devices.graph",
        ):
            assert name in found, name

    def test_relative_imports_are_counted_from_the_module_or_the_package(self) -> None:
        assert "parts.laws" in imports("from .laws import f", "parts.cubic")
        assert "parts.laws" in imports("from .laws import f", "parts")
        assert "parts.laws" in imports("from . import laws", "parts.cubic")
        assert "parts.laws" in imports("from ..laws import f", "parts.inner.cubic")

    def test_the_closure_reaches_what_is_imported_through_others(self) -> None:
        reached = closure("eqchip.devices.circuit.diode")
        assert "eqchip.devices.circuit.junction" in reached
        assert "eqchip.devices.circuit.thermal" in reached  # through junction
        assert "eqchip.kernels" in reached
        assert "eqchip.devices.synapses.synapse" not in reached
        assert not any(name.startswith(("numpy", "numba")) for name in reached)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two modules that exist as texts only: `eqchip.demo_outer` imports `eqchip.demo_inner`."""
    monkeypatch.setattr(kernels, "_texts", dict(kernels._texts))
    contribute("eqchip.demo_inner", "x = 1\n")
    contribute("eqchip.demo_outer", "from eqchip.demo_inner import x\n")
    contribute("eqchip.demo_other", "y = 1\n")


class TestFingerprint:
    def test_it_follows_the_text_of_what_is_imported(self, demo: None) -> None:
        before = fingerprint("eqchip.demo_outer")
        contribute("eqchip.demo_inner", "x = 2\n")
        assert fingerprint("eqchip.demo_outer") != before

    def test_it_ignores_everything_else(self, demo: None) -> None:
        before = fingerprint("eqchip.demo_outer")
        contribute("eqchip.demo_other", "y = 2\n")
        assert fingerprint("eqchip.demo_outer") == before

    def test_import_rings_end(self, demo: None) -> None:
        contribute("eqchip.demo_inner", "from eqchip.demo_outer import x\n")
        assert set(closure("eqchip.demo_outer")) == {"eqchip.demo_outer", "eqchip.demo_inner"}

    def test_the_command_line_recompiles_no_device(self) -> None:
        assert not any(name.startswith("eqchip.cli") for name in closure("eqchip.devices.families"))


LAW = """
import numpy as np
from eqchip.devices.neurons.leaky import NEURON
from eqchip.devices.family import Settings
given = {"activation": "relu", "bias": 0.1, "gleak": 1.0}
p = NEURON.prepare(NEURON.resolve(1, given, Settings()))[0]
i, q, g, c = np.zeros(1), np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1))
NEURON.law(np.array([0.5]), p, np.zeros(1), np.zeros(0), i, q, g, c)
print(repr(float(i[0])))
"""  # 0.5 V − bias 0.1 · ρ′


def test_an_edit_of_a_module_a_kernel_calls_into_changes_its_result(copied: Path, tmp_path: Path) -> None:
    """numba's own cache serves the old current here: leaky.py, whose kernel it is, did not change."""
    cache = tmp_path / "cache"
    for _ in range(2):
        assert float(python(LAW, copied.parent, cache=cache)) == pytest.approx(0.4)
    edit(
        copied / "devices" / "node_law.py",
        "return 1.0 if s >= 0.0 else 0.0",
        "return 3.0 if s >= 0.0 else 0.0",
    )
    assert float(python(LAW, copied.parent, cache=cache)) == pytest.approx(0.2)


def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    ask = LAW + "from eqchip.kernels import cold\nprint(cold(), NEURON.law.stats.cache_hits.total())"
    source = REPOSITORY / "src"
    assert python(ask, source, cache=cache).splitlines()[1] == "True 0"
    assert python(ask, source, cache=cache).splitlines()[1] == "False 1"


def test_without_a_cache_that_can_be_written_it_compiles_and_works(tmp_path: Path) -> None:
    file = tmp_path / "not-a-folder"
    file.touch()
    source = REPOSITORY / "src"
    assert float(python(LAW, source, cache=file / "below")) == pytest.approx(0.4)
    assert not (file / "below").exists()


def test_a_read_only_cache_is_left_alone(tmp_path: Path) -> None:
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("needs a user whom permissions bind")
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o555)
    python(LAW, REPOSITORY / "src", cache=cache)
    assert not list(cache.iterdir())


def test_with_the_jit_off_the_same_numbers_come_out(tmp_path: Path) -> None:
    source = REPOSITORY / "src"
    compiled = float(python(LAW, source, cache=tmp_path / "cache"))
    assert float(python(LAW, source, cache=tmp_path / "plain", NUMBA_DISABLE_JIT="1")) == pytest.approx(
        compiled
    )


def test_old_versions_of_a_cache_are_dropped_but_not_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQCHIP_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(kernels, "_texts", dict(kernels._texts))

    def demo(x: float) -> float:
        return x + 1.0

    demo.__module__ = "eqchip.demo"
    others = tmp_path / "eqchip.demonstration-0123456789abcdef"
    others.mkdir()
    made = []
    for version in range(8):
        monkeypatch.setattr(kernels, "_folders", {})
        contribute("eqchip.demo", f"version = {version}\n")
        kernel(demo)
        newest = tmp_path / f"eqchip.demo-{fingerprint('eqchip.demo')}"
        os.utime(newest, (version, version))
        made.append(newest)
    left = [folder for folder in made if folder.exists()]
    assert left == made[-5:]
    assert others.exists()


def test_flags_that_assume_away_nan_are_refused() -> None:
    with pytest.raises(ValueError, match=r"unsafe floating-point flags \['nnan'\]"):
        kernel(fastmath=frozenset({"nnan"}))


@pytest.mark.skipif(bool(kernels.numba.config.DISABLE_JIT), reason="plain Python raises ZeroDivisionError")
def test_division_follows_ieee() -> None:
    @kernel
    def divide(a: float, b: float) -> float:
        return a / b

    assert divide(1.0, 0.0) == np.inf
    assert np.isnan(divide(0.0, 0.0))


@pytest.mark.skipif(bool(kernels.numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_the_garbage_collector_is_left_as_it_was() -> None:
    """While a kernel is compiled it may run more rarely; after that, also after a failure, as before."""
    seen = []

    @kernel
    def fails(x: float) -> float:
        return x + "a"  # type: ignore[operator]

    @kernel
    def adds(x: float) -> float:
        return x + 1.0

    class Watch(event.Listener):  # type: ignore[misc]
        def on_start(self, happened: object) -> None:
            seen.append(gc.get_threshold()[0])

        def on_end(self, happened: object) -> None: ...

    before = gc.get_threshold()
    gc.set_threshold(321, 7, 9)
    try:
        assert adds(1.0) == 2.0
        with event.install_listener("numba:compile", Watch()):
            adds.recompile()  # an earlier run of this test may have left it in the cache
        assert seen
        assert min(seen) > 321
        assert gc.get_threshold() == (321, 7, 9)
        with pytest.raises(TypingError):
            fails(1.0)
        assert gc.get_threshold() == (321, 7, 9)
    finally:
        gc.set_threshold(*before)
