"""Every declaration there is, by whose it is: what tests of declarations share."""

from __future__ import annotations

from collections.abc import Iterator

from eqchip.devices.families import PACKAGED
from eqchip.devices.parameter import Parameter
from eqchip.simulator.idealise import ROLES, TABLES

CARDS = {card: tuple(table.values()) for card, table in (*ROLES.values(), *TABLES.values())}
GROUPS = {
    **{(family.name, "instance"): family.parameters for family in PACKAGED},
    **{(family.name, "model"): family.model_parameters for family in PACKAGED},
    **{(family.name, "array"): family.wires for family in PACKAGED},
    **{(card, "card"): parameters for card, parameters in CARDS.items()},
}


def parameters() -> Iterator[tuple[str, str, Parameter]]:
    """Yield every declaration there is, with whose it is."""
    for (owner, where), group in GROUPS.items():
        for parameter in group:
            yield owner, where, parameter
