"""Makes a ledger row from a completion. Compute is charged only here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from lab.core.flops.model import FlopsModel
from lab.core.ledger import LedgerRow
from lab.core.protocols import Engine
from lab.core.types import Completion, Request


@dataclass(frozen=True, slots=True)
class Backend:
    """A model that receives requests: its name, its engine, and its FLOPs."""

    name: str
    engine: Engine
    flops: FlopsModel


class TimeShare:
    """Divides an engine's busy time evenly among the requests under way.

    A request is charged `total` (seconds) at its end minus `total` at its entry; so the charges of all
    requests add up to the busy time.
    """

    def __init__(self) -> None:
        self.total = 0.0

    def add(self, seconds: float, under_way: int) -> None:
        """Seconds that passed with so many requests under way; with none, nobody is charged."""
        if under_way:
            self.total += seconds / under_way


def row_of(
    completion: Completion,
    request: Request,
    backend: Backend,
    *,
    problem: str,
    strategy: str,
    rendered: int,
    shared: int,
    served_from: str,
) -> LedgerRow:
    """One row with costs at three cache levels. `shared` of the `rendered` prompt tokens are already
    computed.

    A classifier (role "reward") generates nothing and has no language-model head. A scored prefix uses the
    logits of each of its tokens in addition to those of the last position.
    """
    usage, flops = completion.usage, backend.flops
    prompt, generated = usage.prompt_tokens, usage.completion_tokens
    shared = _scaled(shared, rendered, prompt)
    logits = 1 + len(completion.prefix_logprobs)
    prefill = flops.classify if request.role == "reward" else partial(flops.prefill, logits=logits)
    decode = flops.decode(prompt, generated)
    return LedgerRow(
        model=backend.name,
        problem=problem,
        strategy=strategy,
        role=request.role,
        tag=request.tag,
        index=request.index,
        prompt_tokens=prompt,
        shared_tokens=shared,
        cached_tokens=usage.cached_tokens,
        completion_tokens=generated,
        flops_logical=prefill(prompt) + decode,
        flops_shared=prefill(prompt, shared) + decode,
        flops_engine=prefill(prompt, usage.cached_tokens) + decode,
        seconds=completion.seconds,
        served_from=served_from,
        finish_reason=completion.finish_reason,
        latency=completion.waited,
    )


def _scaled(shared: int, rendered: int, prompt: int) -> int:
    """Shared tokens in the engine's own count, if it tokenises a prompt differently from what was
    rendered.
    """
    return shared if rendered == prompt else round(shared * prompt / max(rendered, 1))
