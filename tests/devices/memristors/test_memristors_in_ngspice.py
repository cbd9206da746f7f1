"""The same equations in ngspice: a subcircuit for each law, the state the voltage of a capacitor of 1 F.

Written from the papers' equations in their own variables (w in metres, the gap in metres), not from ours.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulated import simulated
from spice_runs import needs_ngspice, spice

#: Per law: our model; a subcircuit `mem p n` whose node `x` is the state; amplitude, period, x0.
PAIRS: dict[str, tuple[str, str, float, float, float]] = {
    "vteam": (
        "vteam(kon=-0.1m koff=5u)",
        """.subckt mem p n x
.param won=0 woff=3n w0={0.6*3n}
Bw 0 w I={v(p,n) > 0.02 ? 5e-6*(v(p,n)/0.02-1)/woff : (v(p,n) < -0.2 ? -1e-4*(v(p,n)/(-0.2)-1)^3/woff : 0)}
Cw w 0 1
.ic v(w)=0.6
Bm p n I={v(p,n)/(50+950*v(w))}
Bx x 0 V={1-v(w)}
.ends""",
        0.3,
        1e-5,
        0.4,
    ),
    "yakopcic": (
        "yakopcic",
        """.subckt mem p n x
.func push(v) {v > 0.16 ? 4000*(exp(v)-exp(0.16)) : (v < -0.15 ? 4000*(exp(0.15)-exp(0-v)) : 0)}
Bu up 0 V={v(s) < 0.3 ? 1 : exp(0.3-v(s))*((0.3-v(s))/0.7+1)}
Bd down 0 V={v(s) > 0.5 ? 1 : exp(5*(v(s)-0.5))*v(s)/0.5}
Bs 0 s I={push(v(p,n))*(v(p,n) > 0 ? v(up) : v(down))}
Cs s 0 1
.ic v(s)=0.11
Bm p n I={0.17*v(s)*sinh(0.05*v(p,n))}
Bx x 0 V={v(s)}
.ends""",
        0.45,
        1e-2,
        0.11,
    ),
    "metastable": (
        "mms(phi=0.8 sfa=8e-4 sfb=4 sra=8e-4 srb=4 temp=25.35)",
        """.subckt mem p n x
.param vt={1.38064852e-23*298.5/1.6021766208e-19}
.func on(v) {1/(1+exp(-(v-0.27)/vt))}
.func off(v) {1-1/(1+exp(-(v+0.27)/vt))}
Bs 0 s I={(on(v(p,n))*(1-v(s))-off(v(p,n))*v(s))/1e-4}
Cs s 0 1
.ic v(s)=0.5
Bm p n I={0.8*v(p,n)*(v(s)/500+(1-v(s))/1500)+0.2*8e-4*(exp(4*v(p,n))-exp(-4*v(p,n)))}
Bx x 0 V={v(s)}
.ends""",
        0.6,
        1e-3,
        0.5,
    ),
    "stanford": (
        "stanford",
        """.subckt mem p n x
.param kq={1.38064852e-23/1.6021766208e-19}
Bi i 0 V={1e-3*exp(-v(gap)/0.25)*sinh(v(p,n)/0.25)}
Bt t 0 V={kq*(298+2.1e3*abs(v(p,n)*v(i)))}
Bg gap 0 V={1.7-1.5*v(s)}
Bs 0 s I={10*exp(-0.6/v(t))*sinh((16-0.8*v(gap)^3)*(0.25/12)*v(p,n)/v(t))/1.5e-9}
Cs s 0 1
.ic v(s)=0.5
Bm p n I={v(i)}
Bx x 0 V={v(s)}
.ends""",
        1.25,
        1e-6,
        0.5,
    ),
    "linear drift, Biolek's window": (
        "hp(ron=100 roff=1k mu=4e-14 d=16n window=biolek p=7)",
        """.subckt mem p n x
.func i(v,y) {v/(100*y+1000*(1-y))}
.func f(y,c) {1-((y-(c > 0 ? 0 : 1))^2)^7}
Bs 0 s I={4e-14*100/(16e-9)^2*i(v(p,n),v(s))*f(v(s),v(p,n))}
Cs s 0 1
.ic v(s)=0.3
Bm p n I={i(v(p,n),v(s))}
Bx x 0 V={v(s)}
.ends""",
        1.0,
        0.2,
        0.3,
    ),
    "tungsten oxide": (
        "umich",
        """.subckt mem p n x
Bs 0 s I={4.5*(4e-3*sinh(4*v(p,n))-v(s)/10)}
Cs s 0 1
.ic v(s)=0.4
Bm p n I={(1-v(s))*5e-7*(1-exp(-0.5*v(p,n)))+v(s)*4e-6*sinh(2*v(p,n))}
Bx x 0 V={v(s)}
.ends""",
        0.8,
        1.0,
        0.4,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
class TestNgspice:
    pytestmark = needs_ngspice

    def test_state_and_current_agree(self, name: str, tmp_path: Path) -> None:
        model, subcircuit, volts, period, x0 = PAIRS[name]
        source = f"V1 a 0 sin(0 {volts} {1 / period})\nR1 a b 20\n"
        tran = f".tran {period / 1000} {2 * period} 0 {period / 1000}"
        theirs = spice(
            f".options reltol=1e-6 vntol=1e-9 abstol=1e-14\n{source}X1 b 0 x mem\n{subcircuit}\n{tran}",
            tmp_path,
        )[0]
        (ours,) = simulated(
            f".options reltol=1e-6\n{source}.model m {model}\nP1 b 0 m x0={x0}\n{tran}",
        )
        x = np.interp(ours.axis, theirs["time"], theirs["v(x)"])
        assert np.ptp(x) > 0.1
        np.testing.assert_allclose(ours["x(p1)"], x, atol=4e-4)
        current = np.interp(ours.axis, theirs["time"], theirs["i(v1)"])
        np.testing.assert_allclose(ours["i(v1)"], current, atol=1.5e-3 * np.max(np.abs(current)))
