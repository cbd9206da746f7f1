"""`eqchip doctor`: what this machine has, and what would make it faster."""

from __future__ import annotations

from typing import Any

import click

from eqchip.cli.habits import Speaker, options

#: Extras: the package that shows whether one is installed.
EXTRAS = {"plot": "matplotlib", "xarray": "xarray"}
CORE = ("numpy", "numba", "scipy", "h5py", "click", "threadpoolctl", "platformdirs")
AVX512 = {"avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"}


@click.command()
@options("json")
def doctor(as_json: bool) -> None:
    """Describe this machine: versions, kernels in use, cache, peers; and say what could be better."""
    speaker = Speaker(as_json)
    found = examine()
    speaker.answer({"command": "doctor", **found})
    speaker.say(f"eqchip {found['eqchip']}, Python {found['python']}, {found['cores']} cores")
    speaker.table(("package", "version"), [(name, version) for name, version in found["packages"].items()])
    for pool in found["pools"]:
        kernel = f", {pool['kernel']} kernels" if pool["kernel"] else ""
        speaker.say(f"{pool['library']} {pool['version']}{kernel}, {pool['threads']} thread(s)")
    speaker.say(f"kernel cache: {found['cache'] or 'cannot be written; kernels compile in every process'}")
    speaker.say(f"ngspice: {found['ngspice'] or 'not installed; check --ngspice needs it'}")
    for hint in found["hints"]:
        speaker.say(f"hint: {hint}")


def examine() -> dict[str, Any]:
    """Return what doctor reports."""
    import platform
    from importlib.metadata import PackageNotFoundError, version
    from pathlib import Path

    from eqchip import __version__, threads
    from eqchip.kernels import cache_folder
    from eqchip.simulator.exchange import ngspice

    threads.apply()
    state = threads.describe()
    packages: dict[str, str] = {}
    for name in (*CORE, *EXTRAS.values()):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = "not installed"
    hints = [
        f"pip install 'eqchip[{extra}]' adds {package}"
        for extra, package in EXTRAS.items()
        if packages[package] == "not installed"
    ]
    cpu = Path("/proc/cpuinfo")
    flags = set(cpu.read_text().split()) if cpu.exists() else set()
    slow = {"Haswell", "Zen"}
    if flags >= AVX512 and any(p["library"] == "openblas" and p["kernel"] in slow for p in state["pools"]):
        hints.append(
            "this processor has AVX-512 but OpenBLAS took AVX2 kernels: OPENBLAS_CORETYPE=SkylakeX, set "
            "before eqchip starts, makes matrix products up to twice as fast (last bits of results change)"
        )
    return {
        "eqchip": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": packages,
        **state,
        "cache": str(cache_folder() or ""),
        "ngspice": ngspice.available(),
        "hints": hints,
    }
