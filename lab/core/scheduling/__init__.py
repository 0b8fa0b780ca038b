"""Running plans: the scheduler, its jobs and their budgets, and the work of a stage cut into shards."""
