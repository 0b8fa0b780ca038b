"""The parts of every report: headline, paired comparisons, failures, compute; and summary.json."""
