"""compute_optimal: binning, choosing on dev, and what it does with a test problem."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, drive, question
from eval_world import rows, run_evaluate

from eval.learning.study import LearningStudy
from eval.strategies import ComputeOptimal, Greedy, SelfConsistency
from eval.strategies.allocation.compute_optimal import difficulty
from lab.core.types import Candidate, Completion, Usage

ARMS = (Greedy(), SelfConsistency(n=6))


def pool(*values: str | None) -> list[Candidate]:
    return [Candidate(Completion("", "stop", Usage(1, 0, 1)), v) for v in values]


def studies(*cases: tuple[float, str, str]) -> list[LearningStudy]:  # type: ignore[type-arg]
    """(difficulty, first arm's text, second arm's): "y" is right; the arms take 10 and 60 tokens."""
    return [
        LearningStudy("t", question(), (hard, [(one, 10), (two, 60)]), lambda text: float(text == "y"))
        for hard, one, two in cases
    ]


def test_difficulty_is_disagreement() -> None:
    assert difficulty(pool("1", "1", "1", "1")) == 0
    assert difficulty(pool("1", "1", "2", None)) == 0.5
    assert difficulty(pool(None, None)) == 1


def test_easy_bins_take_the_cheap_arm_where_both_are_right() -> None:
    easy = [(0.0, "y", "y")] * 6
    hard = [(0.75, "n", "y")] * 6
    fitted = ComputeOptimal(arms=ARMS, bins=2).fitted(studies(*easy, *hard))
    assert (fitted.edges, fitted.choice) == ((0.75,), (0, 1))
    assert not fitted.learns


def test_a_bin_with_few_problems_takes_what_is_best_overall() -> None:
    fitted = ComputeOptimal(arms=ARMS, bins=2).fitted(studies(*[(0.0, "n", "y")] * 9, *[(0.5, "y", "n")] * 2))
    assert set(fitted.choice) == {1}


def test_an_arm_over_the_token_limit_is_not_chosen() -> None:
    fitted = ComputeOptimal(arms=ARMS, bins=1, max_tokens=30).fitted(studies(*[(0.0, "n", "y")] * 6))
    assert fitted.choice == (0,)


def test_efficiency_weighs_accuracy_against_tokens() -> None:
    mostly = studies(*[(0.0, "y", "y")] * 8, *[(0.0, "n", "y")] * 2)
    assert ComputeOptimal(arms=ARMS, bins=1).fitted(mostly).choice == (1,)
    assert ComputeOptimal(arms=ARMS, bins=1, prefer="efficiency").fitted(mostly).choice == (0,)


def test_a_test_problem_is_probed_and_its_samples_go_on() -> None:
    optimal = ComputeOptimal(arms=ARMS, probe=2, edges=(0.4,), choice=(0, 1))
    answer, asked = drive(optimal.solve(question()), ["1", "2", "3", "3", "3", "1"])
    assert [r.index for r in asked] == list(range(6)), "the arm draws only what the probe has not"
    assert (answer.value, answer.trace["arm"], answer.trace["difficulty"]) == ("3", 1, 0.5)
    answer, asked = drive(optimal.solve(question()), ["1", "1", "9"])
    assert (answer.value, answer.trace["arm"], asked[-1].sampling.temperature) == ("9", 0, 0.0)


def test_an_arm_that_can_draw_nothing_leaves_the_probes_vote() -> None:
    optimal = ComputeOptimal(arms=ARMS, probe=2, choice=(0,))
    for end in (FAILED, REFUSED):
        answer, _ = drive(optimal.solve(question()), ["7", "7", end])
        assert (answer.value, answer.trace["stopped"]) == ("7", "probe")


def test_unfitted_it_says_so() -> None:
    with pytest.raises(ValueError, match="has not learned"):
        drive(ComputeOptimal().solve(question()), [])


def test_wrong_choices_are_refused() -> None:
    assert [f for f, _ in ComputeOptimal(choice=(0, 1)).faults()] == ["choice"]
    assert [f for f, _ in ComputeOptimal(choice=(5,)).faults()] == ["choice"]


def test_it_learns_on_dev_and_is_charged_the_probe_once(tmp_path: Path) -> None:
    run_evaluate(tmp_path, [ComputeOptimal(arms=ARMS)])
    fitted = json.loads((tmp_path / "fitted.json").read_text())["compute_optimal@6"]
    assert fitted["choice"]
    for answer in rows(tmp_path):
        mine = [r for r in rows(tmp_path, "ledger") if r["problem"] == answer["problem_id"]]
        arm = json.loads(answer["trace"])["arm"]
        assert len(mine) == (4 + 1 if arm == 0 else 6)
