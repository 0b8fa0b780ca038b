"""Rows about confidence: what counts as an answer, who is asked for calibration, intervals that cover."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from self_knowledge_world import refusal, reply

from eval.analysis.sampling.auroc import pooled_auroc
from eval.analysis.self_knowledge.confidence.differences import differences_of
from eval.analysis.self_knowledge.confidence.metrics import accuracy_at, aurc, auroc, ece, prr
from eval.analysis.self_knowledge.confidence.resampled import aurc as aurc_of
from eval.analysis.self_knowledge.confidence.selective_prediction import resampled, rows_of
from eval.analysis.self_knowledge.estimate import weights_of
from lab.statistics.bootstrap import RESAMPLES


def sure(n: int, seed: int, power: float = 1.0, **more):
    """n answers right with the chance that their confidence to the `power` says."""
    rng = np.random.default_rng(seed)
    said = rng.random(n)
    right = rng.random(n) < said**power
    return [
        reply(i, float(r), confidence=float(c), **more)
        for i, (r, c) in enumerate(zip(right, said, strict=True))
    ]


def test_numbers_are_those_of_the_arrays() -> None:
    rows = sure(80, 0)
    (found,) = rows_of("base", {"s": rows})
    right, said = [r.correct for r in rows], [r.confidence for r in rows]
    assert (found.task, found.band, found.stage, found.strategy) == ("t", "", "base", "s")
    assert (found.problems, found.answers, found.without, found.abstained, found.bins) == (80, 80, 0, 0, 10)
    assert found.aurc.value == pytest.approx(aurc(right, said))
    assert found.prr.value == pytest.approx(prr(right, said))
    assert found.ece.value == pytest.approx(ece(right, said))
    known = pooled_auroc(np.array(right), np.array(said), np.arange(80))
    assert (found.auroc.value, found.auroc.low, found.auroc.high) == pytest.approx(known)
    assert [k.accuracy.value for k in found.curve] == pytest.approx(
        [accuracy_at(right, said, k.coverage) for k in found.curve]
    )
    for e in (found.aurc, found.e_aurc, found.prr, found.brier, found.accuracy):
        assert e.low < e.value < e.high
    assert sum(b.answers for b in found.reliability) == 80


def test_only_answers_that_were_given_count() -> None:
    rows = sure(40, 1)
    more = [refusal(100, confidence=0.9), refusal(101, right=True, answerable=False, confidence=0.1)]
    more += [reply(102, nan, failed=True), reply(103, 1.0), reply(104, nan, confidence=0.5)]
    plain, mixed = rows_of("b", {"s": rows})[0], rows_of("b", {"s": rows + more})[0]
    assert mixed.auroc.value == plain.auroc.value
    assert mixed.ece.value == plain.ece.value
    judged = rows_of("b", {"s": rows + [r for r in more if r.scored]})[0]
    assert (judged.auroc, judged.ece) == (plain.auroc, plain.ece)
    assert (mixed.problems, mixed.answers, mixed.without, mixed.abstained) == (43, 40, 1, 2)


def test_a_score_that_is_no_probability_is_ranked_but_not_calibrated() -> None:
    (found,) = rows_of("b", {"s": sure(40, 2, probability=False)})
    assert found.auroc.value is not None
    assert (found.probability, found.bins, found.reliability, found.scores) == (False, 0, (), ())
    assert found.ece.value is None
    assert found.brier.value is None


def test_without_confidence_there_is_no_row() -> None:
    assert rows_of("b", {"s": [reply(i, 1.0) for i in range(9)]}) == []
    assert rows_of("b", {"s": [reply(0, 1.0, confidence=0.4)]}) == []
    assert differences_of("b", {"s": [reply(0, 1.0)], "z": [reply(0, 1.0)]}) == []


def test_bands_and_pooled_tasks_have_rows_of_their_own() -> None:
    rows = [
        r
        for task in ("t", "u")
        for band in ("known", "obscure")
        for r in sure(20, 3, task=task, meta={"band": band})
    ]
    rows = [
        reply(i, r.correct, confidence=r.confidence, task=r.task, meta=r.meta) for i, r in enumerate(rows)
    ]
    found = {
        (r.task, r.band): r.answers for r in rows_of("b", {"s": rows, "part": rows[:40]}) if r.strategy == "s"
    }
    assert found == {
        ("t", ""): 40, ("t", "known"): 20, ("t", "obscure"): 20,
        ("u", ""): 40, ("u", "known"): 20, ("u", "obscure"): 20, ("all", ""): 80,
    }  # fmt: skip
    assert not any(
        r.task == "all" for r in rows_of("b", {"s": rows, "part": rows[:40]}) if r.strategy == "part"
    )


def test_the_interval_of_ece_covers_calibrated_and_overconfident_models() -> None:
    """The true ECE is 0 where confidence is the chance of being right, 1/2 - 1/3 where that is its square."""
    hits = {1.0: 0, 2.0: 0}
    for power, truth in ((1.0, 0.0), (2.0, 1 / 6)):
        for trial in range(80):
            (found,) = rows_of("b", {"s": sure(150, 100 + trial, power)}, resamples=200)
            assert found.ece.low <= found.ece.value <= found.ece.high
            assert 0 < found.ece_by_chance < 0.15
            hits[power] += found.ece.low <= truth + 1e-9 and truth <= found.ece.high + 1e-9
    assert hits[1.0] >= 73, "a percentile interval would hardly ever hold 0"
    assert hits[2.0] >= 73


def test_differences_are_paired_on_shared_answers_with_holm() -> None:
    rng = np.random.default_rng(4)
    right = rng.random(150) < 0.5

    def way(name: str, weight: float, **more):
        said = [float(weight * r + rng.random()) for r in right]
        return [
            reply(i, float(r), strategy=name, confidence=c, **more)
            for i, (r, c) in enumerate(zip(right, said, strict=True))
        ]

    ways = {"blind": way("blind", 0), "knows": way("knows", 0.5), "also": way("also", 0.5)}
    ways["oracle"] = way("oracle", 2, ceiling=True)
    found = {(r.metric, r.strategy, r.reference): r for r in differences_of("b", ways)}
    assert len(found) == 3 * 3, "all pairs but those with a ceiling"
    best = found["auroc", "knows", "blind"]
    values = {
        name: auroc([r.correct for r in rows], [r.confidence for r in rows]) for name, rows in ways.items()
    }
    assert best.difference == pytest.approx(values["knows"] - values["blind"])
    assert 0 < best.low < best.difference < best.high
    assert best.p < best.p_holm < 0.05
    assert found["aurc", "knows", "blind"].high < 0
    assert found["prr", "knows", "blind"].low > 0
    same = found["auroc", "also", "knows"]
    assert same.low < 0 < same.high
    again = {(r.metric, r.strategy, r.reference): r for r in differences_of("b", ways)}
    assert again == found
    apart = {"blind": ways["blind"][:100], "knows": ways["knows"][50:]}
    assert {r.answers for r in differences_of("b", apart)} == {50}


def test_many_methods_are_each_compared_with_the_first() -> None:
    rows = sure(30, 5)
    ways = {
        f"s{k}": [reply(r.problem, r.correct, confidence=r.confidence**k, strategy=f"s{k}") for r in rows]
        for k in range(1, 13)
    }
    found = differences_of("b", ways, resamples=50)
    assert len(found) == 11 * 3
    assert {r.reference for r in found} == {"s1"}
    assert all(abs(r.difference) < 1e-12 for r in found), "ranks are all that matters"


def test_blocks_give_what_one_pass_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = sure(40, 6)
    right, said = [r.correct for r in rows], [r.confidence for r in rows]
    (weights,) = weights_of(range(40), 0, 300).problems()
    whole = resampled(right, said, weights, {"aurc": aurc_of})["aurc"]
    monkeypatch.setattr("eval.analysis.self_knowledge.confidence.selective_prediction.BLOCK", 400)
    assert (resampled(right, said, weights, {"aurc": aurc_of})["aurc"] == whole).all()
    assert RESAMPLES >= 2_000, "Holm's correction over the pairs of ten methods can leave p below 0.05"
