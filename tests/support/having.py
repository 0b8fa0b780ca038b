"""What a test needs that not every machine has."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

needs_vllm = pytest.mark.skipif(
    find_spec("vllm") is None, reason="vLLM is not installed (there is none on macOS)"
)
