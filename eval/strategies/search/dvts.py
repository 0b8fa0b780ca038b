"""Diverse verifier tree search (Beeching et al. 2024, "Scaling test-time compute with open models").

n / width independent subtrees, each a greedy search: of `width` next steps only the best is kept. A single
beam search ends in near copies of one answer; subtrees do not compete, so their answers stay diverse. The
authors score steps with a process reward model, using the last step's score (`process_reward` with
`aggregation: last`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from pydantic import Field

from eval.strategies.search.steps import ROOT, Node, StepSearch, Tree, alive, uneven
from lab.core.types import Answer, Plan, Question


class Dvts(StepSearch):
    """Beam search in independent subtrees, one beam each; then the best or the most frequent of their
    answers.

    A subtree that lost all its next steps is dropped. Ties go to the step sampled first. Confidence: the best
    one's weight if that is a probability; with `vote`, the winner's share.
    """

    kind: Literal["dvts"] = "dvts"
    width: int = Field(default=2, ge=1)
    """Steps generated in each subtree, one of which is kept; there are n / width subtrees."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error unless n is a multiple of the width."""
        return [*super().faults(), *uneven(self.n, self.width)]

    def solve(self, question: Question) -> Plan[Answer]:
        """One batch of steps per level for all subtrees, then the scorer's requests."""
        tree = Tree(question, self)
        finals: dict[int, Node] = {}
        wave = [replace(ROOT, root=root) for root in range(max(self.n // self.width, 1))]
        while wave and not tree.stopped:
            grown = yield from tree.grow([node for node in wave for _ in range(self.width)])
            level = yield from tree.judge(alive(grown))
            best: dict[int, Node] = {}
            for node in level:
                if node.root not in best or node.order > best[node.root].order:
                    best[node.root] = node
            finals |= {root: node for root, node in best.items() if node.finished}
            wave = [node for node in best.values() if not node.finished]
        return tree.answer([finals[root] for root in sorted(finals)])
