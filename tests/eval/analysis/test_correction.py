"""Corrections and equal compute by hand; what reads the gold is never tested against what does not."""

from __future__ import annotations

from itertools import product
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from self_knowledge_world import outcome, refusal, reply, row, thread, write

from eval.analysis.inputs.answers import CandidateAnswer, by_task, read_strategy_answers
from eval.analysis.self_knowledge.analysis import SelfKnowledge, analyse_self_knowledge
from eval.analysis.self_knowledge.correction import after_round, corrections_of, flow_of
from eval.analysis.self_knowledge.equal_compute import GOLD, SAMPLE, at_cost, equal_compute_of, read_baselines
from lab.errors import InputError
from lab.language.abstention.reading import ABSTAINED
from lab.statistics.means import paired_difference

ROLES = ("draft", "revision")


def corrected(problem: object, before: float, after: float, **more):
    """A thread of two answers; the value changes where the verdict does."""
    more = {"roles": ROLES, "kind": "self_refine", "value": str(after), **more}
    return reply(problem, after, **{"drafts": [(str(before), before), (str(after), after)], **more})


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0])), min_size=1, max_size=30))
def test_transitions_equal_counting(pairs: list[tuple[float, float]]) -> None:
    (found,) = corrections_of("b", {"s": [corrected(i, a, b) for i, (a, b) in enumerate(pairs)]})
    n = len(pairs)
    gained, lost = pairs.count((0.0, 1.0)), pairs.count((1.0, 0.0))
    right = sum(a for a, _ in pairs)
    assert found.problems == n
    assert found.first.value == pytest.approx(right / n)
    assert found.final.value == pytest.approx(sum(b for _, b in pairs) / n)
    assert found.delta.value == pytest.approx(found.final.value - found.first.value, abs=1e-12)
    assert found.delta.value == pytest.approx(found.gained.value - found.lost.value, abs=1e-12)
    assert (found.gained.value, found.lost.value) == pytest.approx((gained / n, lost / n))
    assert found.edited.value == pytest.approx((gained + lost) / n)
    assert found.gained_of_wrong.value == (pytest.approx(gained / (n - right)) if right < n else None)
    assert found.lost_of_right.value == (pytest.approx(lost / right) if right else None)
    assert sum(map(sum, found.flow)) == n
    assert [r.accuracy.value for r in found.rounds] == pytest.approx([found.first.value, found.final.value])


def test_the_interval_of_delta_is_the_paired_one() -> None:
    pairs = [(0.0, 1.0)] * 9 + [(1.0, 0.0)] * 2 + [(1.0, 1.0)] * 15 + [(0.0, 0.0)] * 14
    rows = [corrected(i, a, b, cluster=f"c{i % 20}") for i, (a, b) in enumerate(pairs)]
    worse = [corrected(i, 1.0, 0.0, strategy="worse") for i in range(40)]
    first, second = corrections_of("b", {"s": rows, "worse": worse})
    known = paired_difference(*zip(*pairs, strict=True), [r.group for r in rows])
    assert (first.delta.value, first.delta.low, first.delta.high, first.p) == pytest.approx(
        (known.mean, known.low, known.high, known.p)
    )
    assert first.p_holm == pytest.approx(known.p)
    assert second.p_holm == pytest.approx(2 * second.p)


def test_abstaining_is_a_state_of_its_own() -> None:
    rows = [
        corrected(0, 1.0, 1.0),
        corrected(1, 1.0, 0.0),
        corrected(2, 0.0, 1.0),
        refusal(3, drafts=[("wrong", 0), (ABSTAINED, 0)], roles=ROLES),
        refusal(4, drafts=[("right", 1), (ABSTAINED, 0)], roles=ROLES),
        corrected(5, 0.0, 1.0, drafts=[(ABSTAINED, 0), ("1.0", 1)]),
        refusal(6, right=True, answerable=False, drafts=[("guess", 0), (ABSTAINED, 1)], roles=ROLES),
    ]
    assert flow_of(rows) == ((1, 1, 1), (2, 0, 1), (1, 0, 0))
    (found,) = corrections_of("b", {"s": rows})
    assert found.gained.value == pytest.approx(3 / 7)
    assert found.lost.value == pytest.approx(2 / 7), "a right answer that is withheld is lost"


def test_failures_and_the_unscored_are_left_out_and_failures_counted() -> None:
    rows = [corrected(0, 1.0, 1.0), corrected(1, nan, 1.0), corrected(2, 1.0, nan)]
    rows += [reply(3, nan, failed=True, value=None)]
    (found,) = corrections_of("b", {"s": rows})
    assert (found.problems, found.failed, found.first.value, found.final.value) == (1, 1, 1.0, 1.0)
    assert found.edited.value == 0


def test_a_stage_without_corrections_gives_nothing(tmp_path) -> None:
    stage = write(
        tmp_path / "b", [row(i, "greedy", "greedy", True, candidates=[("1", True)]) for i in range(3)]
    )
    replies = read_strategy_answers(stage)
    assert corrections_of("b", replies) == equal_compute_of(stage, replies) == []
    assert analyse_self_knowledge([stage]) == SelfKnowledge()
    (stage.folder / "answers.parquet").unlink()
    with pytest.raises(InputError, match=r"answers\.parquet"):
        analyse_self_knowledge([stage])


def test_choosing_and_planning_are_no_corrections() -> None:
    """genselect lists its comparisons, plan_then_solve its plan: neither writes an answer again."""
    chosen = [corrected(i, 0.0, 1.0, roles=("choice", "choice"), n=8) for i in range(3)]
    planned = [corrected(i, 0.0, 1.0, roles=("plan", "draft")) for i in range(3)]
    content = [corrected(i, 1.0, 1.0, roles=("draft", "critique"), n=3) for i in range(3)]
    found = corrections_of("b", {"chosen": chosen, "planned": planned, "content": content})
    assert [r.problems for r in found] == [3]
    assert found[0].edited.value == 0 or found[0].delta.value == 0


def test_rounds_keep_what_a_thread_last_had() -> None:
    long = corrected(0, 0.0, 1.0, drafts=[("a", 0), ("b", 1), ("c", 0)])
    short = corrected(1, 1.0, 1.0, drafts=[("a", 1)])
    unread = corrected(2, 1.0, 1.0, drafts=[("a", 1), (None, 0)])
    lost = corrected(3, 0.0, 1.0, drafts=[CandidateAnswer(None, 0.0, False), ("b", 1)])
    (found,) = corrections_of("b", {"s": [long, short, unread, lost]})
    assert [r.accuracy.value for r in found.rounds] == [3 / 4, 4 / 4, 3 / 4]
    assert [r.written for r in found.rounds] == [1, 2 / 4, 1 / 4]
    assert after_round(lost, 1).correct == 1, "a lost draft is no first answer"
    assert (found.gained.value, found.lost.value) == (1 / 4, 0)
    assert after_round(unread, 2).value == "a"


def test_equal_compute_mixes_the_two_neighbours_problem_by_problem() -> None:
    points = {1: [(0.0, 100.0), (1.0, 100.0)], 2: [(1.0, 150.0), (0.0, 250.0)], 4: [(1.0, 400.0)] * 2}
    mix = at_cost(points, 250.0)
    assert (mix.n_low, mix.n_high, mix.weight, mix.cost) == (2, 4, 0.25, 250.0)
    assert mix.accuracy == pytest.approx((1.0, 0.25))
    assert at_cost(points, 200.0).accuracy == (1.0, 0.0), "at a point's own cost it is that point"
    assert at_cost(points, 99.0).missing == "n = 1 already costs more"
    assert at_cost(points, 401.0).missing == "n = 4 still costs less"
    assert at_cost({}, 1.0).missing
    assert at_cost(points, 401.0, single=True).accuracy == (0.0, 1.0)


def test_the_mixture_is_the_expectation_of_choosing_at_random() -> None:
    """Every way of giving n = 1 or n = 2 to three problems, by its probability: mean cost and accuracy."""
    points = {1: [(0.2, 10.0), (0.4, 20.0), (0.0, 30.0)], 2: [(0.6, 30.0), (0.4, 40.0), (1.0, 50.0)]}
    mix = at_cost(points, 33.0)
    cost = accuracy = 0.0
    for chosen in product((1, 2), repeat=3):
        chance = np.prod([mix.weight if n == 2 else 1 - mix.weight for n in chosen])
        cost += chance * np.mean([points[n][i][1] for i, n in enumerate(chosen)])
        accuracy += chance * np.mean([points[n][i][0] for i, n in enumerate(chosen)])
    assert cost == pytest.approx(33.0)
    assert accuracy == pytest.approx(np.mean(mix.accuracy))


def study(tmp_path, problems: int = 30):
    """A correction that costs 120 tokens (a draft and a revision), beside voting and best-of-n of 1, 2, 4."""
    rng = np.random.default_rng(0)
    rows, points = [], []
    for i in range(problems):
        before, after = bool(rng.random() < 0.4), bool(rng.random() < 0.5)
        pool = [(str(before), before), (str(after), after)]
        said = {"candidates": pool, "trace": thread(2), "value": str(after), "completion_tokens": 110}
        said |= {"flops_shared": 1.2e9}
        rows.append(row(i, "self_refine@2", "self_refine", after, **said))
        rows.append(row(i, "gated@2", "self_refine", True, ceiling=True, **said))
        rows.append(row(i, "self_consistency", "self_consistency", after, candidates=pool))
        rows.append(row(i, "best_of_n[p_true]", "best_of_n", after, candidates=pool, scorer="p_true"))
        for n in (1, 2, 4):
            points.append(outcome(i, "self_consistency", n, 0.3 + 0.1 * n * before, 50.0 * n))
            points.append(outcome(i, "best_of_n[p_true]", n, 0.25, 150.0 * n, scorer="p_true"))
            points.append(outcome(i, "best_of_n[oracle]", n, 1.0, 50.0 * n, ceiling=True))
    return write(tmp_path / "base", rows, points)


def test_corrections_beside_equal_compute_from_the_files(tmp_path) -> None:
    stage = study(tmp_path)
    replies = read_strategy_answers(stage)
    found = {(r.strategy, r.baseline, r.unit): r for r in equal_compute_of(stage, replies)}
    assert len(found) == 2 * 3 * 2, "two methods, three baselines, two units; no ceiling among the baselines"
    own = found["self_refine@2", "self_consistency", "tokens"]
    assert (own.cost, own.n_low, own.n_high, own.weight) == (120.0, 2, 4, pytest.approx(0.2))
    mine = {r.problem: r for r in replies["self_refine@2"]}
    drafts = [r.drafts[0].correct for r in mine.values()]
    expected = [0.3 + (0.8 * 0.2 + 0.2 * 0.4) * before for before in drafts]
    assert own.baseline_accuracy == pytest.approx(np.mean(expected))
    known = paired_difference(expected, [r.correct for r in mine.values()])
    assert (own.difference, own.low, own.high, own.p) == pytest.approx(
        (known.mean, known.low, known.high, known.p)
    )
    assert own.p_holm == own.p, "the only intrinsic method of its family"
    flops = found["self_refine@2", "self_consistency", "flops_shared"]
    assert (flops.n_low, flops.n_high, flops.weight) == (2, 4, pytest.approx(0.2))
    dear = found["self_refine@2", "best_of_n[p_true]", "tokens"]
    assert (dear.missing, dear.baseline_accuracy, dear.difference) == ("n = 1 already costs more", None, None)
    single = found["self_refine@2", SAMPLE, "tokens"]
    assert (single.baseline_cost, single.n_low, single.cost) == (50.0, 1, 120.0)
    assert single.difference is not None


def test_what_reads_the_gold_is_shown_and_not_tested(tmp_path) -> None:
    stage = study(tmp_path)
    replies = read_strategy_answers(stage)
    for r in equal_compute_of(stage, replies):
        if r.ceiling:
            assert r.strategy == "gated@2"
            assert r.difference is r.p is r.p_holm is None
            assert r.missing == GOLD or r.baseline_accuracy is None
    rows = {r.strategy: r for r in corrections_of("base", replies)}
    assert rows["gated@2"].ceiling
    assert not rows["self_refine@2"].ceiling
    assert rows["self_refine@2"].p_holm == rows["self_refine@2"].p, "Holm's family is the intrinsic methods"


def test_one_sample_is_sample_where_it_was_asked_for_and_measured_beats_derived(tmp_path) -> None:
    points = [outcome(0, "self_consistency", 1, 0.1, 50.0), outcome(0, "sample", 1, 0.7, 50.0)]
    points += [outcome(0, "self_consistency", 2, 0.2, 90.0, origin="derived")]
    points += [outcome(0, "self_consistency", 2, 0.3, 95.0, origin="measured")]
    stage = write(tmp_path / "b", [row(0, "self_consistency", "self_consistency", True)], points)
    curves = read_baselines(stage, read_strategy_answers(stage))
    assert curves[SAMPLE][1]["t", "t-0"][0] == 0.7
    assert curves["self_consistency"][2]["t", "t-0"] == (0.3, 95.0, 95.0 * 1e7)


def test_replies_are_read_as_the_loop_wrote_them(tmp_path) -> None:
    meta = {"family": "capital", "band": "known", "fact": "France"}
    trace = {"probability": False, "score": 0.3, **thread(2)}
    said = row(0, "s", "self_refine", None, candidates=[("1", True), ("lost", None)], trace=trace, meta=meta)
    rows = [said | {"confidence": 0.3, "answerable": False}, row(1, "pool", "sample", True)]
    ((label, (found,)),) = read_strategy_answers(write(tmp_path / "b", rows)).items()
    assert label == "s"
    assert (found.scored, found.confidence, found.probability, found.answerable) == (False, 0.3, False, False)
    assert (found.roles, found.meta) == (ROLES, meta)
    assert found.drafts[0] == CandidateAnswer("1", 1.0, True)
    assert not found.drafts[1].drawn
    assert (found.tokens, found.flops) == (50.0, 1e9)


def test_pooled_are_the_strategies_that_answered_every_task() -> None:
    rows = [reply(0, 1.0, task="t"), reply(0, 0.0, task="u")]
    found = dict(by_task({"both": rows, "one": rows[:1]}))
    assert {task: set(methods) for task, methods in found.items()} == {
        "t": {"both", "one"},
        "u": {"both"},
        "all": {"both"},
    }
    assert len(found["all"]["both"]) == 2
