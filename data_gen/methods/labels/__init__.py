"""Methods that generate labelled or paired answers."""
