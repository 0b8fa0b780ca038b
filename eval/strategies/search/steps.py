"""The common code of searches over steps: many partial answers that grow by one step at a time.

A step is what the model generates up to the stop string `step`. A `Node` is the assistant's turn so far,
which each request has as its prefix. All nodes of a level are generated in one batch, so that the engine is
busy, and every request has its own index, so that equal prefixes give different steps. A partial answer is
scored like a complete one. Pruned steps stay charged; failed ones are discarded and charged, too.
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
    """Maximum number of steps of an answer; the last one is generated to the end."""
    select: Literal["best", "vote"] = "best"
    """How one of the finished answers is chosen: the highest score, or a vote weighted by `scorer.weight`."""

    @property
    def curve(self) -> str:
        """The kind with the scorer in brackets, and with the vote if there is one."""
        how = "" if self.select == "best" else ",vote"
        return self.name or f"{self.kind}[{self.scorer.label}{how}]"

    @property
    def measured_per_size(self) -> bool:
        """Each n is measured on its own, because pruning depends on the other partial answers."""
        return True


@dataclass(frozen=True, slots=True)
class Node:
    """A partial answer: its pieces, whether it is finished, its score, and its subtree (`root`)."""

    pieces: tuple[Completion, ...] = ()
    finished: bool = False
    score: float | None = None
    root: int = 0

    @property
    def text(self) -> str:
        """The assistant's turn so far, including the last stop string: what the next step continues."""
        return joined(self.pieces).text + self.pieces[-1].stopped if self.pieces else ""

    @property
    def tokens(self) -> int:
        """Tokens generated for it."""
        return sum(piece.usage.completion_tokens for piece in self.pieces)

    @property
    def order(self) -> float:
        """Its score, -inf if it has none."""
        return -inf if self.score is None else self.score

    def candidate(self, question: Question) -> Candidate:
        """The text so far as an answer."""
        return replace(candidate(question, joined(self.pieces)), score=self.score)


@dataclass(slots=True)
class Tree:
    """One question's search: `asked` requests so far (the running index), `drawn` of them with a text.

    `newest` are the partial answers to fall back on; `stopped` is set once the budget is used up.
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
        """Each node with one more step (or generated to its end), in one batch; None for failed ones.

        A node that occurs several times gets several different steps. Raises CompletionError if nothing was
        ever generated.
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
        """The nodes with their scores, or with those of their `ends`; none if all scoring requests failed."""
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
        """The selected finished answer; if none is finished, the selected one of the newest partial
        answers.
        """
        if self.unjudged and not self.scored:
            raise self.unjudged
        whole = finals or [node for node in self.newest if node.finished]
        pool = tuple(node.candidate(self.question) for node in whole or self.newest)
        chosen, confidence = self._chosen(pool)
        stopped = self.stopped or ("finished" if whole else "lost")
        trace = {"steps": max(self.depth), "nodes": self.drawn, "stopped": stopped}
        return Answer(chosen.text, chosen.value, confidence, candidates=pool, trace=trace)

    def weight(self, score: float | None) -> float:
        """The weight of a score, in [0, 1]; 0 without one."""
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
        """The node with its new piece. It is finished if the model ended, at a stop string of the stage, or
        at a limit.
        """
        grown = replace(node, pieces=(*node.pieces, piece), score=None)
        own = self.question.sampling
        cut = piece.finish_reason == "length" or piece.stopped == self.search.step
        stepwise = self.search.step in request.sampling.stop and self.search.step not in own.stop
        return replace(grown, finished=not (cut and stepwise and grown.tokens < own.max_tokens))


def uneven(n: int, width: int) -> list[tuple[str, str]]:
    """Yields an error for an `n` that is not a multiple of `width`."""
    return [("n", f"must be a multiple of width ({width}), found {n}")] if n % width else []


def alive(nodes: Sequence[Node | None]) -> list[Node]:
    """The nodes that did not fail."""
    return [node for node in nodes if node is not None]


ROOT = Node()
"""The empty partial answer."""
