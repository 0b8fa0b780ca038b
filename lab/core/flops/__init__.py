"""FLOPs of a model as a function of token counts."""
