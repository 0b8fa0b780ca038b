"""Confidence, abstention, hallucination and self-correction."""
