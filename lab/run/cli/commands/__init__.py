"""The commands, one or two in a file; each imports what it needs inside itself."""
