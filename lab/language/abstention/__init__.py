"""Recognises abstentions such as "I don't know", in many languages."""
