"""Methods that make labelled or paired answers."""
