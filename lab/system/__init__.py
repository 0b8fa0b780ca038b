"""This computer: its hardware, processes, files and terminals. Independent of the rest of the lab."""
