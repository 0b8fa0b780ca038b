"""Hallucination, abstention and phrasings: by hand, by enumeration, and so that refusing all cannot win."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_knowledge_world import refusal, reply
from sklearn.metrics import f1_score, precision_score, recall_score

from eval.analysis.self_knowledge.hallucination import detection, hallucinates, rows_of
from eval.analysis.self_knowledge.phrasings import admissions_of, phrasings_of, spread
from eval.analysis.self_knowledge.refusals import comparisons_of
from lab.language.abstention.reading import ABSTAINED


def small(strategy: str = "s", **more):
    """Six answerable problems (3 right, 1 wrong, 1 refused, 1 failed), four without an answer (3 refused)."""
    more |= {"strategy": strategy}
    rows = [reply(i, 1.0, **more) for i in range(3)] + [reply(3, 0.0, **more), refusal(4, **more)]
    rows += [reply(5, nan, failed=True, value=None, **more)]
    rows += [refusal(i, right=True, answerable=False, **more) for i in range(6, 9)]
    return [*rows, reply(9, 0.0, answerable=False, **more), reply(10, nan, **more)]


def test_rates_by_hand() -> None:
    (row,) = rows_of("b", {"s": small()})
    assert (row.problems, row.answerable, row.failed) == (9, 5, 1), "the failed one is counted apart"
    assert row.accuracy.value == pytest.approx(6 / 9)
    assert row.accuracy_answerable.value == pytest.approx(3 / 5)
    assert row.accuracy_answered.value == pytest.approx(3 / 5), "refusals are no answers"
    assert row.hallucination.value == pytest.approx(2 / 9), "a wrong answer, and one to the unanswerable"
    assert row.abstention.value == pytest.approx(4 / 9)
    assert row.detection.precision.value == pytest.approx(3 / 4)
    assert row.detection.recall.value == pytest.approx(3 / 4)
    assert row.detection.f1.value == pytest.approx(3 / 4)
    assert row.scores == pytest.approx([(3 - 2 * t / (1 - t)) / 9 for t in (0.5, 0.75, 0.9)])
    for e in (row.accuracy, row.hallucination, row.detection.precision, row.detection.f1):
        assert 0 <= e.low < e.value < e.high <= 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_detection_equals_scikit_learn(pairs: list[tuple[bool, bool]]) -> None:
    said, right = zip(*pairs, strict=True)
    clusters = list(range(len(pairs)))
    found = detection(said, right, clusters, 0, 50)
    if any(said):
        assert found.precision.value == pytest.approx(precision_score(right, said, zero_division=0))
    if any(right):
        assert found.recall.value == pytest.approx(recall_score(right, said, zero_division=0))
    if any(said) or any(right):
        assert found.f1.value == pytest.approx(f1_score(right, said, zero_division=0))
    assert (found.precision.value is None) == (not any(said))
    assert (found.recall.value is None) == (not any(right))


def test_a_stage_that_neither_abstains_nor_should_has_no_rows() -> None:
    assert rows_of("b", {"s": [reply(i, 1.0) for i in range(5)]}) == []
    assert len(rows_of("b", {"s": [reply(0, 1.0), refusal(1)]})) == 1
    (row,) = rows_of("b", {"s": [reply(0, 1.0), reply(1, 0.0, answerable=False)]})
    assert row.detection.precision.value is None
    assert row.detection.recall.value == 0


def test_withheld_answers_are_judged_by_what_they_were() -> None:
    """R-Tuning's view: two of three withheld answers were wrong; three of the first answers were wrong."""
    rows = [
        refusal(0, drafts=[("a", 0)]),
        refusal(1, drafts=[("b", 0)]),
        refusal(2, drafts=[("c", 1)]),
        reply(3, 0.0, drafts=[("d", 0)]),
        reply(4, 1.0, drafts=[("e", 1)]),
        refusal(5, drafts=[(ABSTAINED, 0)]),
        refusal(6, right=True, answerable=False, drafts=[("f", 0)]),
    ]
    (row,) = rows_of("b", {"s": rows})
    assert row.unknown.precision.value == pytest.approx(2 / 3)
    assert row.unknown.recall.value == pytest.approx(2 / 3)
    (plain,) = rows_of("b", {"s": small()})
    assert plain.unknown.precision.value is None, "nothing was withheld that anybody saw"


def test_refusing_everything_ends_hallucination_and_keeps_nothing() -> None:
    rows = [reply(i, float(i % 2)) for i in range(40)] + [
        reply(i, 0.0, answerable=False) for i in range(40, 60)
    ]
    silent = [refusal(r.problem, right=not r.answerable, answerable=r.answerable) for r in rows]
    (found,) = comparisons_of([("before", {"s": rows}), ("after", {"s": silent})])
    assert (found.stage, found.base_stage, found.problems, found.base_right) == ("after", "before", 60, 20)
    assert found.hallucination.difference == pytest.approx(-40 / 60)
    assert found.hallucination.high < 0
    assert found.accuracy is not None
    assert found.accuracy.difference == pytest.approx(-0.5)
    assert found.accuracy.high < 0
    assert found.kept.value == 0
    assert found.refused.precision.value == pytest.approx(0.5), "no better than refusing at random"
    assert found.refused.recall.value == 1


def test_a_model_that_knows_what_it_does_not_know_keeps_what_it_knew() -> None:
    rows = [reply(i, float(i % 2)) for i in range(40)]
    wise = [r if r.correct else refusal(r.problem) for r in rows]
    (found,) = comparisons_of([("before", {"s": rows}), ("after", {"s": wise})])
    assert found.kept.value == 1
    assert found.refused.precision.value == found.refused.recall.value == 1
    assert found.accuracy is not None
    assert found.accuracy.difference == 0


def test_within_a_stage_greedy_is_the_base_and_ceilings_are_never_compared() -> None:
    ways = {
        "long": [replace(r, value="other words") for r in small("long", kind="self_refine")],
        "greedy": small("greedy"),
        "sure": small("sure", kind="answer_with_confidence"),
        "gold": small("gold", kind="oracle", ceiling=True),
    }
    found = comparisons_of([("a", ways), ("b", ways)])
    assert {(r.stage, r.strategy, r.base_stage, r.base_strategy) for r in found} == {
        ("a", "long", "a", "greedy"),
        ("b", "long", "b", "greedy"),
        ("b", "long", "a", "long"),
        ("b", "greedy", "a", "greedy"),
        ("b", "sure", "a", "sure"),
    }, "what only adds a confidence says what greedy says: that is no comparison"
    assert all(r.hallucination.difference == 0 and r.hallucination.p_holm == 1 for r in found)
    assert len(rows_of("a", ways)) == 4


def test_bands_have_rows() -> None:
    rows = [
        reply(i, float(band == "known"), meta={"band": band})
        for i, band in enumerate(["known", "obscure"] * 4)
    ]
    found = {r.band: r for r in rows_of("b", {"s": [*rows, refusal(9, meta={"band": "obscure"})]})}
    assert {b: r.problems for b, r in found.items()} == {"": 9, "known": 4, "obscure": 5}
    assert found["known"].hallucination.value == 0
    assert found["obscure"].hallucination.value == pytest.approx(4 / 5)
    assert hallucinates(rows[1])


def test_ignorance_is_admitted_family_by_family() -> None:
    rows = [refusal(i, right=True, answerable=False, meta={"family": "invented"}) for i in range(3)]
    rows += [reply(3, 0.0, answerable=False, meta={"family": "invented"})]
    rows += [reply(4, 0.0, answerable=False, meta={"family": "premise"}), refusal(5)]
    found = {a.family: (a.problems, a.admitted.value) for a in admissions_of("b", {"s": rows})}
    assert found == {"": (5, pytest.approx(3 / 5)), "invented": (4, 0.75), "premise": (1, 0.0)}
    assert admissions_of("b", {"s": [reply(0, 1.0)]}) == []


def anova(groups: list[list[float]]) -> tuple[float, float]:
    """(ICC, within variance) of groups of one size by the textbook's sums of squares."""
    k, n = len(groups[0]), len(groups)
    grand = np.mean(groups)
    msb = k * sum((np.mean(g) - grand) ** 2 for g in groups) / (n - 1)
    msw = sum((v - np.mean(g)) ** 2 for g in groups for v in g) / (n * (k - 1))
    return (msb - msw) / (msb + (k - 1) * msw), msw


def test_icc_equals_the_textbook_and_draws_are_repetitions() -> None:
    """Shrout and Fleiss 1979, table 2: ICC(1,1) of four judges on six targets is 0.17."""
    judged = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    weights = np.array([[1] * 6, [2, 0, 1, 3, 0, 0]])
    icc, within, _ = spread(judged, weights)
    assert icc[0] == pytest.approx(0.17, abs=0.005)
    for i, w in enumerate(weights):
        known = anova([g for g, times in zip(judged, w, strict=True) for _ in range(times)])
        assert (icc[i], within[i] ** 2) == pytest.approx(known)


def test_spread_within_and_between_facts() -> None:
    rng = np.random.default_rng(0)
    level, noise = rng.normal(0, 0.2, 400), rng.normal(0, 0.1, (400, 3))
    rows = [
        reply(f"{f}-{i}", 1.0, confidence=float(level[f] + noise[f, i]), value=str(f), meta={"fact": f"f{f}"})
        for f in range(400)
        for i in range(3)
    ]
    (found,) = phrasings_of("b", {"s": rows})
    assert (found.facts, found.problems, found.sure) == (400, 1200, 400)
    assert found.same.value == found.all_same.value == 1
    for e, truth in ((found.within, 0.1), (found.between, 0.2), (found.icc, 0.8)):
        assert e.low < truth < e.high
        assert e.high - e.low < 0.1


def test_same_answers_over_phrasings_by_hand() -> None:
    meta = {"fact": "capital of France"}
    rows = [reply(0, 1.0, value="paris", meta=meta), reply(1, 1.0, value="paris", meta=meta)]
    rows += [reply(2, 0.0, value="lyon", meta=meta)]
    other = {"fact": "capital of Peru"}
    rows += [refusal(3, meta=other), refusal(4, meta=other), reply(5, 0.0, meta={"fact": "asked once"})]
    unread = {"fact": "unread"}
    rows += [reply(6, 0.0, value=None, meta=unread), reply(7, 0.0, value=None, meta=unread), reply(8, 1.0)]
    (found,) = phrasings_of("b", {"s": rows})
    assert (found.facts, found.problems) == (3, 7)
    assert found.same.value == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert found.all_same.value == pytest.approx(1 / 3)
    assert (found.sure, found.icc.value) == (0, None)
    assert phrasings_of("b", {"s": [reply(0, 1.0, meta={"fact": "x"})]}) == []
