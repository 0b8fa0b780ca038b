"""Documents as a source of training data."""
