"""One answer, no choice between samples."""
