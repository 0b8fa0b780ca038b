"""One file per trainer: its fields, its checks, what it learns from."""
