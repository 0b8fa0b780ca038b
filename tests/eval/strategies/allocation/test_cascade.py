"""Cascade: who answers when, what is paid once, and what a threshold learns."""

from __future__ import annotations

from math import log, nan
from pathlib import Path

import pytest
from driving import FAILED, drive, question, said
from eval_world import rows, run_evaluate

from eval.learning.study import LearningStudy
from eval.strategies import Cascade, Greedy, PlanThenSolve, SelfConsistency, Strategy
from lab.core.types import Completion, Usage
from lab.errors import CompletionError, InputError
from lab.run.recipe.recipe import loads


def sure(text: str, probability: float) -> Completion:
    """One token of this probability."""
    return Completion(text, "stop", Usage(9, 0, 1), (log(probability),))


def test_a_confident_first_rung_is_the_answer() -> None:
    answer, asked = drive(Cascade().solve(question()), [sure("4", 0.9)])
    assert (answer.value, len(asked), answer.trace["rung"]) == ("4", 1, 0)
    assert answer.confidence == pytest.approx(0.9)
    assert answer.trace["stopped"] == "confident"


def test_an_unsure_one_escalates_and_the_last_stands() -> None:
    replies = [sure("5", 0.3), *(sure(t, 0.5) for t in "44463456")]
    answer, _ = drive(Cascade().solve(question()), replies)
    assert (answer.value, answer.confidence) == ("4", 0.5)
    assert (answer.trace["rung"], answer.trace["stopped"]) == (1, "last")


def test_samples_of_an_earlier_rung_are_not_asked_for_again() -> None:
    cascade = Cascade(rungs=(SelfConsistency(n=2, name="two"), SelfConsistency(n=5)), threshold=0.9)
    answer, asked = drive(cascade.solve(question()), ["1", "2", "3", "3", "3"])
    assert [r.index for r in asked] == [0, 1, 2, 3, 4]
    assert (answer.value, len(answer.candidates)) == ("3", 5)


def test_a_rung_that_fails_is_skipped_and_all_failing_fails() -> None:
    answer, _ = drive(Cascade().solve(question()), [FAILED, *["4"] * 8])
    assert answer.value == "4"
    with pytest.raises(CompletionError):
        drive(Cascade().solve(question()), lambda r: FAILED)


def test_rungs_may_ask_models_of_their_own() -> None:
    rungs = (Greedy(model="small"), Greedy())
    _, asked = drive(Cascade(rungs=rungs, threshold=1.0).solve(question()), [sure("1", 0.5), sure("2", 0.5)])
    assert [r.model for r in asked] == ["small", ""]


def test_a_threshold_is_learned_that_loses_nothing_and_costs_least() -> None:
    """Below 0.5 the first rung is wrong; from 0.5 on it is as good as the last."""
    right = {"good", "late"}
    study = [
        ([("good", 0.9, 10), ("late", 0.5, 100)]),
        ([("good", 0.5, 10), ("late", 0.5, 100)]),
        ([("bad", 0.4, 10), ("late", 0.5, 100)]),
    ]
    studies = [LearningStudy("t", question(), rungs, lambda text: float(text in right)) for rungs in study]
    learned = Cascade(threshold="learn").fitted(studies)
    assert learned.threshold == 0.5
    assert not learned.learns
    loose = Cascade(threshold="learn", tolerance=0.34).fitted(studies)
    assert loose.threshold == 0.0, "one wrong in three may be lost"
    unscored = [LearningStudy("t", question(), study[0], lambda text: nan)]
    assert Cascade(threshold="learn").fitted(unscored).threshold == 0.0


def test_the_loop_teaches_it_on_dev_problems_only(tmp_path: Path) -> None:
    run_evaluate(tmp_path, [Cascade(threshold="learn")])
    dev = rows(tmp_path, "ledger_dev")
    assert {r["problem"].split("/")[1] for r in dev} == {"dev"}
    assert not any("dev" in r["problem"] for r in rows(tmp_path, "ledger"))
    import json

    fitted = json.loads((tmp_path / "fitted.json").read_text())["cascade[learned]@8"]
    assert 0 <= fitted["threshold"] <= 1


def test_options_without_effect_inside_are_refused() -> None:
    inner = (Greedy(max_tokens=9), Cascade(threshold="learn"))
    assert [f for f, _ in Cascade(rungs=inner).faults()] == ["rungs.0.max_tokens", "rungs.1"]
    assert [f for f, _ in Cascade(threshold=1.5).faults()] == ["threshold"]


RECIPE = """name: nested
stages:
  all:
    kind: evaluate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: gcd}]
    strategies:
      - kind: cascade
        rungs:
          - {kind: greedy}
          - {kind: self_consistencyy, n: 4}
"""


def test_a_wrong_kind_inside_is_one_message_with_its_line() -> None:
    with pytest.raises(InputError) as caught:
        loads(RECIPE)
    text = str(caught.value)
    assert "rungs[1].kind: unknown kind 'self_consistencyy'. Did you mean 'self_consistency'?" in text
    assert ":11:" in text
    assert len(text.splitlines()) == 1


def test_any_strategy_can_be_a_rung_another_cascade_too() -> None:
    from pydantic import TypeAdapter

    data = {"kind": "cascade", "rungs": [{"kind": "cascade"}, {"kind": "plan_then_solve"}]}
    found = TypeAdapter(Strategy).validate_python(data)
    assert isinstance(found.rungs[0], Cascade)
    assert isinstance(found.rungs[1], PlanThenSolve)
    assert said("x").drawn


def test_learners_share_their_dev_samples_and_count_them_once(tmp_path: Path) -> None:
    learners = [Cascade(threshold="learn"), Cascade(threshold="learn", name="other", tolerance=0.1)]
    engine = run_evaluate(tmp_path, learners)
    ledger = rows(tmp_path, "ledger_dev") + rows(tmp_path, "ledger")
    executed = [r for r in ledger if r["served_from"] == "engine"]
    assert len(executed) == len(engine.submitted)
    assert len(rows(tmp_path, "ledger_dev")) == 2 * 9 * 6
