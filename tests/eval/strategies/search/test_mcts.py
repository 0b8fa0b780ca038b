"""Monte-Carlo tree search by hand: bounds, virtual loss, values backed up, finished and lost leaves."""

from __future__ import annotations

from math import log, sqrt

import pytest
from driving import FAILED, REFUSED, drive, question, said
from stepping import Story, judged_by_p_true

from eval.strategies.search.mcts import Branch, Mcts, back_up
from eval.strategies.search.steps import ROOT, Node, Tree
from lab.errors import CompletionError

Q = question()
MCTS = judged_by_p_true(Mcts, n=4, parallel=2)
STEPS = {
    "": ["a\n", "b\n"],
    "a\n": ["is 1", "c\n", "d\n"],
    "b\n": ["is 2", "e\n", "f\n"],
    "a\nc\n": ["is 3"],
    "b\ne\n": ["is 4"],
}
SCORES = {"a\nis 1": 0.9, "b\nis 2": 0.3, "a\nc\nis 3": 0.5, "b\ne\nis 4": 0.95}


def node(text: str, *, finished: bool = False) -> Node:
    return Node((said(text, stopped="" if finished else "\n"),), finished)


def test_a_search_by_hand() -> None:
    """Round 1: a and b are added and drawn to their ends (0.9 and 0.3). Round 2: a has the higher bound,
    0.9 + sqrt(ln 2); with that pending it falls to 0.45 + sqrt(ln 3 / 2) = 1.19, below b's 1.35."""
    answer, asked = Story(STEPS, SCORES).tell(MCTS, Q)
    assert [(r.tag, r.prefix) for r in asked] == [
        *[("step", "")] * 2,
        *[("rollout", "a\n"), ("rollout", "b\n")],
        *[("step", "a\n")] * 2,
        *[("step", "b\n")] * 2,
        *[("rollout", "a\nc\n"), ("rollout", "b\ne\n")],
    ]
    assert [bool(r.sampling.stop) for r in asked] == [r.tag == "step" for r in asked]
    assert [c.value for c in answer.candidates] == ["1", "2", "3", "4"]
    assert (answer.text, answer.confidence) == ("b\ne\nis 4", pytest.approx(0.95))
    assert answer.trace == {"steps": 3, "nodes": 10, "stopped": "finished"}
    one_by_one = Story(
        {"": ["a\n", "b\n"], "a\n": ["is 1", "c\n", "d\n"], "b\n": ["is 2"], "a\nc\n": ["is 3"]}, SCORES
    )
    answer, _ = one_by_one.tell(judged_by_p_true(Mcts, n=3, parallel=1), Q)
    assert [c.value for c in answer.candidates] == ["1", "2", "3"]


def test_the_bound_by_hand() -> None:
    root = Branch(ROOT)
    child = Branch(node("a"), root)
    assert child.bound(1.0) == float("inf")
    back_up(child, 0.8)
    back_up(child, 0.4)
    back_up(root, 0.0)
    assert (root.visits, child.visits, child.total) == (3, 2, pytest.approx(1.2))
    assert child.bound(2.0) == pytest.approx(0.6 + 2 * sqrt(log(3) / 2))
    child.pending = root.pending = 1
    assert child.bound(2.0) == pytest.approx(0.4 + 2 * sqrt(log(4) / 3)), "a visit of value 0"


@pytest.mark.parametrize(("most", "texts"), [(1, "b"), (3, "bca"), (8, "bcad")])
def test_virtual_loss_visits_distinct_leaves(most: int, texts: str) -> None:
    """Four leaves of nearly equal value: a round has different ones, and ends when all are taken."""
    root = Branch(ROOT)
    root.children = [Branch(node(t), root) for t in "abcd"]
    for child, value in zip(root.children, (0.5, 0.52, 0.51, 0.5), strict=True):
        back_up(child, value)
    leaves = Mcts(width=1)._leaves(root, most)
    assert "".join(leaf.node.text.strip() for leaf in leaves) == texts
    assert (root.pending, [leaf.pending for leaf in leaves]) == (len(texts), [1] * len(texts))


def test_a_round_leaves_nothing_pending_and_every_simulation_at_the_root() -> None:
    strategy, root = judged_by_p_true(Mcts, parallel=2), Branch(ROOT)
    assert isinstance(strategy, Mcts)
    tree, story = Tree(Q, strategy), Story(STEPS, SCORES)
    for visits in (2, 4):
        leaves = strategy._leaves(root, 2)
        drive(strategy._expand(tree, leaves), story)
        drive(strategy._simulate(tree, leaves), story)
        everybody = [root, *root.children, *(g for c in root.children for g in c.children)]
        assert (root.visits, [b.pending for b in everybody]) == (visits, [0] * len(everybody))
    assert root.total == pytest.approx(0.9 + 0.3 + 0.5 + 0.95)
    assert [c.total for c in root.children] == pytest.approx([1.4, 1.25])


def test_beside_a_finished_answer_another_step_is_drawn() -> None:
    """Every simulation brings an answer of its own; a new step that is none is drawn to its end."""
    steps = {"": ["is 1", "is 2", "is 3", "a\n"], "a\n": ["is 4"]}
    answer, asked = Story(steps, {"is 2": 0.9}).tell(MCTS, Q)
    assert [r.tag for r in asked] == ["step"] * 4 + ["rollout"]
    assert [c.value for c in answer.candidates] == ["1", "2", "4", "3"]
    assert answer.value == "2"
    lost = {"": ["is 1", "is 2", FAILED, FAILED]}
    answer, _ = Story(lost).tell(MCTS, Q)
    assert [c.value for c in answer.candidates] == ["1", "2"], "lost simulations count"


def test_a_vote_over_the_ends() -> None:
    steps = {"": ["a\n", "b\n", "c\n"], "a\n": ["is 1"], "b\n": ["is 2"], "c\n": ["is 1"]}
    scores = {"a\nis 1": 0.5, "b\nis 2": 0.8, "c\nis 1": 0.5}
    strategy = judged_by_p_true(Mcts, n=3, width=3, parallel=3, select="vote")
    answer, _ = Story(steps, scores).tell(strategy, Q)
    assert (answer.value, answer.confidence) == ("1", pytest.approx(1 / 1.8))


def test_all_equal_goes_to_the_first_drawn() -> None:
    answer, _ = Story(STEPS).tell(MCTS, Q)
    assert (answer.value, answer.confidence) == ("1", 0.5)


def test_lost_steps_and_rollouts_teach_nothing_but_count() -> None:
    """One child is lost: both simulations go through the other; one rollout is lost."""
    steps = {"": ["a\n", FAILED], "a\n": [FAILED, "is 1"]}
    answer, asked = Story(steps).tell(judged_by_p_true(Mcts, n=2, parallel=2), Q)
    assert ([c.value for c in answer.candidates], len(asked)) == (["1"], 4)
    lost = {"": ["a 7\n", "b\n"], "a 7\n": [FAILED], "b\n": [FAILED]}
    answer, _ = Story(lost).tell(judged_by_p_true(Mcts, n=2, parallel=2), Q)
    assert (answer.value, answer.trace["stopped"]) == ("7", "lost")
    with pytest.raises(CompletionError, match="gone"):
        Story({"": [FAILED, FAILED]}).tell(MCTS, Q)


def test_the_budget_ends_it() -> None:
    steps = {"": ["a\n", "b\n"], "a\n": ["is 1"], "b\n": [REFUSED]}
    answer, _ = Story(steps).tell(MCTS, Q)
    assert (answer.value, answer.trace["stopped"]) == ("1", "budget")
    answer, _ = Story({"": ["a 5\n", REFUSED]}).tell(MCTS, Q)
    assert (answer.text, answer.trace["stopped"]) == ("a 5", "budget")
    answer, _ = Story({"": ["a 5\n", "is 6"], "a 5\n": [REFUSED]}).tell(MCTS, Q)
    assert answer.text == "is 6", "a whole answer comes before a partial one"
