"""The parts of an ordinary circuit: resistors, capacitors, inductors, diodes, sources."""
