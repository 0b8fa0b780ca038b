"""Correction with its own gate, with the gold as the gate, or with none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, chose, drive, question
from eval_world import GOLD, World, reply, rows, run_evaluate
from scripted import ScriptedEngine

from eval.plans.drawing import sample_requests
from eval.scorers import Ensemble, Length, MeanLogprob, Random, SelfVerify
from eval.strategies import CritiqueRevise, SelfRefine, Strategy, VerifyThenRevise
from lab.core.fields import without_effect
from lab.core.types import Answer, Question
from lab.language.wording import RETRY

Q = question()
YES, NO = chose(Yes=-0.1, No=-3.0), chose(Yes=-3.0, No=-0.1)
RIGHT = replace(Q, oracle=lambda text: float(text.endswith("4")))
GATED: list[Strategy] = [
    SelfRefine(gate="oracle", rounds=3),
    CritiqueRevise(gate="oracle", rounds=3),
    VerifyThenRevise(gate="oracle", rounds=3),
]
each_gate = pytest.mark.parametrize("strategy", GATED, ids=[s.kind for s in GATED])


def roles(answer: Answer) -> list[str]:
    return [r["role"] for r in answer.trace["rounds"]]


def values(answer: Answer) -> list[str | None]:
    return [c.value for c in answer.candidates]


def test_an_accepted_draft_stays() -> None:
    answer, asked = drive(VerifyThenRevise(rounds=3).solve(Q), ["It is 4", YES])
    assert (answer.value, answer.trace["stopped"], roles(answer)) == ("4", "accepted", ["draft"])
    assert answer.confidence == pytest.approx(0.948, abs=1e-3)
    assert asked[0] == sample_requests(Q, 1, None)[0], "the draft is sample 0 of the pool"


def test_a_rejected_one_is_revised_in_the_words_of_correction_data() -> None:
    answer, asked = drive(VerifyThenRevise(rounds=3).solve(Q), ["It is 3", NO, "So 4", YES])
    assert (answer.value, values(answer), roles(answer)) == ("4", ["3", "4"], ["draft", "revision"])
    assert asked[2].messages[-1]["content"] == RETRY.format(
        attempts="Attempt 1:\nIt is 3", question="What is 2+2?"
    )
    assert [c.score for c in answer.candidates] == pytest.approx([0.052, 0.948], abs=1e-3)
    assert [(r.tag, r.index) for r in asked] == [("sample", 0), ("verify", 0), ("revise", 1), ("verify", 0)]


def test_the_last_revision_is_not_verified() -> None:
    answer, asked = drive(VerifyThenRevise(rounds=1).solve(Q), ["3", NO, "4"])
    assert (answer.value, answer.confidence, answer.trace["stopped"], len(asked)) == ("4", None, "rounds", 3)


def test_an_equal_text_and_an_unreadable_one_are_not_verified() -> None:
    answer, asked = drive(VerifyThenRevise(rounds=3).solve(Q), ["3", NO, "3", "4", YES])
    assert (values(answer), [r.tag for r in asked][2:4]) == (["3", "3", "4"], ["revise", "revise"])
    answer, asked = drive(VerifyThenRevise(rounds=1).solve(Q), ["hm", "4"])
    assert (answer.value, len(asked)) == ("4", 2)
    kept, _ = drive(VerifyThenRevise(rounds=1).solve(Q), ["3", NO, "hm"])
    assert (kept.value, kept.confidence) == ("3", pytest.approx(0.052, abs=1e-3))


def test_lost_completions_cost_a_round_and_the_budget_ends_it() -> None:
    answer, _ = drive(VerifyThenRevise(rounds=2).solve(Q), ["3", FAILED, "4", YES])
    assert values(answer) == ["3", "4"], "no verdict is no acceptance"
    answer, _ = drive(VerifyThenRevise(rounds=2).solve(Q), [FAILED, "3", NO, "4"])
    assert (answer.value, roles(answer)) == ("4", ["draft", "draft", "revision"])
    answer, _ = drive(VerifyThenRevise(rounds=2).solve(Q), ["3", NO, FAILED, "4"])
    assert (answer.value, values(answer)) == ("4", ["3", None, "4"]), "the draft keeps its verdict"
    answer, _ = drive(VerifyThenRevise(rounds=2).solve(Q), ["3", NO, REFUSED])
    assert (answer.value, answer.trace["stopped"]) == ("3", "budget")


def test_without_a_gate_every_round_revises() -> None:
    answer, asked = drive(VerifyThenRevise(gate="always", rounds=2).solve(Q), ["3", "4", "5"])
    assert (answer.value, [r.tag for r in asked], answer.confidence) == (
        "5",
        ["sample", "revise", "revise"],
        None,
    )
    assert not VerifyThenRevise(gate="always").ceiling


def test_any_scorer_verifies_and_the_label_says_which() -> None:
    strategy = VerifyThenRevise(scorer=SelfVerify(), threshold=0.6)
    answer, _ = drive(strategy.solve(Q), ["3", "Verdict: correct"])
    assert (answer.value, strategy.label) == ("3", "verify_then_revise[self_verify]@2")
    silent, _ = drive(VerifyThenRevise(scorer=Random(), threshold=0.0).solve(Q), ["3"])
    assert silent.confidence is None, "its weight is no probability"
    labels = [VerifyThenRevise(gate=g).label for g in ("oracle", "always")]  # type: ignore[arg-type]
    assert labels == ["verify_then_revise[oracle]@2", "verify_then_revise[always]@2"]
    assert [f for f, _ in without_effect(VerifyThenRevise(gate="oracle", scorer=Length()))] == ["scorer"]
    assert not list(without_effect(VerifyThenRevise(gate="oracle")))


def test_a_gate_can_learn(tmp_path: Path) -> None:
    gate = Ensemble(members=(MeanLogprob(), Length()))
    run_evaluate(tmp_path, [VerifyThenRevise(scorer=gate, threshold=0.5)])
    (found,) = json.loads((tmp_path / "fitted.json").read_text()).values()
    assert found["scorer"]["fit"]["candidates"] == 6


@each_gate
def test_an_oracle_gate_says_so_in_its_label_and_is_a_ceiling(strategy: Strategy) -> None:
    assert strategy.label == f"{strategy.kind}[oracle]@4"
    assert strategy.ceiling
    assert not type(strategy)().ceiling
    assert "oracle" not in type(strategy)().label
    with pytest.raises(ValueError, match="oracle"):
        drive(strategy.solve(Q), ["4"])


def test_names_of_gate_and_critic() -> None:
    assert CritiqueRevise(critic="big", gate="oracle").curve == "critique_revise[big oracle]"


@each_gate
def test_the_gold_ends_the_rounds_and_nothing_else_does(strategy: Strategy) -> None:
    answer, asked = drive(strategy.solve(RIGHT), ["It is 4"])
    assert (answer.value, answer.trace["stopped"], len(asked)) == ("4", "right", 1)
    between = [] if strategy.kind == "verify_then_revise" else ["No errors."]
    answer, asked = drive(strategy.solve(RIGHT), ["3", *between, "5", *between, "4"])
    assert (answer.value, answer.trace["stopped"]) == (
        "4",
        "rounds" if len(answer.candidates) > 3 else "right",
    )
    assert values(answer) == ["3", "5", "4"], "a critic who is content does not end them"


@each_gate
def test_in_the_loop_it_corrupts_no_right_answer(strategy: Strategy, tmp_path: Path) -> None:
    """Over 40 problems: what was right first is right last, and some of what was wrong is mended."""
    run_evaluate(tmp_path, [strategy], tasks=[World(size=40)])
    first = [r["candidates"][0]["correct"] for r in rows(tmp_path)]
    last = [r["correct"] for r in rows(tmp_path)]
    assert all(after for before, after in zip(first, last, strict=True) if before)
    assert sum(last) > sum(first) > 0
    assert {r["ceiling"] for r in rows(tmp_path)} == {True}
    for row in rows(tmp_path):
        rounds = json.loads(row["trace"])["rounds"]
        answers = [r["text"] for r in rounds if r["role"] in ("draft", "revision")]
        assert answers == [c["text"] for c in row["candidates"]], "rounds and candidates line up"


def test_the_own_gate_never_sees_the_gold(tmp_path: Path) -> None:
    seen: list[Question] = []

    class Spy(VerifyThenRevise):
        def solve(self, question: Question):  # type: ignore[no-untyped-def]
            seen.append(question)
            return super().solve(question)

    engine = run_evaluate(tmp_path, [Spy(rounds=2)], engine=ScriptedEngine(reply))
    assert {q.oracle for q in seen} == {None}
    assert GOLD not in str(engine.submitted)
