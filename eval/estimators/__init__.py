"""Estimates of accuracy and compute for k samples from a pool of n."""
