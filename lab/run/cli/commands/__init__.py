"""The commands, one or two per file; each imports what it needs inside its function."""
