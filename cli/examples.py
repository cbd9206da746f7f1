"""What stands below the options in each command's --help: lines to copy, by what people come for."""

from __future__ import annotations

#: Per command: a line after `eqchip`, and what it does.
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "simulate": (
        ("simulate rectifier.cir", "every analysis of a netlist"),
        ("simulate stdp-waveform --set learn.Yxh.rate=0.1", "a chip that learns while time flows"),
    ),
    "train": (
        ("train digits", "a chip that ships"),
        ("train my-chip.cir --data mine.npz -o mine.h5", "your chip on your samples"),
        ("train xor --set train.rule=stdp --set train.estimator=onesided", "another rule"),
        ("train --resume mine.h5 --set train.epochs=40", "further"),
    ),
    "evaluate": (
        ("evaluate digits.h5", "on the samples kept for testing"),
        ("evaluate digits.h5 --set cell.slope=3.6 -o weak.h5", "neurons that are weaker than those trained"),
    ),
    "check": (
        ("check xor -o check.h5", "the gradient, over β, and the theorems; then eqchip plot check.h5"),
        ("check digits.h5 --samples 8", "a trained chip"),
        ("check rectifier.cir --ngspice", "voltages beside ngspice's"),
    ),
    "sweep": (
        ("sweep my-chip.cir --ablate --seeds 3", "which imperfection costs most"),
        ("sweep xor --vary train.beta=0.1:1:4:log --seeds 2", "a range of values, each with two seeds"),
        ("sweep my-chip.cir --ablate --seeds 5 --resume my-chip.h5", "the same, with more seeds"),
    ),
    "plot": (
        ("plot digits.h5", "all of it"),
        ("plot digits.h5 --only confusion -o mistakes.pdf", "one part"),
        ("plot rectifier.h5 --only 'v(out)'", "one quantity"),
    ),
    "show": (
        ("show", "the chips that ship"),
        ("show digits --stage netlist", "the text of one, to begin from"),
        ("show digits.h5", "what a file holds"),
    ),
    "lint": (("lint my-chip.cir", "every fault, with its line"),),
    "models": (
        ("models", "every device"),
        ("models neuron --equation", "one, with its law"),
        ("models --library pcm", "models that ship, with their papers"),
    ),
    "fit": (
        ("fit pulses.csv", "every law; the best goes into pulses.lib"),
        ("fit pulses.csv --model softbounds -p pulses.png", "one law, and data against model"),
    ),
    "export": (
        ("export digits.h5 --to spice -o digits.spice", "the trained chip, flat, for ngspice"),
        ("export digits.h5 --to npz", "weights and curves for NumPy"),
        ("export rectifier.h5 --to csv", "a table"),
    ),
    "recover": (("recover digits.h5.part", "what a kill left behind"),),
    "doctor": (("doctor", "versions, threads, cache, ngspice"),),
}


def epilog(command: str) -> str:
    """Return the examples of a command as click prints them, unwrapped."""
    lines = EXAMPLES.get(command, ())
    wide = max((len(line) for line, _ in lines), default=0)
    beside = all(wide + len(what) < 66 for _, what in lines)  # else below, for all of them
    shown = [
        f"  eqchip {line.ljust(wide)}   {what}" if beside else f"  eqchip {line}\n      {what}"
        for line, what in lines
    ]
    return "\b\nExamples:\n" + "\n".join(shown) if shown else ""
