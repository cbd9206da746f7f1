"""Simulates analog chips that learn by settling to equilibrium.

    import eqchip
    run = eqchip.train("xor")
    run["test_error"]

The ten public names are loaded on first use, so that `import eqchip` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Circuit",
    "check",
    "evaluate",
    "load",
    "models",
    "open",
    "parse",
    "simulate",
    "sweep",
    "train",
]

if TYPE_CHECKING:
    from eqchip.simulator.api import (
        Circuit,
        check,
        evaluate,
        load,
        models,
        open,
        parse,
        simulate,
        sweep,
        train,
    )


def __getattr__(name: str) -> Any:
    if name in __all__:
        from eqchip.simulator import api

        return getattr(api, name)
    raise AttributeError(f"module 'eqchip' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
