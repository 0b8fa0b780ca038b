"""The files that other tools read, one module for each: its name, columns, writer and reader."""
