"""How things are called inside a file: groups, datasets, units.

    /                     Conventions, schema, what made it; `default` names the group browsers plot
    /run                  status (running, complete, failed, interrupted), times, message
    /provenance           netlist, included files, resolved parameters, versions, command line
    /op /dc /tran         one group per analysis, `_2`, `_3` when repeated: `v(out)`, `i(vdd)`, bus `v(h)`
    /training /weights    curves over the epochs; what was learned
    /fidelity             local updates against the gradient, over β
    /study                one row a point of a study: status, what was varied, metrics

Names are lower case as ngspice has them; HDF5 keeps `/` for itself, so a node `x/y` is stored as
`v(x%2Fy)`, and `long_name` has the original. Units are those of UDUNITS, which CF asks for: `ohm`, `1`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SCHEMA = "eqchip"
SCHEMA_VERSION = 1
CONVENTIONS = "CF-1.11"

STATUS = ("running", "complete", "failed", "interrupted")

_TO_CF = {"": "1", "Ω": "ohm", "°C": "degC", "%": "percent"}
_FROM_CF = {cf: unit for unit, cf in _TO_CF.items()}
_BUS = re.compile(r"\w+\((.+)\)\Z")


def encode(name: str) -> str:
    """Write a quantity's name as a dataset's: lower case, `/` as `%2F`."""
    return name.lower().replace("%", "%25").replace("/", "%2F")


def decode(name: str) -> str:
    """Read a dataset's name back; the spelling in capitals is lost, `long_name` keeps it."""
    return name.replace("%2F", "/").replace("%25", "%")


def cf_unit(unit: str) -> str:
    """Return the unit as CF and UDUNITS spell it."""
    return _TO_CF.get(unit, unit)


def shown_unit(unit: str) -> str:
    """Return the unit as eqchip prints it."""
    return _FROM_CF.get(unit, unit)


def group_names(kinds: Iterable[str]) -> list[str]:
    """Name one group per analysis: op, tran, tran_2 …"""
    seen: dict[str, int] = {}
    names = []
    for kind in kinds:
        seen[kind] = seen.get(kind, 0) + 1
        names.append(kind if seen[kind] == 1 else f"{kind}_{seen[kind]}")
    return names


def kind_of(group: str) -> str:
    """Return the kind of analysis a group holds: `tran` of `tran_2`."""
    return re.sub(r"_\d+\Z", "", group)


def dimension_name(column: str, taken: Iterable[str]) -> str:
    """Name the node axis of a bus after the bus: `h` for `v(h)`; never a name already in use."""
    found = _BUS.match(column)
    wanted = encode(found.group(1) if found else column)
    names = set(taken)
    name, number = wanted, 1
    while name in names:
        number += 1
        name = f"{wanted}_nodes" if number == 2 else f"{wanted}_nodes_{number}"
    return name
