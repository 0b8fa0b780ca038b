"""Extracts answers from model output (reasoning blocks, abstentions, numbers, names) and holds shared
prompts.
"""
