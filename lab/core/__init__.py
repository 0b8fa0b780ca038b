"""Ground floor: types, plans, scheduler, bank, ledger, FLOPs model. Imports nothing of the rest."""
