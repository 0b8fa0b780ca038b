"""The names of the columns that say what completions cost; every file that has such columns uses these."""

from __future__ import annotations

TOKENS = ("prompt_tokens", "cached_tokens", "completion_tokens")
FLOPS = ("flops_logical", "flops_shared", "flops_engine")
COSTS = (*TOKENS, *FLOPS, "seconds")
"""Of a completion, an answer, a point of a curve, a corpus."""
SUMMED = tuple(name for name in COSTS if name != "cached_tokens")
"""Those that a stage's completions are summed in."""
REQUESTS = "requests"
"""How many completions a cost is the sum of."""
COUNTS = (REQUESTS, "prompt_tokens", "cached_tokens", "shared_tokens", "completion_tokens")
"""Whole numbers of an answer. `shared_tokens`: prompt tokens that an earlier sequence of the plan holds."""
REALS = (*FLOPS, "seconds")
LATENCY = "latency"
"""Seconds along a plan's critical path."""
TIMES = (LATENCY, "resident")
"""LATENCY, and the seconds of all a plan's completions, each beside others in the engine."""
Costs = tuple[float, ...]
"""One number per name in COSTS and TIMES."""
