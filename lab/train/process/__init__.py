"""The code of the training process. All code that imports torch or TRL for training is here."""
