"""`python -m lab` is the `lab` command."""

from lab.run.cli import main

main()
