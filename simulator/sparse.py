"""Compile a circuit into its sparse form: number the unknowns, sort the elements, lay out the matrices.

    unknowns    nodes in the circuit's order, then internal nodes, then branch currents
    elements    constant (linear, not driven) | driven (affine) | varying

`.input` buses get ideal voltage sources named v_BUS, `.nudge` buses elements that pull (nudge_BUS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eqchip.devices import node_law
from eqchip.devices.circuit.sources import VOLTAGE_SOURCE
from eqchip.devices.periphery.nudge import FROZEN, LIVE, NUDGE
from eqchip.devices.periphery.softmax_nudge import SOFTMAX_NUDGE
from eqchip.errors import InputError
from eqchip.netlists.circuit import GROUND, Circuit, Input, Instance, Nudging, Program, Tran
from eqchip.netlists.collector import collector_paused
from eqchip.simulator.assemble import Block, graph, sort
from eqchip.simulator.linear.pattern import compress, locate
from eqchip.simulator.network import Network
from eqchip.simulator.numbering import Numbering, controls_of
from eqchip.simulator.scales import scales_of
from eqchip.simulator.spread import Group, spread
from eqchip.simulator.system import Elements, System
from eqchip.simulator.wires import with_wires

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: What pulls an output, by the cost.
NUDGE_OF = {"mse": NUDGE, "crossentropy": SOFTMAX_NUDGE}

INPUT_PREFIX = "v_"
NUDGE_PREFIX = "nudge_"


def _role_instances(circuit: Circuit) -> list[Instance]:
    """Return the elements that roles add to a netlist; a flat one brings its inputs' sources itself."""
    present = {one.name.lower() for one in circuit.instances if one.family is VOLTAGE_SOURCE}
    added = [
        Instance(f"{INPUT_PREFIX}{one.bus}", VOLTAGE_SOURCE, (one.nodes, GROUND), shape=(len(one.nodes),))
        for one in circuit.inputs
        if f"{INPUT_PREFIX}{one.bus}".lower() not in present
    ]
    pairs = {one.bus.lower() for one in circuit.outputs if one.pairs}
    for one in circuit.nudges:
        plus: Any = one.nodes
        minus: Any = GROUND
        if one.bus.lower() in pairs:
            plus, minus = one.nodes[0::2], one.nodes[1::2]
        name = f"{NUDGE_PREFIX}{one.bus}"
        family, program = NUDGE_OF[one.cost], None
        if family.controls:  # it reads all outputs of the bus
            units = scales_of(circuit).vunit[one.nodes]
            program = Program(tuple(units.tolist()), tuple(one.nodes.tolist()), one.cost)
        added.append(Instance(name, family, (plus, minus), shape=(len(plus),), program=program))
    taken = {one.name.lower() for one in circuit.instances}
    for instance in added:
        if instance.name.lower() in taken:
            found = circuit.instance(instance.name)
            raise InputError(
                f"the name '{instance.name}' is that of what a role adds", found.at if found else None
            )
    return added


def outputs_for_inputs(circuit: Circuit) -> Circuit:
    """Return the circuit whose nudged outputs are inputs too: sources hold them at targets (rule=chl)."""
    if any(one.pairs for one in circuit.outputs):
        raise InputError(
            "rule=chl holds outputs at their targets: those of output pairs are differences",
            expected=".output without pairs=1, or another rule",
        )
    more = [Input(one.bus, one.nodes) for one in circuit.nudges]
    return replace(circuit, inputs=[*circuit.inputs, *more], nudges=[])


def _node_laws(groups: Sequence[Group], nodes: int) -> FloatArray:
    """Return the law of every circuit node."""
    for group in groups:
        if group.family.inlet is not None and group.family.inlet(group.given) is not None:
            one = group.members[0]
            raise InputError(
                f"{one.name}: drive=through adds up its inputs before they reach the node, which no device "
                "of the sparse form does",
                one.at,
                expected="drive=energy or direct; or a chip in the array form",
            )
    laws = np.tile(np.array(node_law.BARE), (nodes, 1))
    for group in groups:
        if group.family.node_law is not None:
            laws[group.terminals[:, 0]] = group.family.node_law(group.given)
    return laws


def _values(group: Group, drives: IntArray, laws: FloatArray) -> FloatArray | list[FloatArray]:
    """Return the rows of values: drive slots, node laws of the terminals, prepared columns."""
    prepared = group.family.prepare(group.given)
    head: list[FloatArray] = [drives.astype(np.float64)]
    if group.family.reads_nodes:
        head.append(laws[group.terminals].reshape(group.count, group.terminals.shape[1] * laws.shape[1]))
    front = np.concatenate(head, axis=1)
    if isinstance(prepared, np.ndarray):
        return np.ascontiguousarray(np.concatenate([front, prepared], axis=1))
    return [np.concatenate([a, b]) for a, b in zip(front, prepared, strict=True)]


def compile_sparse(circuit: Circuit) -> System:
    """Compile a circuit into its sparse form."""
    with collector_paused():
        return _compiled(with_wires(circuit))


def _compiled(circuit: Circuit) -> System:
    groups = spread(circuit, [*circuit.instances, *_role_instances(circuit)])
    numbering = Numbering()
    laws = _node_laws(groups, len(circuit.nodes))
    internal = [numbering.internal(group) for group in groups]
    branches = [numbering.branch(group) for group in groups]
    drives = [numbering.drives(group) for group in groups]
    nodes = len(circuit.nodes) - 1
    branch_base = nodes + len(numbering.internal_names)
    size = branch_base + len(numbering.branch_names)
    unknown = np.concatenate([[size], np.arange(nodes)]).astype(np.int64)  # ground comes first
    blocks = []
    for group, inner, branch, driven in zip(groups, internal, branches, drives, strict=True):
        family = group.family
        terminals = unknown[group.terminals]
        columns = [terminals[:, k] for k in range(len(family.terminals))]
        for node, (numbers, there) in zip(family.internal, inner, strict=True):
            columns.append(np.where(there, nodes + numbers, terminals[:, node.onto]))
        columns += [branch_base + branch[:, k] for k in range(family.branches)]
        rows = len(columns)
        controls = controls_of(group, numbering, unknown, branch_base)
        pins = np.column_stack([*columns, *controls.T]) if rows + controls.shape[1] else controls
        blocks.append(
            (Block(group, pins.astype(np.int64), rows, _values(group, driven, laws)), driven, branch)
        )
    system = _system(circuit, blocks, size, branch_base, unknown, numbering)
    system.refresh()
    return system


def _system(
    circuit: Circuit,
    blocks: Sequence[tuple[Block, IntArray, IntArray]],
    size: int,
    nodes: int,
    unknown: IntArray,
    numbering: Numbering,
) -> System:
    """Lay out graphs and matrices."""
    kinds: tuple[list[Block], ...] = ([], [], [])
    # What learns while time flows varies, though its law be linear.
    flows = any(isinstance(one, Tran) and one.learn for one in circuit.analyses)
    moving = {one.target.lower() for one in circuit.learns} if flows else set()
    for block, _, _ in blocks:
        family = block.group.family
        still = all(member.name.lower() not in moving for member in block.group.members)
        kinds[0 if family.linear and still else 1 if family.affine and still else 2].append(block)
    kinds = tuple(sort(kind) for kind in kinds)
    parts = [graph(kind) for kind in kinds]
    low, high = _bounds([block for block, _, _ in blocks], unknown, size)
    for role in circuit.inputs:  # the source of an input is stronger than any rail
        low[unknown[role.nodes]], high[unknown[role.nodes]] = -np.inf, np.inf
    held = np.flatnonzero(np.isfinite(low) | np.isfinite(high))
    changing, changing_slots = compress(
        np.concatenate([parts[2][1], held]), np.concatenate([parts[2][2], held]), size
    )
    same = np.arange(size, dtype=np.int64)
    changing_columns = changing.columns()
    pattern, slots = compress(
        np.concatenate([parts[0][1], parts[1][1], changing.rows, same]),
        np.concatenate([parts[0][2], parts[1][2], changing_columns, same]),
        size,
    )
    cut = len(parts[0][1]), len(parts[0][1]) + len(parts[1][1])
    graphs = (
        parts[0][0],
        parts[1][0],
        parts[2][0]._replace(entries=changing_slots[: len(parts[2][1])].copy()),
    )
    network = Network(
        size=size,
        nodes=nodes,
        driven=graphs[1],
        varying=graphs[2],
        start=pattern.start,
        rows=pattern.rows,
        g0=np.zeros(pattern.entries + 1),
        c0=np.zeros(pattern.entries + 1),
        charge_start=np.zeros(size + 1, dtype=np.int64),
        charge_index=np.zeros(0, dtype=np.int64),
        charge_data=np.zeros(0),
        changing_rows=changing.rows,
        changing_columns=changing_columns,
        low=low,
        high=high,
        held=held.astype(np.int64),
        held_spots=locate(changing, held, held),
    )
    ranges = _ranges(blocks, kinds, graphs, nodes)
    rest = np.zeros(numbering.drive_count)
    sources = []
    nudges = {f"{NUDGE_PREFIX}{one.bus}".lower(): one for one in circuit.nudges}
    for name, found in ranges.items():
        waveform = found.instance.waveform
        if waveform is not None:
            rest[found.drives] = waveform.dc
            if waveform.kind != "dc":
                sources += [(waveform, int(slot)) for slot in found.drives[:, 0]]
        if name in nudges:
            rest[found.drives[:, NUDGE.drives.index("mode")]] = _mode(nudges[name])
    names = [f"v({name.lower()})" for name in circuit.nodes[1:]]
    return System(
        circuit=circuit,
        network=network,
        constant=graphs[0],
        pattern=pattern,
        entries=(slots[: cut[0]].copy(), slots[cut[0] : cut[1]].copy()),
        names=(*names, *numbering.internal_names, *numbering.branch_names),
        unknown_of_node=unknown,
        ranges=ranges,
        sources=tuple(sources),
        rest=rest,
        memory=int(graphs[2].memory_start[-1]),
        affine=not len(graphs[2].rows),
    )


def _mode(nudging: Nudging) -> float:
    return FROZEN if nudging.kind == "frozen" else LIVE


def _bounds(blocks: Sequence[Block], unknown: IntArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Return between which voltages each unknown is held; states are, too."""
    low, high = np.full(size, -np.inf), np.full(size, np.inf)
    for block in blocks:
        family = block.group.family
        if family.bounds is not None:
            at = unknown[block.group.terminals[:, 0]]
            below, above = family.bounds(block.group.given)
            there = at < size
            low[at[there]] = np.maximum(low[at[there]], below[there])
            high[at[there]] = np.minimum(high[at[there]], above[there])
        if (state := family.state) is not None:
            pin = len(family.terminals) + [one.name for one in family.internal].index(state.node)
            low[block.pins[:, pin]], high[block.pins[:, pin]] = state.low, state.high
    return low, high


def _ranges(
    blocks: Sequence[tuple[Block, IntArray, IntArray]],
    kinds: Sequence[Sequence[Block]],
    graphs: Sequence[Any],
    nodes: int,
) -> dict[str, Elements]:
    """Return where the elements of each instance stand, in the netlist's order of groups."""
    begins = {}
    for kind, placed in zip(kinds, graphs, strict=True):
        at = 0
        for block in kind:
            begins[id(block)] = (placed, at)
            at += len(block.pins)
    ranges = {}
    nothing = np.zeros(0, dtype=np.int64)
    for block, drives, branch in blocks:
        placed, start = begins[id(block)]
        group = block.group
        driven, branched = bool(group.family.drives), bool(group.family.branches)
        own = nodes + branch[:, 0] if branched else nothing
        first = 0
        for member, where, count in zip(group.members, group.layouts, group.counts, strict=True):
            last = first + count
            ranges[member.name.lower()] = Elements(
                member,
                placed,
                start + first,
                start + last,
                where,
                drives[first:last] if driven else drives[:0],
                own[first:last] if branched else nothing,
            )
            first = last
    return ranges
