"""One answer with a confidence, and answering only when sure: by hand and in the loop."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path

import pytest
from driving import FAILED, REFUSED, chose, drive, question, said
from eval_world import World, rows, run_evaluate
from scripted import ScriptedEngine

from eval.learning.study import LearningStudy
from eval.learning.thresholds import NEVER
from eval.scorers import Agreement, Ensemble, Length, MeanLogprob, PTrue, Random, SampleAgreement, Scorer
from eval.scorers.base import ScorerComponent
from eval.strategies import AnswerOrAbstain, AnswerWithConfidence, Cascade, Greedy, SelfConsistency
from lab.core.component import members_of
from lab.core.protocols import Split
from lab.core.types import Problem, Request
from lab.errors import CompletionError
from lab.language.abstention.reading import ABSTAINED, I_DO_NOT_KNOW

Q = question()
YES, NO = chose(Yes=-0.1, No=-3.0), chose(Yes=-3.0, No=-0.1)


def test_the_answer_is_greedys_and_the_confidence_the_scorers() -> None:
    answer, asked = drive(AnswerWithConfidence(scorer=PTrue()).solve(Q), ["It is 4", YES])
    assert (answer.text, answer.value, answer.abstained) == ("It is 4", "4", False)
    assert answer.confidence == pytest.approx(0.948, abs=1e-3)
    assert answer.trace == {"score": answer.confidence, "probability": True}
    assert [c.score for c in answer.candidates] == [answer.confidence]
    assert asked[0] == next(Greedy().solve(Q))[0]
    mean, _ = drive(AnswerWithConfidence().solve(Q), ["It is 4"])
    greedy, _ = drive(Greedy().solve(Q), ["It is 4"])
    assert (mean.text, mean.confidence) == (greedy.text, greedy.confidence)
    warm = AnswerWithConfidence(temperature=None)
    assert next(warm.solve(Q)) == next(SelfConsistency(n=1).solve(Q))


def test_a_confidence_that_is_no_probability_is_given_and_says_so() -> None:
    answer, _ = drive(AnswerWithConfidence(scorer=Random()).solve(Q), ["4"])
    assert answer.confidence == answer.trace["score"]
    assert answer.trace["probability"] is False
    empty, _ = drive(AnswerWithConfidence().solve(Q), [said("", tokens=0)])
    assert (empty.confidence, empty.trace["score"]) == (0.0, None), "minus infinity is no JSON"
    json.dumps(empty.trace, allow_nan=False)


def test_a_lost_verification_leaves_the_answer_and_a_lost_answer_nothing() -> None:
    answer, _ = drive(AnswerWithConfidence(scorer=PTrue()).solve(Q), ["4", FAILED])
    assert (answer.value, answer.confidence, answer.trace["score"]) == ("4", None, None)
    with pytest.raises(CompletionError, match="gone"):
        drive(AnswerWithConfidence().solve(Q), [FAILED])


def test_labels_tell_scorers_and_thresholds_apart() -> None:
    labels = [AnswerWithConfidence(scorer=PTrue(shown=n)).label for n in (0, 5)]
    assert labels == ["answer_with_confidence[p_true]", "answer_with_confidence[p_true+5]"]
    ways = [AnswerOrAbstain(), AnswerOrAbstain(by="conformal", risk=0.1), AnswerOrAbstain(threshold=0.5)]
    ways.append(AnswerOrAbstain(by="kept", risk=0.1))
    assert [w.label for w in ways] == [
        "answer_or_abstain[mean_logprob risk=0.2]",
        "answer_or_abstain[mean_logprob conformal=0.1]",
        "answer_or_abstain[mean_logprob at=0.5]",
        "answer_or_abstain[mean_logprob withheld=0.1]",
    ]


def test_options_that_cannot_work_are_refused() -> None:
    assert [f for f, _ in AnswerWithConfidence(scorer=Agreement()).faults()] == ["scorer"]
    assert [f for f, _ in AnswerOrAbstain(threshold=-0.1).faults()] == ["threshold"]
    assert [f for f, _ in AnswerOrAbstain(threshold=2.5).faults()] == ["threshold"]
    assert [f for f, _ in AnswerOrAbstain(scorer=Ensemble()).faults()] == ["scorer"]
    assert not list(AnswerOrAbstain(scorer=Ensemble(), threshold=0.5).faults())
    assert not list(AnswerOrAbstain(threshold=NEVER).faults())


def test_it_answers_from_the_threshold_on() -> None:
    strategy = AnswerOrAbstain(scorer=PTrue(), threshold=0.5)
    answer, _ = drive(strategy.solve(Q), ["It is 4", YES])
    assert (answer.text, answer.abstained, answer.trace["withheld"]) == ("It is 4", False, False)
    answer, _ = drive(strategy.solve(Q), ["It is 4", NO])
    assert (answer.text, answer.value, answer.abstained) == (I_DO_NOT_KNOW, ABSTAINED, True)
    assert answer.confidence == pytest.approx(0.052, abs=1e-3), "of the answer withheld"
    assert [c.text for c in answer.candidates] == ["It is 4"]
    assert (answer.trace["threshold"], answer.trace["withheld"]) == (0.5, True)
    edge, _ = drive(strategy.solve(Q), ["4", chose(Yes=-1.0, No=-1.0)])
    assert not edge.abstained, "reaching it is enough"
    unsure, _ = drive(strategy.solve(Q), ["4", FAILED])
    assert (unsure.abstained, unsure.confidence) == (True, None)
    never, _ = drive(AnswerOrAbstain(threshold=NEVER).solve(Q), ["4"])
    assert never.abstained
    always, _ = drive(AnswerOrAbstain(scorer=PTrue(), threshold=0.0).solve(Q), ["4", FAILED])
    assert not always.abstained
    with pytest.raises(ValueError, match="learned"):
        drive(AnswerOrAbstain().solve(Q), [])


def study(text: str, sure: float, correct: float) -> LearningStudy[tuple[str, float]]:
    return LearningStudy("t", Q, (text, sure), lambda said: correct)


DEV = [
    study("4", 0.9, 1.0),
    study("a made-up town", 0.8, 0.0),  # an unanswerable problem, answered: Study.correct says wrong
    study("4", 0.7, 1.0),
    study("4", 0.6, 1.0),
    study("5", 0.5, 0.0),
    study("9", 0.95, nan),  # cannot be checked: plays no part
    study("I don't know.", 0.9, 0.0),  # an abstention is wrong, but no answer that could be withheld
]


def test_a_threshold_is_learned_for_a_selective_risk(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    found = {risk: AnswerOrAbstain(risk=risk).fitted(DEV).threshold for risk in (0.4, 0.3, 0.2)}
    assert found == {0.4: 0.0, 0.3: 0.6, 0.2: 0.9}
    assert (
        "at least 0.6: 4 of 6 dev problems, 1 of them wrong (measured on dev problems; no guarantee"
        in caplog.text
    )
    never = AnswerOrAbstain(risk=0.2).fitted(DEV[1:2])
    assert never.threshold == NEVER
    assert "always abstains" in caplog.text
    assert not never.learns
    assert drive(never.solve(Q), ["4"])[0].abstained


def test_a_threshold_is_learned_by_conformal_risk_control(caplog: pytest.LogCaptureFixture) -> None:
    """n = 6 problems that can be checked: (wrong + 1) / 7 <= risk."""
    caplog.set_level(logging.INFO)
    found = [AnswerOrAbstain(risk=r, by="conformal").fitted(DEV).threshold for r in (0.43, 0.3, 0.15, 0.1)]
    assert found == [0.0, pytest.approx(0.5), pytest.approx(0.8), NEVER]
    assert found[1] > 0.5
    assert found[2] > 0.8
    assert "guarantee" not in caplog.text


def test_a_threshold_is_learned_that_keeps_right_answers(caplog: pytest.LogCaptureFixture) -> None:
    """Right answers at 0.6, 0.7 and 0.9: floor(4 risk) of them may be withheld, the lowest stays."""
    caplog.set_level(logging.INFO)
    found = [AnswerOrAbstain(risk=r, by="kept").fitted(DEV).threshold for r in (0.5, 0.75)]
    assert found == [0.7, 0.9]
    assert "too few" not in caplog.text
    assert AnswerOrAbstain(risk=0.2, by="kept").fitted(DEV).threshold == 0.0
    assert "6 dev problems have too few right answers to learn a threshold" in caplog.text


def test_a_scorer_that_learns_learns_with_a_fixed_threshold(tmp_path: Path) -> None:
    strategy = AnswerOrAbstain(scorer=Ensemble(members=(MeanLogprob(), Length())), threshold=0.3)
    run_evaluate(tmp_path, [strategy])
    assert {r["failed"] for r in rows(tmp_path)} == {False}
    (found,) = json.loads((tmp_path / "fitted.json").read_text()).values()
    assert (found["threshold"], found["scorer"]["fit"]["candidates"]) == (0.3, 6)


@dataclass
class HalfUnanswerable(World):
    """Odd problems have no answer."""

    def problems(self, split: Split, *, seed: int = 0) -> list[Problem]:
        found = super().problems(split, seed=seed)
        return [replace(p, meta={**p.meta, "answerable": i % 2 == 0}) for i, p in enumerate(found)]


def test_abstaining_is_right_where_there_is_no_answer(tmp_path: Path) -> None:
    run_evaluate(tmp_path, [AnswerOrAbstain(threshold=NEVER)], tasks=[HalfUnanswerable()])
    answers = rows(tmp_path)
    assert [r["correct"] for r in answers] == [not r["answerable"] for r in answers]
    assert [r["answerable"] for r in answers] == [True, False] * 3
    assert {(r["abstained"], r["text"], r["value"]) for r in answers} == {(True, I_DO_NOT_KNOW, ABSTAINED)}
    assert all(r["confidence"] > 0 for r in answers)


def test_what_it_learns_in_the_loop_is_what_brute_force_finds(tmp_path: Path) -> None:
    """Sure when right: problem i's answer is right for even i, with confidence 0.9 - i / 100, else lower."""

    def script(request: Request) -> str:
        i = next(i for i in range(8) if f" {i} about" in request.messages[0]["content"])
        return f"{i % 4}" if i % 2 == 0 else "I think it must be " + f"{(i + 1) % 4}"

    tasks = [HalfUnanswerable(size=8)]
    strategy = AnswerOrAbstain(scorer=Length(), risk=0.1)
    run_evaluate(tmp_path, [strategy], tasks=tasks, engine=ScriptedEngine(script))
    answers = rows(tmp_path)
    assert [r["abstained"] for r in answers] == [False, True] * 4
    assert all(r["correct"] for r in answers), "right where it answered, and silent where there is no answer"
    assert {r["problem"].split("/")[1] for r in rows(tmp_path, "ledger_dev")} == {"dev"}


@pytest.mark.parametrize("kind", [k for k, m in members_of(Scorer).items() if not m.relative])  # type: ignore[attr-defined]
def test_every_confidence_is_of_the_same_greedy_answer(kind: str, tmp_path: Path) -> None:
    scorer: ScorerComponent = members_of(Scorer)[kind](kind=kind)  # type: ignore[assignment]
    run_evaluate(tmp_path, [Greedy(), AnswerWithConfidence(scorer=scorer)])
    answers = rows(tmp_path)
    greedy = {r["problem_id"]: r["text"] for r in answers if r["kind"] == "greedy"}
    assert greedy == {r["problem_id"]: r["text"] for r in answers if r["kind"] != "greedy"}


def rungs() -> tuple[AnswerWithConfidence, SelfConsistency]:
    return AnswerWithConfidence(scorer=PTrue()), SelfConsistency(n=3)


def test_a_cascade_spends_more_only_where_confidence_is_low() -> None:
    cascade = Cascade(rungs=rungs(), threshold=0.75)
    sure, asked = drive(cascade.solve(Q), ["4", YES])
    assert (sure.value, len(asked), sure.trace["stopped"]) == ("4", 2, "confident")
    assert sure.trace["probability"] is True
    unsure, asked = drive(cascade.solve(Q), ["5", NO, "4", "4", "6"])
    assert (unsure.value, len(asked), unsure.trace["rung"]) == ("4", 5, 1)
    agreeing = Cascade(rungs=(AnswerWithConfidence(scorer=SampleAgreement(samples=3)), SelfConsistency(n=5)))
    answer, asked = drive(agreeing.solve(Q), ["5", "4", "4", "6", "4", "4"])
    assert (answer.value, len(asked)) == ("4", 6), "the three samples of the confidence are part of the vote"
    answer, _ = drive(cascade.solve(Q), ["5", FAILED, "4", "4", "4"])
    assert (answer.value, answer.trace["confidences"][0]) == ("4", 0.0), "no confidence is not enough"


def test_such_a_cascade_learns_its_threshold(tmp_path: Path) -> None:
    cascade = Cascade(rungs=rungs(), threshold="learn")
    assert not list(cascade.faults())
    run_evaluate(tmp_path, [cascade])
    (found,) = json.loads((tmp_path / "fitted.json").read_text()).values()
    assert 0 <= found["threshold"] <= 1
    for row in rows(tmp_path):
        trace = json.loads(row["trace"])
        assert (trace["rung"] == 0) == (trace["confidences"][0] >= found["threshold"])


def test_the_budget_leaves_the_answer() -> None:
    answer, _ = drive(AnswerWithConfidence(scorer=PTrue()).solve(Q), ["4", REFUSED])
    assert (answer.value, answer.confidence) == ("4", 0.5)
