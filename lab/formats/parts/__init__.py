"""Files that only a part of a stage's products has (see `lab.core.scheduling.split`)."""
