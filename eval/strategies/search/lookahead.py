"""Lookahead search over steps (Snell et al. 2024, "Scaling LLM Test-Time Compute Optimally").

Beam search in which a step is scored by its roll-out: each step is continued greedily for `ahead` more steps,
and the score of the roll-out's end is the step's score. The paper uses its process reward model as in beam
search. Roll-outs are charged (tag "rollout") and discarded, so a level costs up to `ahead` + 1 times as much
as in beam search.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field

from eval.strategies.search.beam_search import beams
from eval.strategies.search.steps import Node, StepSearch, Tree, uneven
from lab.core.types import Answer, Plan, Question


class Lookahead(StepSearch):
    """Beam search whose steps are scored at the end of a greedy rollout; `ahead: 0` is beam search.

    A rollout that fails or is cut by the budget is scored as far as it got; a finished answer needs no
    rollout. Confidence: the best one's weight if that is a probability; with `vote`, the winner's share.
    """

    kind: Literal["lookahead"] = "lookahead"
    width: int = Field(default=2, ge=1)
    """Number of continuations of each kept partial answer; n / width are kept."""
    ahead: int = Field(default=1, ge=0)
    """Number of further steps of each rollout."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error unless n is a multiple of the width."""
        return [*super().faults(), *uneven(self.n, self.width)]

    def solve(self, question: Question) -> Plan[Answer]:
        """Per level: one batch of steps, one batch per roll-out step, then the scorer's requests."""
        tree = Tree(question, self)

        def judge(level: Sequence[Node]) -> Plan[list[Node]]:
            ends = yield from self._rolled_out(tree, level)
            return (yield from tree.judge(level, ends))

        finals = yield from beams(tree, self.n, self.width, judge)
        return tree.answer(finals)

    def _rolled_out(self, tree: Tree, level: Sequence[Node]) -> Plan[list[Node]]:
        """The end of each node's roll-out: the node itself if it is finished."""
        ends, lost = list(level), set[int]()
        for _ in range(self.ahead):
            going = [i for i, node in enumerate(ends) if not node.finished and i not in lost]
            if not going or tree.stopped:
                break
            grown = yield from tree.grow([ends[i] for i in going], tag="rollout", greedy=True)
            lost |= {i for i, node in zip(going, grown, strict=True) if node is None}
            for i, node in zip(going, grown, strict=True):
                ends[i] = node or ends[i]
        return ends
