"""Votes filtered and weighted by the model's token confidence (DeepConf, Fu et al. 2025).

The group confidence of a trace is the mean token confidence in a sliding window. Offline, n complete samples
of the common pool are generated, and the `keep` most confident ones vote, each weighted by its confidence.
Online, a warm-up of complete samples sets a threshold, the lowest group confidence that the best `keep` of
them all reach. Further traces are generated in chunks and dropped as soon as a group falls below the
threshold, and sampling stops when the vote agrees. Dropped traces are charged and stay among the candidates,
with their score and without a vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import Field

from eval.estimators.pool import Pool, PoolEstimate
from eval.plans.drawing import candidate, draw
from eval.plans.voting import Ballot, vote
from eval.scorers.base import per_token
from eval.strategies.base import SamplingStrategy, first_alive, joined
from lab.core.fields import only_with
from lab.core.types import Answer, Candidate, Completion, Plan, Question, Request

Measure = Literal["mean", "lowest_group", "bottom_10", "tail"]


class DeepConf(SamplingStrategy):
    """Majority vote weighted by the confidence of each sample; unparsed answers cast no vote.

    Confidence: the winner's share of the weight that voted. Needs an engine that returns
    `Completion.confidence`; raises NumbersError otherwise.
    """

    kind: Literal["deepconf"] = "deepconf"
    mode: Literal["offline", "online"] = "offline"
    """Generate all samples completely, then filter (offline); or stop samples of low confidence while they
    are generated (online).
    """
    measure: Measure = "lowest_group"
    """How the confidence of a sample is measured: its mean, its lowest group, its lowest tenth of groups, or
    its end.
    """
    keep: float = Field(default=0.9, gt=0, le=1)
    """Share of the samples that vote (eta in the paper, which uses 0.1 and 0.9)."""
    window: int = Field(default=16, ge=1)
    """Tokens per group; 2,048 in the paper, for samples of tens of thousands of tokens."""
    warmup: Annotated[int, only_with("mode", "online")] = Field(default=4, ge=1)
    """Online: number of complete samples, the first of the n, that set the threshold."""
    chunk: Annotated[int, only_with("mode", "online")] = Field(default=32, ge=1)
    """Online: tokens drawn before a sample is examined again."""
    wave: Annotated[int, only_with("mode", "online")] = Field(default=4, ge=1)
    """Online: samples drawn at the same time before the vote is examined again."""
    consensus: Annotated[float, only_with("mode", "online")] = Field(default=0.95, gt=0, le=1)
    """Online: share of the voting weight at which drawing stops."""

    @property
    def curve(self) -> str:
        """The kind with its mode."""
        return self.name or f"{self.kind}[{self.mode}]"

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own, because the filter uses the complete pool."""
        return True

    @property
    def certainty(self) -> bool:
        """Token confidences are what it works with."""
        return True

    def estimates(self, pool: Pool) -> list[PoolEstimate]:
        """None, because the filter uses the complete pool."""
        return []

    def solve(self, question: Question) -> Plan[Answer]:
        """The pool in one batch; or a warm-up and then waves."""
        if self.mode == "online":
            return (yield from self._online(question))
        pool = yield from draw(question, self.n, self.temperature)
        scored = tuple(self._scored(c) for c in pool)
        return _answer(scored, self._vote(scored), {"stopped": "n", "samples": len(scored)})

    def _online(self, question: Question) -> Plan[Answer]:
        first = yield from draw(question, min(self.warmup, self.n), self.temperature)
        pool = [self._scored(c) for c in first]
        floor = self._floor(pool)
        silent: set[int] = set()
        stopped = "n" if len(first) == min(self.warmup, self.n) else "budget"
        while len(pool) < self.n and stopped == "n":
            ballot = self._vote(pool, silent)
            if ballot.total > 0 and ballot.weight / ballot.total >= self.consensus:
                stopped = "consensus"
                break
            traces = [_Trace(i) for i in range(len(pool), min(len(pool) + self.wave, self.n))]
            yield from self._wave(question, traces, floor)
            for trace in traces:
                if trace.end == "budget":
                    stopped = "budget"
                if trace.pieces or trace.lost:
                    silent |= {len(pool)} if trace.end else set()
                    whole = joined(trace.pieces) if trace.pieces else trace.lost[0]
                    pool.append(self._scored(candidate(question, whole)))
        said = {"stopped": stopped, "samples": len(pool), "dropped": len(silent), "floor": floor}
        return _answer(tuple(pool), self._vote(pool, silent), said)

    def _wave(self, question: Question, traces: list[_Trace], floor: float) -> Plan[None]:
        """Generates some traces, chunk by chunk, until each has ended or was dropped."""
        sampling = question.sampling.but(logprobs=True, certainty=True, seed=None)
        if self.temperature is not None:
            sampling = sampling.but(temperature=self.temperature)
        while live := [t for t in traces if not t.over]:
            requests = []
            for trace in live:
                left = min(self.chunk, sampling.max_tokens - trace.tokens)
                requests.append(
                    Request(
                        question.messages,
                        sampling.but(max_tokens=left),
                        prefix=trace.text,
                        tag="chunk",
                        index=trace.index,
                        required=False,
                    )
                )
            for trace, piece in zip(live, (yield requests), strict=True):
                trace.take(piece, sampling.max_tokens)
                if not trace.over and self._lowest(trace.pieces) < floor:
                    trace.over, trace.end = True, "unsure"

    def _scored(self, drawn: Candidate) -> Candidate:
        if not drawn.completion.drawn:
            return drawn
        return replace(drawn, score=measured(confidences(drawn.completion), self.measure, self.window))

    def _floor(self, pool: Sequence[Candidate]) -> float:
        """The lowest group confidence that the best `keep` of the warm-up reach."""
        lowest = sorted(self._lowest([c.completion]) for c in pool if c.completion.drawn)
        return lowest[len(lowest) - ceil(self.keep * len(lowest))]

    def _lowest(self, pieces: Sequence[Completion]) -> float:
        tokens = [c for piece in pieces for c in confidences(piece)]
        return measured(tokens, "lowest_group", self.window)

    def _vote(self, pool: Sequence[Candidate], dropped: set[int] | None = None) -> Ballot:
        """The weighted vote of the most confident `keep` (offline), or of all that were not dropped."""
        scores = {i: c.score for i, c in enumerate(pool) if c.score is not None and i not in (dropped or ())}
        voters = sorted(scores, key=lambda i: -(scores[i] or 0.0))
        if dropped is None:
            voters = voters[: ceil(self.keep * len(voters))]
        most = max((scores[i] or 0.0 for i in voters), default=0.0) or 1.0
        weights = [(scores[i] or 0.0) / most if i in voters else 0.0 for i in range(len(pool))]
        return vote([c.value if i in voters else None for i, c in enumerate(pool)], weights)


@dataclass(slots=True)
class _Trace:
    """One text in progress; `end` is why it has no vote: "unsure", "lost" or "budget"."""

    index: int
    pieces: list[Completion] = field(default_factory=list)
    lost: list[Completion] = field(default_factory=list)
    over: bool = False
    end: str = ""

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def tokens(self) -> int:
        return sum(piece.usage.completion_tokens for piece in self.pieces)

    def take(self, piece: Completion, most: int) -> None:
        """Adds a chunk. The trace is finished if it ended, failed, or reached its limit."""
        if piece.drawn:
            self.pieces.append(piece)
        else:
            self.end = "budget" if piece.finish_reason == "budget" else "lost"
            self.lost += [piece] if self.end == "lost" else []
        ended = piece.finish_reason != "length" or piece.usage.completion_tokens == 0
        self.over = ended or self.tokens >= most


def confidences(completion: Completion) -> tuple[float, ...]:
    """Its token confidences. Raises NumbersError if the engine returned none."""
    return per_token(completion, "confidence", "confidences of the tokens")


def measured(tokens: Sequence[float], measure: Measure, window: int) -> float:
    """A trace's confidence from its tokens' (Fu et al. 2025, section 3); 0 for an empty trace.

    Groups are all windows of `window` tokens, or the complete trace if it is shorter.
    """
    if not tokens:
        return 0.0
    if measure == "mean":
        return sum(tokens) / len(tokens)
    width = min(window, len(tokens))
    if measure == "tail":
        return sum(tokens[-width:]) / width
    groups = sorted(sum(tokens[i : i + width]) / width for i in range(len(tokens) - width + 1))
    if measure == "lowest_group":
        return groups[0]
    tenth = groups[: max(1, len(groups) // 10)]
    return sum(tenth) / len(tenth)


def _answer(pool: tuple[Candidate, ...], ballot: Ballot, trace: dict[str, Any]) -> Answer:
    chosen = first_alive(pool) if ballot.winner is None else pool[ballot.winner]
    share = ballot.weight / ballot.total if ballot.total > 0 else 0.0
    return Answer(chosen.text, chosen.value, share, candidates=pool, trace=trace)
