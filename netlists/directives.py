"""Cards about voltages by name: `.ic v(a)=1`, `.nodeset v(a)=1`, `.save v(a) i(v1)`, `.print tran v(a)`."""

from __future__ import annotations

from eqchip.errors import InputError, nearest
from eqchip.netlists.build import Build
from eqchip.netlists.card import Card
from eqchip.netlists.level import Nodes

_KINDS = frozenset(["op", "dc", "tran", "ac", "noise"])


def read_voltages(build: Build, card: Card) -> None:
    """Read .ic or .nodeset: `v(node)=value …`; a bus stands for all its nodes."""
    target = build.circuit.initial if card.kind == ".ic" else build.circuit.guesses
    tokens = card.tokens
    form = f"{card.kind} v(node)=value …"
    if not tokens:
        raise InputError(f"{card.kind} sets nothing", card.where(), expected=form)
    k = 0
    while k < len(tokens):
        if tokens[k] == ",":
            k += 1
            continue
        if tokens[k].lower() != "v" or tokens[k + 1 : k + 2] != ["("] or tokens[k + 3 : k + 5] != [")", "="]:
            raise InputError(f"'{tokens[k]}' on {card.kind} is not understood", card.where(k), expected=form)
        if k + 5 >= len(tokens):
            raise InputError(f"v({tokens[k + 2]}) has no value", card.where(k + 5), expected=form)
        node = find_node(build, card, k + 2)
        value = build.top.number(card, k + 5)
        for each in (node,) if isinstance(node, int) else node.tolist():
            if each == 0 and value != 0.0:
                raise InputError(f"ground cannot be at {value:g} V", card.where(k + 2))
            if each:
                target[each] = value
        k += 6


def find_node(build: Build, card: Card, index: int) -> Nodes:
    """Return the node or bus that a token names; it must be there."""
    token = card.tokens[index]
    found = build.top.named(token, card, index)
    if found is None:
        raise InputError(
            f"there is no node '{token}'",
            card.where(index),
            expected="a node that an element connects to",
            near=nearest(token, build.names.index),
        )
    return found


def read_save(build: Build, card: Card) -> None:
    """Read .save: what is stored; all is stored where there is none."""
    tokens = card.tokens
    k = 0
    if not tokens:
        raise InputError(".save names nothing", card.where(), expected=".save v(node) i(source) …")
    while k < len(tokens):
        if tokens[k].lower() == "all":
            build.save_all = True
            k += 1
        elif tokens[k] == ",":
            k += 1
        else:
            k = _read_probe(build, card, k)


def _at_crossing(build: Build, token: str) -> bool:
    """Say whether a name is that of crossings of wires: Yxh.row, Yxh.col[3][5]; they are laid out later."""
    array, _, line = token.lower().partition("[")[0].rpartition(".")
    found = build.instances.get(array)
    return line in ("row", "col") and found is not None and len(found.shape) == 2 and bool(found.family.wires)


def _read_probe(build: Build, card: Card, k: int) -> int:
    """Read v(node), i(source), w(array), x(memristor) or a bare node; return where the next begins."""
    tokens = card.tokens
    saves = build.circuit.saves
    if tokens[k + 1 : k + 2] != ["("]:
        if tokens[k].startswith("@"):
            raise InputError(f"'{tokens[k]}' (a quantity of a device) is not supported yet", card.where(k))
        find_node(build, card, k)
        saves.append(f"v({tokens[k].lower()})")
        return k + 1
    kind = tokens[k].lower()
    if kind not in ("v", "i", "w", "x") or tokens[k + 3 : k + 4] != [")"]:
        raise InputError(
            f"'{card.text[card.offset(k)[0] :].split()[0]}' is not supported yet",
            card.where(k),
            expected="v(node), i(source), w(array) or x(memristor)",
        )
    if kind == "v":
        if not _at_crossing(build, tokens[k + 2]):
            find_node(build, card, k + 2)
    elif kind == "w":
        build.weighed.append((tokens[k + 2], card, k + 2))  # what learns is known when all cards are read
    elif kind == "x":
        find_state(build, card, k + 2)
    else:
        find_current(build, card, k + 2)
    saves.append(f"{kind}({tokens[k + 2].lower()})")
    return k + 4


def find_current(build: Build, card: Card, index: int) -> None:
    """Refuse a source whose current cannot be read."""
    name = card.tokens[index].lower()
    found = build.instances.get(name)
    if found is None or not found.family.branches:
        known = [one.name for one in build.circuit.instances if one.family.branches]
        raise InputError(
            f"there is no current i({card.tokens[index]})",
            card.where(index),
            expected="the name of a voltage source",
            near=nearest(name, known),
        )


def find_state(build: Build, card: Card, index: int) -> None:
    """Refuse an element that remembers nothing."""
    name = card.tokens[index].lower()
    found = build.instances.get(name)
    if found is None or found.family.state is None:
        known = [one.name for one in build.circuit.instances if one.family.state is not None]
        raise InputError(
            f"there is no state x({card.tokens[index]})",
            card.where(index),
            expected="the name of a memristor",
            near=nearest(name, known),
        )


def read_print(build: Build, card: Card) -> None:
    """Read .print and .plot: they add to what .save stores; what they compute is left out, with a note."""
    tokens = card.tokens
    k = 1 if tokens and tokens[0].lower() in _KINDS else 0
    while k < len(tokens):
        plain = (
            tokens[k].lower() in ("v", "i")
            and tokens[k + 1 : k + 2] == ["("]
            and tokens[k + 3 : k + 4] == [")"]
        )
        if not plain:
            if tokens[k] not in (",", "all"):
                shown = f"{card.kind} {tokens[k]} was skipped: it only asks for output"
                build.circuit.notes.append((card.where(k), shown))
                return
            k += 1
            continue
        k = _read_probe(build, card, k)
