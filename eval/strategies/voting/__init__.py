"""Many samples and a majority vote."""
