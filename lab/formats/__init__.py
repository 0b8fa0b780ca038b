"""The files other tools rely on, one module for each: its name, columns, writer and reader."""
