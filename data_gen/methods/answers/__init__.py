"""Methods that make answers to the questions of a task."""
