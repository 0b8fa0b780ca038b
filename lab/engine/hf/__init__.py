"""transformers, for machines or models that vLLM does not serve."""
