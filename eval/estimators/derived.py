"""The expected charge of a run with k of a pool's n candidates, over all k-subsets.

A request is made if at least one of its candidates is in the subset, so a charge for m of n candidates is
paid with probability 1 - C(n-m, k) / C(n, k). This is exact for tokens, seconds and the FLOPs of the levels
*logical* and *engine*.

At the level *shared* each distinct prefix is prefilled once. Every position of every prompt is followed
through the tree of prompts and answers: it is computed by the first prompt of the subset that reaches it,
unless an answer was there before. Each such condition is again a condition on sets of candidates, so the
total cost is a sum of weights times C(n-m, k) / C(n, k), one weight for each m. It is exact for every k, in
one pass. So is the latency, the sum over the plan's batches of the slowest completion that the subset
requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import groupby
from math import comb, nan
from operator import or_

from lab.core.flops.model import FlopsModel
from lab.core.scheduling.jobs import Charge
from lab.formats.ledger import COSTS, TIMES, Costs


class Expected:
    """The expected costs of k of n candidates, from the complete plan's charges.

    `masks`: for each charge its candidates as bits (see `eval.plans.needs`); None if they are unknown: then
    all costs are NaN. `models`: the FLOPs of each model, "" for the stage's own.
    """

    def __init__(
        self,
        charges: Sequence[Charge],
        masks: Sequence[int] | None,
        n: int,
        models: Mapping[str, FlopsModel],
    ) -> None:
        self._n, self._known = n, masks is not None
        self._weights = {name: _Weights(n) for name in (*COSTS, *TIMES)}
        for charge, mask in zip(charges, masks or [0] * len(charges), strict=True):
            self._add(charge, mask, models[charge.request.model])
        self._wait(charges, masks or ())
        for name, flops in models.items():
            mine = [(c, m) for c, m in zip(charges, masks or (), strict=False) if c.request.model == name]
            _Tree(flops, self._weights["flops_shared"]).grow(mine)

    def of(self, k: int) -> Costs:
        """The mean over all k-subsets, one number per name in COSTS and TIMES."""
        if not self._known:
            return (nan,) * len(self._weights)
        return tuple(weights.at(k) for weights in self._weights.values())

    def _add(self, charge: Charge, mask: int, flops: FlopsModel) -> None:
        """A charge's own part: everything but the prefill at the level shared."""
        for name in COSTS:
            usage = charge.completion.usage
            own = flops.decode(usage.prompt_tokens, usage.completion_tokens)
            value = own if name == "flops_shared" else float(getattr(charge.row, name))
            self._weights[name].where_any(mask, value)
        self._weights["resident"].where_any(mask, charge.row.latency)

    def _wait(self, charges: Sequence[Charge], masks: Sequence[int]) -> None:
        """For each batch the slowest completion: paid if no slower one is in the subset."""
        turns: dict[int, list[tuple[float, int]]] = {}
        for charge, mask in zip(charges, masks, strict=False):
            turns.setdefault(charge.turn, []).append((charge.row.latency, mask))
        for waits in turns.values():
            slower = 0
            for seconds, mask in sorted(waits, reverse=True):
                self._weights["latency"].where_any(mask, seconds, unless=slower)
                slower |= mask


class _Weights:
    """A sum of costs, each paid by the subsets that intersect a set: grouped by the size of the set."""

    __slots__ = ("_by_size", "_n")

    def __init__(self, n: int) -> None:
        self._n, self._by_size = n, [0.0] * (n + 1)

    def where_any(self, mask: int, value: float, unless: int = 0) -> None:
        """Paid by the subsets that contain some of `mask` and none of `unless`."""
        self._by_size[unless.bit_count()] += value
        self._by_size[(mask | unless).bit_count()] -= value

    def at(self, k: int) -> float:
        """The mean over all subsets of k: C(n-m, k) of C(n, k) of them do not intersect a set of size m."""
        n, all_ = self._n, comb(self._n, k)
        return sum(
            weight if not m else weight * (comb(n - m, k) / all_)
            for m, weight in enumerate(self._by_size[: n - k + 1])
            if weight
        )


class _Node:
    """A position: who reaches it, in temporal order, as [by a prompt or by an answer, which candidates]."""

    __slots__ = ("after", "reached")

    def __init__(self) -> None:
        self.after: dict[int, _Node] = {}
        self.reached: list[tuple[bool, int]] = []

    def reach(self, by_prompt: bool, mask: int) -> None:
        if self.reached and self.reached[-1][0] == by_prompt:
            mask |= self.reached.pop()[1]
        self.reached.append((by_prompt, mask))

    def everybody(self) -> int:
        """All candidates that have reached it so far."""
        found = 0
        for _, mask in self.reached:
            found |= mask
        return found


class _Prompt:
    """A distinct prompt, and its candidates.

    `walked`, for each time it was requested: its candidates, those that requested it before, and those that
    had reached its last position.
    """

    __slots__ = ("charge", "mask", "walked")

    def __init__(self, charge: Charge) -> None:
        self.charge, self.mask = charge, 0
        self.walked: list[tuple[int, int, int]] = []


class _Tree:
    """One model's prompts and answers as a tree of positions; sums the cost of their prefill."""

    def __init__(self, flops: FlopsModel, weights: _Weights) -> None:
        self._flops, self._weights = flops, weights
        self._root = _Node()
        self._prompts: dict[tuple[int, ...], _Prompt] = {}

    def grow(self, charges: Sequence[tuple[Charge, int]]) -> None:
        """Adds all charges of this model, in order; afterwards the weights include their prefill."""
        last = max((charge.turn for charge, _ in charges), default=0)
        for turn in sorted({charge.turn for charge, _ in charges}):
            now = [(charge, mask) for charge, mask in charges if charge.turn == turn]
            self._prompted(now)
            if turn < last:
                for charge, mask in now:
                    self._answered(charge, mask)
        for prompt in self._prompts.values():
            self._pay_end(prompt)
            self._pay_path(prompt)

    def _prompted(self, now: Sequence[tuple[Charge, int]]) -> None:
        """One batch of prompts, in order: adjacent equal ones are processed together."""
        for tokens, group in groupby(now, key=lambda asked: asked[0].prompt):
            same = list(group)
            prompt = self._prompts.setdefault(tokens, _Prompt(same[0][0]))
            mask = reduce(or_, (m for _, m in same))
            self._walk(tokens, mask, prompt)
            prompt.mask |= mask

    def _walk(self, tokens: Sequence[int], mask: int, prompt: _Prompt) -> None:
        node = self._root
        for at, token in enumerate(tokens):
            node = node.after.setdefault(token, _Node())
            if at == len(tokens) - 1:
                prompt.walked.append((mask, prompt.mask, node.everybody()))
            node.reach(True, mask)

    def _answered(self, charge: Charge, mask: int) -> None:
        """An answer without its last token, which was never fed back."""
        node = self._root
        for token in charge.prompt:
            node = node.after[token]
        for token in charge.completion.token_ids[:-1]:
            node = node.after.setdefault(token, _Node())
            node.reach(False, mask)

    def _pay_end(self, prompt: _Prompt) -> None:
        """The logits of a new prompt, and its last token's pass, even if that position was already computed
        but this prompt was not requested before.
        """
        request, usage = prompt.charge.request, prompt.charge.completion.usage
        length = usage.prompt_tokens
        whole = self._flops.prefill(length, length - 1) if length else 0.0
        token = self._flops.classify(length, length - 1) if length else 0.0
        scored = len(prompt.charge.completion.prefix_logprobs)
        if request.role != "reward":
            self._weights.where_any(prompt.mask, (whole - token) * (1 + scored))
        for mask, asked, there in prompt.walked:
            self._weights.where_any(mask, token, unless=asked)
            self._weights.where_any(mask, -token, unless=asked | there)

    def _pay_path(self, prompt: _Prompt) -> None:
        """Every position of the path that nobody has paid for yet; a server counts tokens in its own way."""
        ratio = prompt.charge.completion.usage.prompt_tokens / max(len(prompt.charge.prompt), 1)
        node, done = self._root, 0
        for at, token in enumerate(prompt.charge.prompt, 1):
            node, upto = node.after[token], round(at * ratio)
            if node.reached:
                self._pay(node, self._flops.classify(upto, done))
            done = upto

    def _pay(self, node: _Node, value: float) -> None:
        before = 0
        for by_prompt, mask in node.reached:
            if by_prompt:
                self._weights.where_any(mask, value, unless=before)
            before |= mask
        node.reached = []
