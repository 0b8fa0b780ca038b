"""Your own questions, from files or a Hub data set."""
