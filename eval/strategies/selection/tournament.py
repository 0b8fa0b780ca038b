"""Candidates are compared in pairs by the model (pairwise ranking, Qin et al. 2023).

Equal answers are not compared: the first candidate with each canonical value represents it. A comparison is
one token: the log-probabilities of "A" and "B", summed over both orders so that a preference for one letter
cancels. Cost with m different answers: m - 1 comparisons (knockout) or m(m - 1)/2 (round robin), each one
prompt with two solutions and one token, twice that with `both_orders`; none if all samples agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import inf
from typing import Literal

from pydantic import Field

from eval.plans.drawing import draw
from eval.plans.turns import about, asked, clipped
from eval.strategies.base import SamplingStrategy, first_alive
from lab.core.types import Answer, Candidate, Completion, Messages, Plan, Question, Request, Sampling
from lab.language.choices import among

TournamentPair = tuple[str, str]


@dataclass(slots=True)
class _Table:
    """The different answers, most votes first (then sampled first), with their representatives and wins."""

    entrants: list[str]
    texts: dict[str, str]
    wins: dict[str, float]
    asks: int = 0
    stopped: str = "decided"


class Tournament(SamplingStrategy):
    """Pairwise comparisons of the different answers among n samples; the answer with the most wins is given.

    Samples with the same answer share its wins as their score. If a comparison is a draw or is lost, the
    answer with more votes in the pool wins (knockout), or each gets half a win (round robin). Confidence: the
    answer's share of the pool.
    """

    kind: Literal["tournament"] = "tournament"
    n: int = Field(default=8, ge=1)
    """Number of samples."""
    rounds: Literal["knockout", "round_robin"] = "knockout"
    """Losers drop out (knockout), or every answer is compared with every other (round robin)."""
    both_orders: bool = True
    """Ask about each pair twice, with A and B exchanged."""
    max_shown: int = Field(default=1000, ge=16)
    """Maximum number of characters of a sample in a prompt; of longer ones, beginning and end are shown."""

    @property
    def curve(self) -> str:
        """The kind, with the form if it is not a knockout."""
        return self.name or (self.kind if self.rounds == "knockout" else f"{self.kind}[{self.rounds}]")

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own, because the winner depends on the participants."""
        return True

    def solve(self, question: Question) -> Plan[Answer]:
        """The pool in one batch, then one batch of comparisons per round."""
        pool = yield from draw(question, self.n, self.temperature)
        table = _seeded(pool)
        if self.rounds == "knockout":
            champion = yield from self._knockout(question, table)
        else:
            champion = yield from self._round_robin(question, table)
        scored = tuple(_with_wins(c, table) for c in pool)
        chosen = next((c for c in scored if c.value == champion), None) if champion else None
        chosen = chosen or first_alive(scored)
        share = sum(c.value is not None and c.value == chosen.value for c in pool) / len(pool)
        trace = {"comparisons": table.asks, "wins": table.wins, "stopped": table.stopped}
        return Answer(chosen.text, chosen.value, share, candidates=scored, trace=trace)

    def _knockout(self, question: Question, table: _Table) -> Plan[str | None]:
        """The first is compared with the last, the second with the last but one; with an odd number the first
        advances.
        """
        left = list(table.entrants)
        while len(left) > 1 and table.stopped == "decided":
            bye = left[: len(left) % 2]
            rest = left[len(bye) :]
            pairs = [(rest[i], rest[-1 - i]) for i in range(len(rest) // 2)]
            odds = yield from self._compare(question, pairs, table)
            winners = [a if o >= 0 else b for (a, b), o in zip(pairs, odds, strict=True)]
            for winner in winners:
                table.wins[winner] += 1
            left = sorted(bye + winners, key=table.entrants.index)
        return left[0] if left else None

    def _round_robin(self, question: Question, table: _Table) -> Plan[str | None]:
        pairs = list(combinations(table.entrants, 2))
        odds = (yield from self._compare(question, pairs, table)) if pairs else []
        for (a, b), o in zip(pairs, odds, strict=True):
            table.wins[a] += 0.5 if o == 0 else float(o > 0)
            table.wins[b] += 0.5 if o == 0 else float(o < 0)
        return max(table.entrants, key=table.wins.__getitem__, default=None)

    def _compare(
        self, question: Question, pairs: Sequence[TournamentPair], table: _Table
    ) -> Plan[list[float]]:
        """Log-odds that the first of each pair is better: above 0 for the first, 0 if unknown."""
        orders = [order for a, b in pairs for order in ([(a, b), (b, a)] if self.both_orders else [(a, b)])]
        sampling = Sampling(temperature=0.0, max_tokens=1, allowed_tokens=(A, B))
        replies = yield [
            Request(
                self._prompt(question, table.texts[one], table.texts[other]),
                sampling,
                "verifier",
                tag="compare",
                index=table.asks + i,
                required=False,
            )
            for i, (one, other) in enumerate(orders)
        ]
        table.asks += len(orders)
        if any(reply.finish_reason == "budget" for reply in replies):
            table.stopped = "budget"
        step = 2 if self.both_orders else 1
        odds = [preference(reply) for reply in replies]
        return [odds[i] - (odds[i + 1] if self.both_orders else 0.0) for i in range(0, len(odds), step)]

    def _prompt(self, question: Question, one: str, other: str) -> Messages:
        a, b = clipped(one, self.max_shown), clipped(other, self.max_shown)
        return about(question, COMPARE.format(question=asked(question), a=a, b=b))


def preference(reply: Completion) -> float:
    """log P(A) - log P(B), within +-700; 0 for a failed comparison.

    Raises NumbersError if the engine returns no log-probabilities for them, or if both have probability 0.
    """
    if not reply.drawn:
        return 0.0
    found = among(reply.choices, (A, B))
    return min(max(found.get(A, -inf) - found.get(B, -inf), -700.0), 700.0)


def _seeded(pool: Sequence[Candidate]) -> _Table:
    """The table before the first comparison."""
    values = [c.value for c in pool if c.value is not None]
    first = {v: next(c.text for c in pool if c.value == v) for v in dict.fromkeys(values)}
    return _Table(sorted(first, key=lambda v: -values.count(v)), first, dict.fromkeys(first, 0.0))


def _with_wins(found: Candidate, table: _Table) -> Candidate:
    """Its answer's wins as its score; 0 without a parsed answer, None if it could not be generated."""
    if not found.completion.drawn:
        return found
    return replace(found, score=0.0 if found.value is None else table.wins[found.value])


A, B = "A", "B"

COMPARE = (
    "Problem:\n{question}\n\nSolution A:\n{a}\n\nSolution B:\n{b}\n\n"
    "Which solution is correct? Reply with exactly one letter, A or B."
)
