"""The command line: short commands that call the functions that do the work, one or two commands per file.

Every command imports what it needs inside its function, so that `lab --help`, `lab list` and `lab check`
start quickly. Errors are handled in one place (`guard`). Results go to standard output, everything else to
standard error. Exit code 0: success, 1: failed during a run, 2: wrong input, 130: interrupted.
"""

from lab.run.cli.app import app, main

__all__ = ["app", "main"]
