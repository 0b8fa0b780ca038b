"""What the searches over steps share: partial answers that grow by one step, many at once.

A step is what the model writes up to the stop string `step`; a `Node` is the assistant's turn so far, and
each request holds it as its prefix. All nodes of a level are drawn in one batch, so that the engine is busy,
and every request has an index of its own, so that equal prefixes give different steps. A partial answer is
judged like a whole one. What is pruned stays charged; what fails is dropped, charged as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import Literal

from pydantic import Field

from eval.plans.drawing import candidate, some_drawn
from eval.plans.voting import vote
from eval.strategies.base import Scored, joined, rank, scored_candidates
from lab.core.types import Answer, Candidate, Completion, Plan, Question, Request, Sampling
from lab.errors import CompletionError


class StepSearch(Scored):
    """Base of the searches over steps."""

    n: int = Field(default=4, ge=1)
    """Number of partial answers kept at the same time."""
    step: str = Field(default="\n", min_length=1)
    """Separator that ends a step."""
    step_tokens: int | None = Field(default=None, ge=1)
    """Maximum number of tokens of a step; empty: only the whole answer is limited, by `sampling.max_tokens`.
    """
    max_steps: int = Field(default=16, ge=1)
    """Maximum number of steps of an answer; the last one is drawn to the end."""
    select: Literal["best", "vote"] = "best"
    """How one of the finished answers is chosen: the highest score, or a vote weighted by `scorer.weight`."""

    @property
    def curve(self) -> str:
        """The kind with the scorer in brackets, and with the vote where there is one."""
        how = "" if self.select == "best" else ",vote"
        return self.name or f"{self.kind}[{self.scorer.label}{how}]"

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own: who is pruned depends on who is there."""
        return True


@dataclass(frozen=True, slots=True)
class Node:
    """A partial answer: its pieces, whether it is whole, its score, and which subtree (`root`) it is of."""

    pieces: tuple[Completion, ...] = ()
    finished: bool = False
    score: float | None = None
    root: int = 0

    @property
    def text(self) -> str:
        """The assistant's turn so far, the last stop string included: what the next step continues."""
        return joined(self.pieces).text + self.pieces[-1].stopped if self.pieces else ""

    @property
    def tokens(self) -> int:
        """Tokens generated for it."""
        return sum(piece.usage.completion_tokens for piece in self.pieces)

    @property
    def order(self) -> float:
        """Its score, -inf without one."""
        return -inf if self.score is None else self.score

    def candidate(self, question: Question) -> Candidate:
        """The text so far as an answer."""
        return replace(candidate(question, joined(self.pieces)), score=self.score)


@dataclass(slots=True)
class Tree:
    """One question's search: `asked` requests so far (the running index), `drawn` of them with a text.

    `newest` are the partial answers to fall back on; `stopped` is set once the budget is spent.
    """

    question: Question
    search: StepSearch
    asked: int = 0
    drawn: int = 0
    newest: Sequence[Node] = ()
    stopped: str = ""
    scored: bool = False
    unjudged: CompletionError | None = None
    depth: list[int] = field(default_factory=lambda: [0])

    def grow(
        self, nodes: Sequence[Node], *, tag: str = "step", whole: bool = False, greedy: bool = False
    ) -> Plan[list[Node | None]]:
        """Each node with one more step (or drawn to its end), in one batch; None for those that were lost.

        A node given several times grows several ways. Raises CompletionError when nothing was ever drawn.
        """
        requests = [self._request(node, tag, whole, greedy, i) for i, node in enumerate(nodes)]
        self.asked += len(requests)
        completions = yield requests
        self.drawn += sum(c.drawn for c in completions)
        if not self.drawn:
            some_drawn(completions)
        if any(c.finish_reason == "budget" for c in completions):
            self.stopped = "budget"
        drawn = zip(nodes, requests, completions, strict=True)
        return [self._grown(node, request, c) if c.drawn else None for node, request, c in drawn]

    def judge(self, nodes: Sequence[Node], ends: Sequence[Node] | None = None) -> Plan[list[Node]]:
        """The nodes with their scores, or those of their `ends`; none where all judgements failed."""
        if not nodes:
            return []
        found = list(nodes)
        try:
            judgements = yield from scored_candidates(
                self.search.scorer, self.question, [node.candidate(self.question) for node in ends or nodes]
            )
            found = [replace(n, score=c.score) for n, c in zip(nodes, judgements, strict=True)]
            self.scored = True
        except CompletionError as error:
            self.unjudged = error
        self.newest = found
        self.depth.append(max(len(node.pieces) for node in found))
        return found

    def answer(self, finals: Sequence[Node]) -> Answer:
        """The chosen one of the finished answers, or of the newest partial ones where none was finished."""
        if self.unjudged and not self.scored:
            raise self.unjudged
        whole = finals or [node for node in self.newest if node.finished]
        pool = tuple(node.candidate(self.question) for node in whole or self.newest)
        chosen, confidence = self._chosen(pool)
        stopped = self.stopped or ("finished" if whole else "lost")
        trace = {"steps": max(self.depth), "nodes": self.drawn, "stopped": stopped}
        return Answer(chosen.text, chosen.value, confidence, candidates=pool, trace=trace)

    def weight(self, score: float | None) -> float:
        """What a score weighs, in [0, 1]; nothing without one."""
        return 0.0 if score is None or score == -inf else self.search.scorer.weight(score)

    def _chosen(self, pool: Sequence[Candidate]) -> tuple[Candidate, float | None]:
        best = max(pool, key=rank)
        if self.search.select == "best":
            known = best.score is not None and self.search.scorer.probability
            return best, self.weight(best.score) if known else None
        ballot = vote([c.value for c in pool], [self.weight(c.score) for c in pool])
        if ballot.winner is None:
            return best, 0.0
        return pool[ballot.winner], ballot.weight / ballot.total if ballot.total > 0 else None

    def _request(self, node: Node, tag: str, whole: bool, greedy: bool, i: int) -> Request:
        sampling = self._sampling(node, whole or len(node.pieces) + 1 >= self.search.max_steps, greedy)
        return Request(
            self.question.messages,
            sampling,
            prefix=node.text,
            tag=tag,
            index=self.asked + i,
            required=False,
        )

    def _sampling(self, node: Node, whole: bool, greedy: bool) -> Sampling:
        sampling = self.question.sampling.but(logprobs=True, seed=None)
        left = sampling.max_tokens - node.tokens
        if not whole:
            stop = tuple(dict.fromkeys((self.search.step, *sampling.stop)))
            left = min(left, self.search.step_tokens or left)
            sampling = sampling.but(stop=stop)
        temperature = 0.0 if greedy else self.search.temperature
        if temperature is not None:
            sampling = sampling.but(temperature=temperature)
        return sampling.but(max_tokens=left)

    def _grown(self, node: Node, request: Request, piece: Completion) -> Node:
        """Whole when the model ended, at a stop of the stage's, at the most tokens, or drawn to its end."""
        grown = replace(node, pieces=(*node.pieces, piece), score=None)
        own = self.question.sampling
        cut = piece.finish_reason == "length" or piece.stopped == self.search.step
        stepwise = self.search.step in request.sampling.stop and self.search.step not in own.stop
        return replace(grown, finished=not (cut and stepwise and grown.tokens < own.max_tokens))


def uneven(n: int, width: int) -> list[tuple[str, str]]:
    """The fault of an `n` that does not divide by `width`."""
    return [("n", f"must be a multiple of width ({width}), found {n}")] if n % width else []


def alive(nodes: Sequence[Node | None]) -> list[Node]:
    """Those that were not lost."""
    return [node for node in nodes if node is not None]


ROOT = Node()
"""Nothing drawn yet."""
