"""An evaluation: its work on problems, what is written of each outcome, and the points that come of them."""
