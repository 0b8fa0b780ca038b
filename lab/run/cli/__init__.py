"""The command line: thin commands over functions that do the work, one file for a command or two.

Every command imports what it needs inside itself, so that `lab --help`, `lab list` and `lab check` start
quickly. Errors are handled in one place (`guard`): results go to standard output, everything else to
standard error; exit code 0 done, 1 failed while running, 2 the user's input was wrong, 130 interrupted.
"""

from lab.run.cli.app import app, main

__all__ = ["app", "main"]
