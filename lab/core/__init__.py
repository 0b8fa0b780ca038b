"""Ground floor: types, plans, scheduler, bank, ledger, seeds, FLOPs model. Imports nothing else of the project."""
