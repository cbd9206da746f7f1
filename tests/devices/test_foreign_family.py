"""A family of another package: found by its entry point, compiled in, and again after an edit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

CUBIC = """
from eqchip.devices.family import Family
from eqchip.kernels import kernel

from .strength import current


def prepare(given):
    return given.values["k"][:, None]


@kernel
def law(u, p, d, m, i, q, g, c):
    drop = u[0] - u[1]
    i[0] = current(p[0], drop)
    i[1] = -i[0]
    slope = 3.0 * i[0] / drop
    g[0, 0], g[0, 1], g[1, 0], g[1, 1] = slope, -slope, -slope, slope
    return 0


from eqchip.devices.parameter import Parameter

CUBIC = Family(
    name="cubic conductor",
    text="i = k·v³",
    letters=("Z",),
    terminals=("a", "b"),
    parameters=(Parameter("k", "A/V³", 1.0, "strength"),),
    law=law,
    prepare=prepare,
)
"""

STRENGTH = """
from eqchip.kernels import kernel


@kernel
def current(k, v):
    return k * v**3
"""

RUN = """
import numpy as np
from eqchip.devices import dispatch
from eqchip.devices.families import FAMILIES, families_by_letter
from eqchip.devices.family import Settings
from eqchip.devices.graph import Graph

cubic = families_by_letter()["Z"][0]
own = FAMILIES.index(cubic)
p = cubic.prepare(cubic.resolve(1, {"k": 2.0}, Settings()))[0]
counts = np.zeros(len(FAMILIES) + 1, dtype=np.int64)
counts[own + 1 :] = 1  # one element, of this family
graph = Graph(
    family=counts,
    pin_start=np.array([0, 2]),
    pins=np.array([0, 1]),
    rows=np.array([2]),
    entry_start=np.array([0, 4]),
    entries=np.array([0, 1, 2, 3]),
    value_start=np.array([0, 1]),
    values=p,
    memory_start=np.array([0, 0]),
    width=2,
    laws=np.zeros(0, dtype=np.int64),
)
f, q, jg, jc = np.zeros(2), np.zeros(2), np.zeros(4), np.zeros(4)
dispatch.load(dispatch.link(graph), np.array([3.0, 1.0]), np.zeros(1), np.zeros(0), f, q, jg, jc)
print(*f, *jg)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "site" / "foreign_parts"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "cubic.py").write_text(CUBIC, encoding="utf-8")
    (folder / "strength.py").write_text(STRENGTH, encoding="utf-8")
    information = tmp_path / "site" / "foreign_parts-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-parts\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[eqchip.families]\ncubic = foreign_parts.cubic:CUBIC\n")
    return folder


def run(package: Path, code: str = RUN) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "src"), str(package.parent)]),
        "EQCHIP_CACHE_DIR": str(package.parents[1] / "cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


def numbers(package: Path) -> list[float]:
    done = run(package)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def test_it_joins_the_dispatcher_and_follows_its_edits(package: Path) -> None:
    # 2·(3 − 1)³ = 16 A, slope 3·2·2² = 24 S
    assert numbers(package) == pytest.approx([16.0, -16.0, 24.0, -24.0, -24.0, 24.0])
    file = package / "strength.py"
    file.write_text(STRENGTH.replace("k * v**3", "10.0 * k * v**3"), encoding="utf-8")
    assert numbers(package) == pytest.approx([160.0, -160.0, 240.0, -240.0, -240.0, 240.0])


def test_a_name_that_is_taken_is_refused(package: Path) -> None:
    file = package / "cubic.py"
    file.write_text(CUBIC.replace("cubic conductor", "resistor"), encoding="utf-8")
    done = run(package)
    assert "ValueError: entry point eqchip.families: the name 'resistor' is taken" in done.stderr


def test_what_is_no_family_is_refused(package: Path) -> None:
    file = package / "cubic.py"
    file.write_text(CUBIC + "\nCUBIC = 3\n", encoding="utf-8")
    done = run(package)
    assert "TypeError: entry point eqchip.families: 3 is not a Family" in done.stderr
