"""The budget of a plan: every request has a maximum price, which is reserved before and settled after it.

The price of a request is its maximum cost: one sample, `max_tokens` tokens, and the FLOPs of both at the
*shared* cache level. No strategy can exceed its budget, and a limit means the same for every strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from lab.core.flops.model import FlopsModel
from lab.core.types import Budget, Request


@dataclass(frozen=True, slots=True)
class Price:
    """Completions of the policy (0 or 1), generated tokens, FLOPs."""

    samples: int
    tokens: int
    flops: float


def price_of(request: Request, prompt: int, shared: int, flops: FlopsModel) -> Price:
    """The maximum cost of a request. `prompt`: its prompt tokens, of which `shared` are already computed."""
    if request.role == "reward":
        return Price(0, 0, flops.classify(prompt, shared))
    tokens = request.sampling.max_tokens
    return Price(int(request.role == "policy"), tokens, _flops(request, prompt, shared, tokens, flops))


def _flops(request: Request, prompt: int, shared: int, tokens: int, flops: FlopsModel) -> float:
    """Prefill and decode. A scored prefix has at most as many tokens as bytes, and may be shared."""
    scored = len(request.prefix.encode("utf-8", "replace")) + 1 if request.sampling.score_prefix else 0
    return flops.prefill(prompt, shared, min(prompt, 1 + scored)) + flops.decode(prompt, tokens)


class BudgetTracker:
    """The state of one plan's budget: spent, and reserved for requests in progress."""

    __slots__ = ("flops", "limit", "samples", "tokens", "used")

    def __init__(self, budget: Budget) -> None:
        self.limit = Price(
            _or_more(budget.samples),  # type: ignore[arg-type]
            _or_more(budget.tokens),  # type: ignore[arg-type]
            _or_more(budget.flops),
        )
        self.samples, self.tokens, self.flops, self.used = 0, 0, 0.0, False

    def admits(self, price: Price) -> bool:
        """Whether the request fits, assuming that all requests in progress cost their maximum."""
        return (
            self.samples + price.samples <= self.limit.samples
            and self.tokens + price.tokens <= self.limit.tokens
            and (self.limit.flops == inf or self.flops + price.flops <= self.limit.flops * (1 + 1e-12))
        )

    def reserve(self, price: Price) -> None:
        """Reserves the maximum cost of a request."""
        self.samples += price.samples
        self.tokens += price.tokens
        self.flops += price.flops
        self.used = True

    def settle(self, price: Price, tokens: int, flops: float) -> None:
        """Replaces a reserved price by the actual cost. The number of samples stays the same."""
        self.tokens += tokens - price.tokens
        self.flops += flops - price.flops

    def longest(self, request: Request, prompt: int, shared: int, flops: FlopsModel) -> int:
        """The largest `max_tokens` with which a plan's first request fits into the budget; 0 if none fits."""
        low, high = 0, int(min(request.sampling.max_tokens, self.limit.tokens))
        while low < high:
            middle = (low + high + 1) // 2
            free = self.limit.flops == inf
            if free or _flops(request, prompt, shared, middle, flops) <= self.limit.flops:
                low = middle
            else:
                high = middle - 1
        return low


def _or_more(limit: float | None) -> float:
    return inf if limit is None else limit
