"""Methods that generate answers to the questions of a task."""
