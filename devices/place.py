"""Where in a chip an imperfection acts.

A value travels drawn → programmed → stored → read → wire → node → converter → phase clock. Every
imperfection is a parameter that declares one place (devices/parameter.py). Both forms of a chip pass the
places in this order, and no solver asks whether a given imperfection exists:

    drawn                          simulator/manufacture.py, and the cells of an array for their own spreads
    programmed, stored, read       devices/cells, by simulator/storing.py
    wire                           simulator/wires.py
    node                           simulator/nodes.py, noise, slewing.py
    converter                      simulator/periphery.py, holding.py
    clock                          simulator/storing.py

`law` is the place of parameters that are the ideal device itself.
"""

from __future__ import annotations

from enum import Enum


class Place(Enum):
    """The stations of a value, in the order they are passed."""

    LAW = "law"
    DRAWN = "drawn"
    PROGRAMMED = "programmed"
    STORED = "stored"
    READ = "read"
    WIRE = "wire"
    NODE = "node"
    CONVERTER = "converter"
    CLOCK = "clock"
