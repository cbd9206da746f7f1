"""Raw files read back as written; those of ngspice read; what is none is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from eqchip.errors import InputError
from eqchip.simulator.exchange import ngspice
from eqchip.simulator.exchange.raw import Plot, read_raw, write_raw


def test_several_plots_read_back_to_the_last_bit(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    plots = [
        Plot("Operating Point", {"v(a)": draw.normal(size=1), "i(v1)": draw.normal(size=1)}, "one"),
        Plot("Transient Analysis", {"time": np.arange(7.0), "v(a)": draw.normal(size=7)}, "two"),
    ]
    write_raw(tmp_path / "x.raw", plots)
    back = read_raw(tmp_path / "x.raw")
    assert [(plot.name, plot.title, list(plot.columns)) for plot in back] == [
        (plot.name, plot.title, list(plot.columns)) for plot in plots
    ]
    for was, now in zip(plots, back, strict=True):
        for name in was.columns:
            np.testing.assert_array_equal(was.columns[name], now.columns[name])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"not a raw file", "not a raw file"),
        (b"", "holds no plot"),
        (
            b"Title: a\nFlags: complex\nNo. Variables: 1\nNo. Points: 1\nVariables:\n\t0\tv\tv\nBinary:\n",
            "complex",
        ),
        (
            b"Title: a\nFlags: real\nNo. Variables: 1\nNo. Points: 9\nVariables:\n\t0\tv\tv\nBinary:\n1234",
            "cut off",
        ),
        (b"Title: a\nFlags: real\nNo. Points: 9\nVariables:\n\t0\tv\tv\nBinary:\n1234", "not a raw file"),
        (
            b"Title: a\nNo. Variables: 3\nNo. Points: 0\nVariables:\n\t0\tv\tv\nBinary:\n",
            "3 variables are announced",
        ),
    ],
)
def test_what_is_no_raw_file_is_refused_with_the_reason(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x.raw"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_raw(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.raw cannot be read"):
        read_raw(tmp_path / "nowhere.raw")


@pytest.mark.ngspice
@pytest.mark.skipif(ngspice.available() is None, reason="ngspice is not installed")
def test_ngspice_divides_a_voltage() -> None:
    (plot,) = ngspice.run("divider\nV1 a 0 3\nR1 a b 1k\nR2 b 0 2k\n.op\n.end\n", tight=True)
    assert plot.columns["v(b)"] == pytest.approx(2.0, rel=1e-9)


@pytest.mark.ngspice
@pytest.mark.skipif(ngspice.available() is None, reason="ngspice is not installed")
def test_a_circuit_without_solution_fails_with_what_ngspice_said() -> None:
    with pytest.raises(ngspice.NgspiceFailed, match="no answer"):
        ngspice.run("loop\nV1 a 0 1\nV2 a 0 2\n.op\n.end\n")
