"""Monte Carlo tree search over steps (UCT, Kocsis and Szepesvari 2006, "Bandit based Monte-Carlo Planning").

A node of the tree is a partial answer. A simulation descends by the upper confidence bound, adds `width` next
steps below the leaf on its second visit, generates the answer to its end from there, and adds the end's
`scorer.weight` to every node on the path. `parallel` simulations run concurrently; each counts as a loss on
its path until it is finished (virtual loss, Chaslot et al. 2008), so that they take different paths. A
finished answer is not visited twice: one more step is sampled next to it instead, so that short answers do
not exhaust the tree (as in progressive widening, Coulom 2007). UCT only requires a reward in [0, 1]; work on
reasoning has used self-evaluation (RAP, Hao et al. 2023) and process reward models.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, log, sqrt
from typing import Literal

from pydantic import Field

from eval.strategies.search.steps import ROOT, Node, StepSearch, Tree, alive
from lab.core.types import Answer, Plan, Question


@dataclass(slots=True, eq=False)
class Branch:
    """A node of the search tree: `total` is the sum of the values of `visits`; `pending` simulations are in
    progress.
    """

    node: Node
    parent: Branch | None = None
    children: list[Branch] = field(default_factory=list)
    visits: int = 0
    pending: int = 0
    total: float = 0.0

    def bound(self, exploration: float) -> float:
        """Upper confidence bound, with pending simulations as visits of value 0; inf before the first
        visit.
        """
        count = self.visits + self.pending
        if not count or self.parent is None:
            return inf
        around = self.parent.visits + self.parent.pending
        return self.total / count + exploration * sqrt(log(max(around, 1)) / count)

    def path(self) -> list[Branch]:
        """The nodes from here to the root."""
        return [self, *(self.parent.path() if self.parent else [])]


class Mcts(StepSearch):
    """Monte Carlo tree search over steps: the best or the most frequent answer at the end of simulations.

    A simulation whose completion fails is counted but changes nothing. Ties go to the branch and the answer
    drawn first. Confidence: the best one's weight if that is a probability; with `vote`, the winner's share.
    """

    kind: Literal["mcts"] = "mcts"
    n: int = Field(default=8, ge=1)
    """Number of simulations."""
    width: int = Field(default=2, ge=1)
    """Number of next steps generated below a leaf (not counting those that ended the answer)."""
    exploration: float = Field(default=1.0, ge=0.0)
    """Weight of the exploration term; values are in [0, 1]."""
    parallel: int = Field(default=4, ge=1)
    """Maximum number of simulations at the same time."""

    def solve(self, question: Question) -> Plan[Answer]:
        """Rounds of up to `parallel` simulations: a batch of steps, a batch of roll-outs, the scorer's
        requests.
        """
        tree, root, finals = Tree(question, self), Branch(ROOT), list[Node]()
        done = 0
        while done < self.n and not tree.stopped:
            leaves = self._leaves(root, min(self.parallel, self.n - done))
            done += len(leaves)
            yield from self._expand(tree, leaves)
            if not tree.stopped:
                finals += yield from self._simulate(tree, leaves)
        return tree.answer(finals)

    def _leaves(self, root: Branch, most: int) -> list[Branch]:
        """Up to `most` leaves by the bound, each once, or `width` times if it will be expanded.

        A finished leaf that was chosen before is replaced by its parent, as often as that happens.
        """
        leaves: list[Branch] = []
        while len(leaves) < most:
            leaf = root
            while leaf.children:
                leaf = max(leaf.children, key=lambda child: child.bound(self.exploration))
            if leaf.node.finished and leaf.parent and (leaf.visits or leaf.pending):
                leaf = leaf.parent
            elif leaves.count(leaf) >= (self.width if self._expands(leaf) else 1):
                break
            for branch in leaf.path():
                branch.pending += 1
            leaves.append(leaf)
        return leaves

    def _expands(self, leaf: Branch) -> bool:
        """Whether it gets children: it was visited (the root always) and has more than one step left."""
        node = leaf.node
        return (leaf.visits > 0 or leaf.parent is None) and not node.finished and self._deeper(node)

    def _deeper(self, node: Node) -> bool:
        return len(node.pieces) + 1 < self.max_steps

    def _expand(self, tree: Tree, leaves: list[Branch]) -> Plan[None]:
        """Generates the children of all leaves that get some, and moves each simulation to one of its leaf's
        children.
        """
        parents = [leaf for leaf in dict.fromkeys(leaves) if self._expands(leaf)]
        if not parents:
            return
        counts = [leaves.count(parent) if parent.children else self.width for parent in parents]
        places = [parent for parent, count in zip(parents, counts, strict=True) for _ in range(count)]
        grown = yield from tree.grow([parent.node for parent in places])
        if not tree.newest or alive(grown):
            tree.newest = alive(grown)
        new: dict[Branch, list[Branch]] = {}
        for parent, node in zip(places, grown, strict=True):
            if node is not None:
                parent.children.append(Branch(node, parent))
                new.setdefault(parent, []).append(parent.children[-1])
        taken = Counter[Branch]()
        for i, leaf in enumerate(leaves):
            if leaf in new:
                leaves[i] = new[leaf][taken[leaf] % len(new[leaf])]
                leaves[i].pending += 1
                taken[leaf] += 1

    def _simulate(self, tree: Tree, leaves: Sequence[Branch]) -> Plan[list[Node]]:
        """Generates the end of every unfinished leaf, scores the ends, and backs the values up.

        A leaf that already has children is one whose finished child could not be replaced by another step.
        """
        going = [leaf for leaf in leaves if not leaf.node.finished and not leaf.children]
        fresh = [leaf for leaf in dict.fromkeys(leaves) if leaf.node.finished]
        grown: list[Node | None] = []
        if going:
            grown = yield from tree.grow([leaf.node for leaf in going], tag="rollout", whole=True)
        reached = [leaf for leaf, node in zip(going, grown, strict=True) if node is not None] + fresh
        ends = yield from tree.judge(alive(grown) + [leaf.node for leaf in fresh])
        for leaf, end in zip(reached, ends, strict=True):
            back_up(leaf, tree.weight(end.score))
        for leaf in leaves:
            for branch in leaf.path():
                branch.pending -= 1
        return ends


def back_up(leaf: Branch, value: float) -> None:
    """Adds a visit with this value to the leaf and all nodes above it."""
    for branch in leaf.path():
        branch.visits += 1
        branch.total += value
