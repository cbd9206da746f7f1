"""What joins layers of nodes: drive, back drive, row sums and the contrast of two states."""
