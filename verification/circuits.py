"""Random circuits that have one operating point, for comparisons with ngspice.

A spanning tree of resistors gives every node a path to ground; controlled sources are weak enough that
no feedback loop gains more than one; so Newton, whoever runs it, has one answer to find. Inductors and
subcircuits sit behind resistors. Every third circuit is not at 27 °C.
"""

from __future__ import annotations

import numpy as np

MODELS = (
    ".model dsmall D(Is=1e-14 N=1.05 Rs=2 Cjo=3p Vj=0.75 M=0.45 TT=4n)",
    ".model dleaky D(Is=1e-8 N=1.8 Rs=10)",
    ".model dideal D(Is=1e-12 N=1 Cjo=10p)",
    ".subckt cell a b params: r=1k c=100p",
    "R1 a m {r} tc1=1e-3",
    "C1 m b {2*c}",
    "D1 m n dsmall",
    "Xin n b rest r={2*r}",
    ".ends",
    ".subckt rest a b params: r=1",
    "R1 a b {r}",
    ".ends",
)


def random_circuit(seed: int, nodes: int, *, analysis: str) -> str:
    """Return a netlist of `nodes` nodes with every element of the language; `analysis` is its last card."""
    draw = np.random.default_rng(seed)
    lines = [f"random circuit {seed}", ".param half=0.5"]

    def node(*but: int) -> int:
        while (one := int(draw.integers(0, nodes + 1))) in but:
            pass
        return one

    def pair() -> tuple[int, int]:
        first = node()
        return first, node(first)

    def ohms() -> float:
        return float(10 ** draw.uniform(2, 5))

    for k in range(1, nodes + 1):  # the tree
        lines.append(f"Rt{k} {k} {int(draw.integers(0, k))} {ohms():.6g}")
    for k in range(nodes):
        a, b = pair()
        lines.append(f"Rx{k} {a} {b} {ohms():.6g}")
    kinds = (
        "DC {v}",
        "PULSE(0 {v} 2u 1u 1u 20u 50u)",
        "SIN(0 {v} 30k 1u)",
        "PWL(0 0 5u {v} 30u {w} 40u 0)",
        "EXP(0 {v} 1u 5u 25u 8u)",
    )
    for k in range(max(1, nodes // 5)):
        wave = str(draw.choice(kinds)).format(v=f"{draw.uniform(-2, 2):.4g}", w=f"{draw.uniform(-2, 2):.4g}")
        lines.append(f"Vs{k} s{k} 0 {wave}")  # behind a resistor: sources never form a loop
        lines.append(f"Rs{k} s{k} {node(0)} {ohms():.6g}")
        a, b = pair()
        lines.append(f"Is{k} {a} {b} {draw.uniform(-1e-4, 1e-4):.4g}")
    for k in range(max(2, nodes // 3)):
        a, b = pair()
        lines.append(f"D{k} {a} {b} {draw.choice(['dsmall', 'dleaky', 'dideal'])}")
    for k in range(max(1, nodes // 3)):
        a, b = pair()
        lines.append(f"C{k} {a} {b} {10 ** draw.uniform(-11, -9):.6g}")
    for k in range(max(1, nodes // 6)):
        (a, b), (c, d) = pair(), pair()
        lines.append(f"L{k} {c} l{k} {10 ** draw.uniform(-6, -3):.6g}")
        lines.append(f"Rl{k} l{k} {b} {ohms():.6g} tc1=2e-3 tc2=1e-6")
        lines.append(f"X{k} {a} {d} cell r={ohms():.6g} c={10 ** draw.uniform(-11, -9):.6g}")
        lines.append(f"G{k} {a} {b} {c} {d} {draw.uniform(-1, 1) * 2e-6:.4g}")
        lines.append(f"E{k} e{k} 0 {c} {d} {{half*{draw.uniform(-0.5, 0.5):.4g}}}")
        lines.append(f"Re{k} e{k} {a} {ohms() * 10:.6g}")
        lines.append(f"F{k} {b} {a} Vs0 {draw.uniform(-0.3, 0.3):.4g}")
        lines.append(f"H{k} h{k} 0 Vs0 {draw.uniform(-30, 30):.4g}")
        lines.append(f"Rh{k} h{k} {d} {ohms() * 10:.6g}")
        lines.append(f"B{k} {a} {b} I={{2e-6*tanh(v({c})-v({d}))+1e-6*v({c})*exp(-v({c})^2)}}")
        lines.append(f"Bv{k} b{k} 0 V={{0.3/(1+exp(-3*(v({d})-half)))}}")
        lines.append(f"Rb{k} b{k} {b} {ohms() * 10:.6g}")
    if seed % 3 == 1:
        lines.append(f".temp {draw.uniform(-40, 120):.4g}")
    if "uic" in analysis:
        nodes_given = draw.choice(np.arange(1, nodes + 1), size=max(1, nodes // 3), replace=False)
        lines += [f".ic v({one})={draw.uniform(-0.3, 0.3):.4g}" for one in nodes_given]
    return "\n".join([*lines, *MODELS, analysis, ".end", ""])
