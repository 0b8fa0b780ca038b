"""What every report has: headline, paired comparisons, failures, compute spent; and summary.json."""
