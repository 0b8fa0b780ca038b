"""Statistics over problems: confidence intervals, bounds for missing answers, the bootstrap, exact tests."""
