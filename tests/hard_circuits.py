"""Circuits on which simulators go wrong: edges of waveforms, loops and islands, stiff and unstable ones."""

from __future__ import annotations

D = "\n.model d D(Is=1e-14 Cjo=4p TT=5n Rs=1)"
PLAIN = "\n.model d D(Is=1e-14)"
RC = "\nR1 a b 1k\nC1 b 0 1n\n"

#: Operating points and sweeps.
STATIC = {
    "reversed diodes in series": f"V1 a 0 -10\nD1 a b d\nD2 b c d\nD3 c 0 d{PLAIN}\n.op",
    "diodes back to back": f"V1 a 0 5\nD1 a b d\nD2 c b d\nD3 c 0 d{PLAIN}\n.dc V1 -5 5 0.5",
    "a ladder of 25 diodes": "V1 1 0 0\n"
    + "".join(f"D{k} {k} {k + 1} d\n" for k in range(1, 26))
    + f"R1 26 0 1k{PLAIN}\n.dc V1 0 40 2",
    "an ampere through ten diodes": "I1 0 1 1\n"
    + "".join(f"D{k} {k} {k + 1} d\n" for k in range(1, 11))
    + f"R1 11 0 1m{PLAIN}\n.op",
    "forty resistors and diodes": "I1 0 1 1m\n"
    + "".join(f"R{k} {k} {k + 1} 100\nD{k} {k + 1} 0 d\n" for k in range(1, 40))
    + f"{PLAIN}\n.op",
    "ten zeners in series": "V1 1 0 120\nR1 1 2 4.7k\n"
    + "".join(f"D{k} {k + 3} {k + 2} d\n" for k in range(10))
    + "R2 12 0 1\n.model d D(Is=1e-14 Bv=5.6 Ibv=5m)\n.op",
    "a zener swept through its breakdown": "V1 a 0 0\nR1 a b 1k\nD1 0 b d\n"
    ".model d D(Is=1e-14 Bv=5.1 Ibv=1m)\n.dc V1 -2 10 0.1",
    "large gmin": f"V1 a 0 -10\nD1 a b d\nR1 b 0 1k{PLAIN}\n.options gmin=1e-6\n.op",
    "tiny gmin": f"V1 a 0 5\nR1 a b 1k\nD1 b c d\nD2 c 0 d{PLAIN}\n.options gmin=1e-15\n.op",
    "hot": "V1 a 0 1\nR1 a b 1k tc1=1e-3 tc2=1e-6\nD1 b 0 d\n.model d D(Is=1e-14 Xti=3)\n.temp 85\n.op",
    "cold": "V1 a 0 1\nR1 a b 1k tc1=1e-3\nD1 b 0 d\n.model d D\n.options temp=-40\n.dc V1 -1 1 0.1",
    "an operational amplifier": "V1 a 0 1\nR1 a m 1k\nR2 m o 10k\nE1 o 0 0 m 1e6\n.op",
    "a saturated amplifier": "V1 a 0 0\nR1 a m 1k\nR2 m o 10k\nB1 o 0 V={12*tanh(-1e5*v(m)/12)}\n"
    ".dc V1 -2 2 0.25",
    "chained voltage sources": "V1 a 0 1\nE1 b 0 a 0 2\nE2 c 0 b 0 -3\nV2 d c 1\nR1 b d 1k\nR2 d 0 1k\n.op",
    "a floating source": "V1 a b 5\nR1 a 0 1k\nR2 b 0 3k\n.op",
    "negative resistance": "V1 a 0 1\nR1 a b 1k\nR2 b 0 -500\n.op",
    "currents that control each other": "V1 a 0 1\nVs a b 0\nR1 b c 1k\nH1 c 0 Vs -1.5k\nF1 0 d Vs 2\n"
    "R2 d 0 1k\n.op",
    "a tunnel diode": "V1 a 0 0\nR1 a b 100\nB1 b 0 I={1e-3*(5*v(b)-12*v(b)^2+9*v(b)^3)}\n.dc V1 0 1 0.02",
    "an exponential of its own": "V1 a 0 2\nR1 a b 1k\nB1 b 0 I={1e-14*(exp(v(b)/0.02585)-1)}\n.op",
    "a latch with a guess": "B1 a 0 V={tanh(-4*v(d))}\nR1 a c 1k\nB2 b 0 V={tanh(-4*v(c))}\nR2 b d 1k\n"
    "R3 c 0 1meg\nR4 d 0 1meg\n.nodeset v(c)=0.9 v(d)=-0.9\n.op",
    "two sweeps": f"V1 a 0 0\nI2 0 b 0\nR1 a b 1k\nD1 b 0 d{PLAIN}\n.dc V1 0 2 0.25 I2 -1m 1m 0.5m",
    "a sweep that ends between its steps": f"V1 a 0 0\nR1 a b 1k\nD1 b 0 d{PLAIN}\n.dc V1 1 -1 -0.3",
    "waveforms at DC": "V1 a 0 EXP(0.3 1)\nV2 b a PULSE(0.2 1)\nV3 c b DC 2 SIN(0 1 1k)\n"
    "V4 d c PWL(0 1 1 2)\nR1 d 0 1k\n.op",
}

#: Transients: cards, and what follows .tran.
TRANSIENT = {
    "a pulse of no rise time": ("V1 a 0 PULSE(0 1 1u 0 0 3u 10u)" + RC, "0.1u 20u"),
    "a pulse of no period": ("V1 a 0 PULSE(0 1 1u 1n 1n 3u 0)" + RC, "0.1u 20u"),
    "a pulse of two numbers": ("V1 a 0 PULSE(0 1)" + RC, "0.1u 20u"),
    "two pulses": ("V1 a 0 PULSE(0 1 1u 1u 1u 2u 6u 2)" + RC, "0.1u 30u"),
    "a pulse that began before": ("V1 a 0 PULSE(0 1 -2u 1u 1u 5u 14u)" + RC, "0.1u 20u"),
    "a damped sine": ("V1 a 0 SIN(0.1 1 100k 3u 2e5 30)" + RC, "0.1u 40u"),
    "a sine of no frequency": ("V1 a 0 SIN(0.1 1)" + RC, "0.1u 40u"),
    "an exponential": ("V1 a 0 EXP(0 1 1u 2u 10u 3u)" + RC, "0.1u 40u"),
    "an exponential of two numbers": ("V1 a 0 EXP(0 1)" + RC, "0.1u 4u"),
    "frequency modulation": ("V1 a 0 SFFM(0 1 200k 3 20k)" + RC, "0.1u 40u"),
    "a repeated polyline": ("V1 a 0 PWL(0 0 1u 1 2u 0.5 4u 0) r=0" + RC, "0.05u 20u"),
    "an almost vertical polyline": ("V1 a 0 PWL(0 0 1u 0 1.000001u 1 5u 1)" + RC, "0.05u 20u"),
    "corners half a nanosecond apart": (
        "V1 a 0 PULSE(0 1 1u 1n 1n 1u 2u)\nV2 c 0 PULSE(0 1 1.0000005u 1n 1n 1u 2u)\nR1 a b 1k\nR2 c b 1k\n"
        "C1 b 0 100p\n",
        "20n 10u",
    ),
    "a loop of capacitors": (
        "V1 s 0 SIN(0 1 100k)\nR0 s a 100\nC1 a b 1n\nC2 b c 2n\nC3 c a 3n\nR1 b 0 1k\nR2 c 0 2k\n",
        "0.1u 20u",
    ),
    "a source across a capacitor": ("V1 a 0 SIN(0 1 100k)\nC2 a 0 1n" + RC, "0.1u 20u"),
    "a source in series with an inductor": (
        "I1 0 a PULSE(0 1m 1u 1u 1u 3u 10u)\nL1 a b 1u\nR1 b 0 1k\n",
        "0.1u 20u",
    ),
    "an inductor across a source": ("V1 a 0 SIN(0 1 1k)\nL1 a 0 1m\n", "2u 1m 0 2u uic"),
    "inductors in series": (
        "V1 a 0 PULSE(0 1 1u 10n 10n 5u 20u)\nL1 a b 10u\nL2 b c 20u\nR1 c 0 50\n",
        "0.05u 10u",
    ),
    "a node between capacitors": (
        "V1 a 0 PULSE(0 1 1u 1u 1u 5u 20u)\nC1 a b 1n\nC2 b 0 1n\n.ic v(b)=0.25\n",
        "0.1u 10u",
    ),
    "a resonance": ("V1 a 0 PULSE(0 1 0 1n 1n 1)\nR1 a b 10\nL1 b c 10u\nC1 c 0 1n\n", "10n 10u"),
    "eleven decades of time": (
        "V1 a 0 PULSE(0 1 0.1m 1n 1n 1 2)\nR1 a b 1\nC1 b 0 1p\nR2 b c 1k\nC2 c 0 1n\nR3 c d 1meg\n"
        "C3 d 0 1n\n",
        "20u 10m",
    ),
    "an integrator": (
        "V1 a 0 PULSE(-0.1 0.1 0 1u 1u 49u 100u)\nR1 a m 1k\nC1 m o 10n\nR2 m o 1meg\nE1 o 0 0 m 1e6\n",
        "1u 200u",
    ),
    "an amplifier with a pole": (
        "V1 a 0 PULSE(-1 1 1u 10n 10n 20u 40u)\nR1 a m 10k\nR2 m o 10k\nG1 0 x 0 m 0.1\nR3 x 0 1meg\n"
        "C1 x 0 10n\nE1 o 0 x 0 1\n",
        "0.1u 80u",
    ),
    "twenty amplifiers": (
        "V1 b0 0 PULSE(0 1 1u 1n 1n 5u 10u)\n"
        + "".join(f"E{k} a{k} 0 b{k - 1} 0 1.01\nR{k} a{k} b{k} 1k\nC{k} b{k} 0 10p\n" for k in range(1, 21)),
        "10n 10u",
    ),
    "a ring oscillator": (
        "".join(
            f"B{k} 0 n{k % 5} I={{1m*tanh(-3*v(n{k - 1}))}}\nR{k} n{k - 1} 0 1k\nC{k} n{k - 1} 0 1n\n"
            for k in range(1, 6)
        )
        + ".ic v(n0)=0.1\n",
        "0.1u 20u 0 0.02u uic",
    ),
    "a latch let go": (
        "B1 a 0 V={tanh(-4*v(d))}\nR1 a c 1k\nB2 b 0 V={tanh(-4*v(c))}\nR2 b d 1k\nC1 c 0 1n\nC2 d 0 1n\n"
        ".ic v(c)=0.1 v(d)=-0.1\n",
        "0.05u 10u",
    ),
    "a rectifier": (f"V1 a 0 SIN(0 5 1k)\nD1 a b d\nC1 b 0 10u\nR1 b 0 1k{D}\n", "10u 3m"),
    "a voltage multiplier": (
        f"V1 1 0 SIN(0 10 10k)\nC1 1 2 100n\nD1 0 2 d\nD2 2 3 d\nC2 3 0 100n\nC3 2 4 100n\nD3 3 4 d\n"
        f"D4 4 5 d\nC4 5 3 100n\nR1 5 0 1meg{D}\n",
        "1u 1m",
    ),
    "a diode that recovers": (f"V1 a 0 PULSE(5 -5 1u 10n 10n 2u 4u)\nR1 a b 1k\nD1 b 0 d{D}\n", "5n 6u"),
    "a clamp": (f"V1 a 0 PULSE(-5 5 0 10n 10n 1u 2u)\nC1 a b 1n\nD1 b 0 d\nR1 b 0 100k{D}\n", "10n 8u"),
    "a freewheeling diode": (
        f"V1 a 0 PULSE(0 10 1u 5n 5n 2u 5u)\nL1 a b 1u\nD1 0 b d\nC1 b c 100p\nR1 c 0 50\nR2 b 0 100{D}\n",
        "10n 10u",
    ),
    "a zener regulator": (
        "V1 a 0 SIN(12 3 1k)\nR1 a b 470\nD1 0 b d\nC1 b 0 1u\nR2 b 0 1k\n.model d D(Bv=5.6 Ibv=5m Rs=3)\n",
        "10u 5m",
    ),
    "switched capacitors": (
        "V2 p 0 PULSE(0 1 0 1n 1n 0.4u 1u)\nV1 a 0 1\nB1 a b I={(v(a)-v(b))*(1e-9+1e-3*u(v(p)-0.5))}\n"
        "B2 b c I={(v(b)-v(c))*(1e-9+1e-3*u(0.5-v(p)))}\nC1 b 0 1p\nC2 c 0 5p\nR1 c 0 100meg\n",
        "5n 10u",
    ),
    "a source of time": ("B1 a 0 V={sin(6.28e5*time)}" + RC, "0.1u 30u 0 0.05u"),
    "a magnitude": ("V1 s 0 SIN(0 1 1k)\nB1 a 0 V={abs(v(s))}\nR1 a b 1k\nC1 b 0 100n\n", "10u 3m"),
    "subcircuits": (
        "V1 a 0 SIN(0 1 10k)\n.subckt rc a b params: r=1k c=1n\nR1 a b {r}\nC1 b 0 {c}\n.ends\nX1 a m rc\n"
        "X2 m o rc r=2k c=2n\n",
        "1u 200u",
    ),
    "charged capacitors": (
        "V1 a 0 5\nR1 a b 1k\nC1 b 0 1u IC=1\nC2 b c 1u IC=0.5\nR2 c 0 1k\n",
        "10u 10m uic",
    ),
    "a current that flows": ("V1 a 0 5\nR1 a b 100\nL1 b 0 1m IC=-5m\nC1 b 0 10n IC=1\n", "0.1u 60u uic"),
    "an empty junction": (f"V1 a 0 5\nR1 a b 1k\nD1 b 0 d{D}\n", "1n 500n uic"),
}
