"""The commands, one file each; no physics."""
