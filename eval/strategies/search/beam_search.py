"""Beam search over steps (Snell et al. 2024, "Scaling LLM Test-Time Compute Optimally").

n first steps are sampled. The best n / width partial answers are kept and each is continued `width` times,
level by level. The paper scores steps with a process reward model trained on roll-outs and uses the score of
the last step (`process_reward` with `aggregation: last`). Cost: up to n steps per level, including pruned
ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from pydantic import Field

from eval.strategies.search.steps import ROOT, Node, StepSearch, Tree, alive, uneven
from lab.core.types import Answer, Plan, Question


class BeamSearch(StepSearch):
    """Keeps the best n / width partial answers at every step.

    A finished answer stays in the beam as long as it is among the best. All finished answers take part in the
    final choice. Ties go to the one sampled first. Confidence: the best one's weight if that is a
    probability; with `vote`, the winner's share.
    """

    kind: Literal["beam_search"] = "beam_search"
    width: int = Field(default=2, ge=1)
    """Number of continuations of each kept partial answer; n / width are kept."""

    def faults(self) -> Iterable[tuple[str, str]]:
        """Yields an error unless n is a multiple of the width."""
        return [*super().faults(), *uneven(self.n, self.width)]

    def solve(self, question: Question) -> Plan[Answer]:
        """One batch of steps per level, then the scorer's requests."""
        tree = Tree(question, self)
        finals = yield from beams(tree, self.n, self.width, tree.judge)
        return tree.answer(finals)


def beams(
    tree: Tree, n: int, width: int, judge: Callable[[Sequence[Node]], Plan[list[Node]]]
) -> Plan[list[Node]]:
    """Every finished answer of a beam search, in order; `judge` scores the nodes of one level."""
    finals: list[Node] = []
    held: list[Node] = []
    wave = [ROOT] * n
    while wave and not tree.stopped:
        grown = yield from tree.grow(wave)
        level = yield from judge(alive(grown))
        finals += [node for node in level if node.finished]
        best = sorted(held + level, key=lambda node: -node.order)[: max(n // width, 1)]
        held = [node for node in best if node.finished]
        wave = [node for node in best if not node.finished for _ in range(width)]
    return finals
