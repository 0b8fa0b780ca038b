"""What a pool of n samples says about k of them: accuracy and compute."""
