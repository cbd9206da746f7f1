"""Text to Netlist to Circuit; the chips and model libraries that ship."""
