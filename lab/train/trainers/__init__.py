"""One file per trainer: its fields, its checks, and its inputs."""
