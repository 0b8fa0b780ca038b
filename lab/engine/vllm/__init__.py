"""vLLM inside this process, on CPU and CUDA."""
