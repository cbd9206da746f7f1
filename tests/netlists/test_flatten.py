"""Flat SPICE: what ngspice makes of it, against the same circuit before, and against a chip's equations."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from elaborated import circuit, with_ngspice
from eqchip.errors import InputError
from eqchip.netlists.circuit import Circuit
from eqchip.netlists.decompile import formula
from eqchip.netlists.elaborate import elaborate
from eqchip.netlists.flatten import flat_spice
from eqchip.netlists.formula import Source, Spot, Voltage, text
from eqchip.netlists.reader import parse, read
from spice_runs import TIGHT, needs_ngspice, spice

CASES = sorted((Path(__file__).parents[1] / "cases").glob("*.cir"))


def flat_run(found: Circuit, folder: Path) -> dict[str, np.ndarray]:
    """Run the export of a circuit in ngspice; its title line is left to `spice`."""
    return spice(flat_spice(found).split("\n", 1)[1].replace("\n.end\n", ""), folder)[0]


# Plain circuits: the same netlist, with its subcircuits and expressions, run by ngspice itself.
PLAIN = {
    "every element": """\
.param k=2
V1 a 0 DC 1 PULSE(0 1 1u 1n 1n 5u 20u)
R1 a b {k*1k} tc1=1m
C1 b 0 1n IC=0.3
L1 b c 1u
D1 c 0 dx area=2
E1 d 0 b c {k}
G1 0 d c 0 1m
F1 0 e V1 0.5
H1 f 0 V1 100
R2 d 0 1k
R3 e f 1k
I1 0 c SIN(0 1m 100k)
B1 g 0 V={k*tanh(v(b))+i(V1)*time}
R4 g 0 1k
.model dx D(is=1e-12 n=1.5 rs=2 cjo=1p vj=0.8 m=0.4)
.temp 40
.tran 10n 5u 0 10n
""",
    "subcircuits": """\
V1 in 0 2
X1 in mid amp A=3
X2 mid out amp
Rl out 0 10k
.global vcc
Vcc vcc 0 1
.subckt amp p q A=2
R1 p m 1k
E1 o 0 m 0 {A}
Vs o q 0
F1 0 m Vs {1/A}
Xd m clip
R2 m vcc 50k
.ends
.subckt clip n
.model dz D(is=1e-9)
D1 n 0 dz
D2 0 n dz
.ends
.op
""",
    "a sweep": "V1 a 0 1\nI1 0 b 0\nR1 a b 1k\nD1 b 0 dx\n.model dx D\n.dc V1 -1 2 0.25 I1 0 1m 0.5m\n",
    "initial voltages": "C1 a 0 1n\nR1 a b 1k\nC2 b 0 2n\n.ic v(a)=1 v(b)=-0.5\n.tran 10n 5u 0 10n uic\n",
    "every waveform": """\
V1 a 0 EXP(0 1 1u 1u 3u 1u)
V2 b 0 PWL(0 0 1u 1 2u -1 3u 0) r=0 td=0.5u
V3 c 0 SFFM(0 1 1meg 2 100k)
V4 d 0 SIN(0.1 1 1meg 0.2u 1e5 30)
R1 a 0 1
R2 b 0 1
R3 c 0 1
R4 d 0 1
.tran 10n 4u 0 10n
""",
    "functions": """\
V1 a 0 0.3
V2 b 0 -0.7
B1 c 0 V={pwl(v(b),-1,0,0,2,1,3)+u(v(a))+(v(a)>v(b) ? 1 : v(b))}
B2 d 0 V={-v(a)^2-(-v(b))^2*2+abs(v(b))-(v(a)-(v(b)-1))/(v(a)*(v(b)/2))+pow(v(a),2)+pwr(v(b),3)}
B3 e 0 V={min(v(a),v(b))*max(v(a),1)+sqrt(v(a))+ln(v(a))+log10(v(a))+exp(v(b))+(v(a)<1 && !(v(b)>0) ? 2 : 3)}
R1 c d 1
R2 e d 1
.op
""",
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=needs_ngspice) for name in PLAIN])
def test_ngspice_finds_the_same_in_the_flat_netlist(name: str, tmp_path: Path) -> None:
    cards = TIGHT.replace("reltol=1e-9", "reltol=1e-7") + PLAIN[name]
    (direct,) = spice(cards, tmp_path)
    flat = flat_run(circuit(cards), tmp_path)
    assert set(direct) == set(flat)
    axis = next(iter(direct))
    assert len(direct[axis]) == len(flat[axis])
    for column, wanted in direct.items():
        assert flat[column] == pytest.approx(wanted, rel=1e-6, abs=1e-9), column


@pytest.mark.parametrize("path", [pytest.param(path, marks=needs_ngspice, id=path.stem) for path in CASES])
def test_the_cases_come_to_the_same(path: Path, tmp_path: Path) -> None:
    (direct,) = spice(path.read_text().split("\n", 1)[1].replace(".end\n", ""), tmp_path)
    flat = flat_run(elaborate(read(path)), tmp_path)
    for column, wanted in direct.items():
        assert len(flat[column]) == len(wanted)
        assert flat[column] == pytest.approx(wanted, rel=1e-6, abs=1e-9), column


@with_ngspice
def test_functions_that_ngspice_lacks_are_written_in_those_it_has(tmp_path: Path) -> None:
    cards = "V1 a 0 0.3\nB1 b 0 V={limit(v(a),0,0.2)+10*int(-9*v(a))+if(v(a)<1,100,200)}\nR1 b 0 1\n"
    assert flat_run(circuit(cards), tmp_path)["v(b)"][0] == pytest.approx(0.2 - 20 + 100, rel=1e-12)


def test_every_number_reads_back_to_the_same_float() -> None:
    cards = (
        "R1 a 0 {1/3}\nC1 a 0 10u ic=0.1\nV1 b 0 SIN(0 0.1 {1e3/7})\nB1 a 0 I={v(a)*0.1/3}\n.tran 1u {1/3}\n"
    )
    found = circuit(cards)
    again = elaborate(parse(flat_spice(found)))
    for before, after in zip(found.instances, again.instances, strict=True):
        assert before.values == after.values
        assert before.waveform == after.waveform
        assert (before.program and before.program.code) == (after.program and after.program.code)
    assert found.analyses == again.analyses
    assert found.nodes == again.nodes


@given(
    st.recursive(
        st.sampled_from(["v(a)", "v(b)", "2.5", "time"]),
        lambda inner: st.one_of(
            st.tuples(
                inner, st.sampled_from(["+", "-", "*", "/", "^", "<", ">=", "==", "&&", "||"]), inner
            ).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
            inner.map(lambda x: f"-({x})"),
            inner.map(lambda x: f"!({x})"),
            inner.map(lambda x: f"tanh({x})"),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]}) ? ({t[1]}) : ({t[2]})"),
            inner.map(lambda x: f"pwl({x}, 0, 1, 2, 3)"),
            st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]})"),
        ),
        max_leaves=12,
    )
)
def test_a_program_is_a_formula_again(said: str) -> None:
    cards = "R1 a b 1\nR2 b 0 1\nB1 a 0 I={%s}\n"
    program = circuit(cards % said).instances[2].program
    assert program is not None
    names = [["0", "a", "b"][int(node)] for node in program.controls]  # type: ignore[arg-type]
    again = text(formula(program.code, lambda k: Voltage(names[k], None, Spot(Source("")))))
    repeated = circuit(cards % again).instances[2].program
    assert repeated is not None
    assert repeated.code == program.code


def test_buses_are_written_out() -> None:
    found = circuit(".bus h[3]\nRl h 0 1k\nV1 h[0] 0 1\nX1 h s\n.subckt s p\nR1 p i 2\nC1 i 0 1\n.ends\n")
    lines = flat_spice(found).splitlines()
    assert [one for one in lines if one.startswith("Rl")] == [f"Rl[{k}] h[{k}] 0 1000" for k in range(3)]
    assert "R.X1.R1[2] h[2] X1.i[2] 2" in lines
    assert lines[-2:] == [".op", ".end"]


@with_ngspice
def test_ngspice_runs_buses(tmp_path: Path) -> None:
    cards = (
        ".bus x[3] h[2]\nV1 x[0] 0 1\nV2 x[1:2] 0 2\nYxh x h rx\n.set Yxh[1,0].r=500\nRl h 0 1k\n"
        "V3 h[0] s 0\nRs s 0 1k\nB1 h[1] 0 I={1e-4*v(h[0])*i(V3)}\n.model rx R(r=1k)\n"
    )
    volts = flat_run(circuit(cards), tmp_path)
    # Node h[0]: to 1 V and 2 V through 1 kΩ, to 2 V through 500 Ω, to ground twice through 1 kΩ.
    first = (1 + 2 + 2 * 2) / (1 + 1 + 2 + 2)
    assert volts["v(h[0])"][0] == pytest.approx(first, rel=1e-9)
    drawn = 1e-4 * first * (first / 1e3)
    assert volts["v(h[1])"][0] == pytest.approx((1 + 2 + 2 - 1e3 * drawn) / 4, rel=1e-9)


ACTIVITIES = {
    "linear": (lambda s: s, lambda s: np.ones_like(s)),
    "tanh": (np.tanh, lambda s: 1 - np.tanh(s) ** 2),
    "sigmoid": (lambda s: 1 / (1 + np.exp(-s)), lambda s: np.exp(-s) / (1 + np.exp(-s)) ** 2),
    "softplus": (lambda s: np.log1p(np.exp(s)), lambda s: 1 / (1 + np.exp(-s))),
}


def chip(activation: str, drive: str, direction: str = "tied") -> Circuit:
    """Return a chip with weights and biases of its own, and data at its inputs."""
    random = np.random.default_rng(7)
    cards = (
        ".bus x[2] h[3] y[2]\n.model syn synapse(gunit=2u)\n.model own synapse\n"
        f".model cell neuron(gleak=1.5u vunit=0.8 activation={activation} drive={drive}\n"
        "+ slope=1.3 shift=0.2)\n"
        f".model out neuron(gleak=0.7u activation=linear drive={drive})\n"
        f"Yxh x h syn dir={direction}\nYhh h h own\nYhy h y own dir={direction}\n"
        "Nh h cell\nNy y out bias=0.3\n"
        ".input x\n.set v_x.dc=0.9\n"
    )
    found = circuit(cards)
    for name, shape in (("Yxh", (2, 3)), ("Yhh", (3, 3)), ("Yhy", (3, 2))):
        weights = random.uniform(-0.6, 0.6, shape)
        instance = found.instance(name)
        assert instance is not None
        instance.values["w"] = weights + weights.T if name == "Yhh" else weights
    hidden = found.instance("Nh")
    assert hidden is not None
    hidden.values["bias"] = random.uniform(-1, 1, 3)
    return found


def excess(
    found: Circuit, volts: dict[str, np.ndarray], activation: str, drive: str, direction: str
) -> np.ndarray:
    """Return the current into each neuron that nothing takes up, in units of its leak, from the equations."""
    weights = {one.name: np.asarray(one.values.get("w", 0.0)) for one in found.instances}
    bias = np.asarray(found.instance("Nh").values["bias"])  # type: ignore[union-attr]
    x, h, y = (
        np.array([volts[f"v({b}[{k}])"][0] for k in range(n)]) for b, n in (("x", 2), ("h", 3), ("y", 2))
    )
    rho, slope = ACTIVITIES[activation]
    z = 1.3 * (h / 0.8 - 0.2) if activation != "linear" else h / 0.8
    activity = rho(z)
    gain = (1.3 if activation != "linear" else 1.0) * slope(z) if drive == "energy" else np.ones(3)
    own = weights["Yhh"] - np.diag(np.diag(weights["Yhh"]))
    forth, back = direction != "backward", direction != "forward"
    into_h = 2e-6 * forth * (weights["Yxh"].T @ x) + 1.5e-6 * 0.8 * (own @ activity)
    into_h += 0.7e-6 * back * (weights["Yhy"] @ y) + 1.5e-6 * 0.8 * bias
    into_y = 0.7e-6 * 0.8 * forth * (weights["Yhy"].T @ activity) + 0.7e-6 * 0.3
    return np.concatenate([(into_h * gain - 1.5e-6 * h) / 1.5e-6, (into_y - 0.7e-6 * y) / 0.7e-6])


CHIPS = [
    *((activation, drive, "tied") for activation in ACTIVITIES for drive in ("energy", "direct")),
    ("tanh", "energy", "forward"),
    ("tanh", "energy", "backward"),
]


@pytest.mark.parametrize(
    ("activation", "drive", "direction"), [pytest.param(*one, marks=needs_ngspice) for one in CHIPS]
)
def test_a_chip_settles_where_its_equations_say(
    activation: str, drive: str, direction: str, tmp_path: Path
) -> None:
    found = chip(activation, drive, direction)
    found.options.update(reltol=1e-9, abstol=1e-18, vntol=1e-12)
    volts = flat_run(found, tmp_path)
    assert np.abs(excess(found, volts, activation, drive, direction)).max() < 1e-8
    assert np.abs(volts["v(h[0])"][0]) > 1e-3


@with_ngspice
def test_clamped_activations_stay_within_their_bounds(tmp_path: Path) -> None:
    cards = (
        ".bus x[1] h[3]\n.model s synapse\n.model c neuron(activation=hardsigmoid vunit=0.5)\n"
        ".model r neuron(activation=relu)\nYxh x h s\nNh h[0:1] c\nNr h[2] r\n.input x\n.set v_x.dc=1\n"
        ".set Yxh[0,0].w=3 Yxh[0,1].w=0.25 Yxh[0,2].w=-2\n"
    )
    volts = flat_run(circuit(cards), tmp_path)
    states = [volts[f"v(h[{k}])"][0] for k in range(3)]
    # 3 V drives the first against its bound vunit, 0.25 V the second inside, −2 V the third against 0.
    assert states == pytest.approx([0.5, 0.25, 0.0], abs=1e-6)


@with_ngspice
def test_a_neuron_has_its_time_constant(tmp_path: Path) -> None:
    found = circuit(
        "N1 n cell\n.model cell neuron(c=2p gleak=1u activation=tanh)\n.ic v(n)=1\n.tran 10n 8u 0 10n uic\n"
    )
    plot = flat_run(found, tmp_path)
    assert plot["v(n)"] == pytest.approx(np.exp(-plot["time"] / 2e-6), abs=2e-3)


def test_what_has_no_spice_form_is_refused() -> None:
    def export(cards: str) -> None:
        flat_spice(circuit(cards))

    with pytest.raises(InputError, match="Yxh has no weights to export"):
        export(".bus x[1] h[1]\n.model s synapse\n.model c neuron\nYxh x h s\nNh h c\n")
    with pytest.raises(InputError, match="a sweep of V1, 2 sources, has no SPICE form"):
        export(".bus x[2]\nV1 x 0 1\n.dc V1 0 1 1\n")


def test_names_that_no_expression_can_hold_are_changed_and_told() -> None:
    lines = flat_spice(circuit("R1 in+ a_b 1\nR2 a-b 0 1\nB1 in+ 0 I={v(in+)}\n")).splitlines()
    assert "* node in+ is written in_" in lines
    assert "* node a-b is written a_b_2" in lines
    assert "B1 in_ 0 I={v(in_)}" in lines
