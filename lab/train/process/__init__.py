"""What runs inside the training process; all that imports torch or TRL is here."""
