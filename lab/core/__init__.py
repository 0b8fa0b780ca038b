"""The lowest layer: types, plans, the scheduler, the bank, the ledger and FLOPs. It imports nothing else of
the project.
"""
