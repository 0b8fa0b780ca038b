"""Sections on confidence, abstention, hallucination and self-correction."""
