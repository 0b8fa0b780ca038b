"""The work of a generate stage on its problems, in one process or in parts (`lab.core.scheduling.split`)."""
