"""One test for each mistake seen elsewhere that this part could make (conventions.md)."""

from __future__ import annotations

from pathlib import Path

import pytest
from eval_world import GOLD, LastNumber, World, completion, rows, run_evaluate
from scripted import ScriptedEngine

from eval.estimators.majority import majority_at_k
from eval.estimators.weighted import weighted_at_k
from eval.plans.voting import vote
from eval.scorers import MeanLogprob, Oracle
from eval.strategies import BestOfN, SelfConsistency, Strategy, WeightedSelfConsistency
from lab.core.types import Completion, Request


def scripted(texts: list[str]) -> ScriptedEngine:
    """Sample i says texts[i]; log-probabilities fall with i."""

    def script(request: Request) -> Completion:
        done = completion(request, texts[request.index])
        return Completion(
            done.text, "stop", done.usage, (-0.1 * (1 + request.index),) * len(done.token_ids), done.token_ids
        )

    return ScriptedEngine(script)


def answer(tmp_path: Path, strategy: Strategy, texts: list[str]) -> dict:  # type: ignore[type-arg]
    run_evaluate(tmp_path, [strategy], engine=scripted(texts), tasks=[World(size=1)])
    return rows(tmp_path)[0]


def test_majority_is_over_the_whole_pool_not_the_first_n(tmp_path: Path) -> None:
    assert majority_at_k(["a", "b", "b", "b"], [1.0, 0.0, 0.0, 0.0], [1])[0] == 0.25, (
        "the first one alone is right"
    )
    first = answer(tmp_path, SelfConsistency(n=4), ["1", "0", "0", "0"])
    assert (first["value"], first["correct"]) == ("0", True)


def test_votes_are_for_values_not_for_strings_or_value_score_pairs(tmp_path: Path) -> None:
    texts = ["3", "0.", "so 0", "the answer is 0!", "3"]
    row = answer(tmp_path, WeightedSelfConsistency(n=5), texts)
    assert (row["value"], row["text"]) == ("0", "0."), (
        "equal answers with different texts and scores vote together"
    )
    assert answer(tmp_path, SelfConsistency(n=5), texts)["confidence"] == pytest.approx(0.6)


def test_weights_are_probabilities_not_logits(tmp_path: Path) -> None:
    """Summed log-probabilities would punish the answer with more votes."""
    row = answer(tmp_path, WeightedSelfConsistency(n=3), ["3", "0", "0"])
    assert row["value"] == "0"
    with pytest.raises(ValueError, match="must be in"):
        vote(["3", "0", "0"], [-0.1, -0.2, -0.3])  # logits would have chosen the lonely one
    weights = [MeanLogprob().weight(s) for s in (-0.1, -0.2, -0.3)]
    assert weighted_at_k(["3", "0", "0"], [0.0, 1.0, 1.0], weights, 3, seed=0) == (1.0, 0.0)


def test_unparsed_answers_cast_no_vote_and_all_unparsed_is_wrong(tmp_path: Path) -> None:
    row = answer(tmp_path, SelfConsistency(n=5), ["?", "hm", "0", "?", "?"])
    assert (row["value"], row["correct"], row["confidence"]) == ("0", True, 0.2)
    for strategy in (SelfConsistency(n=3), WeightedSelfConsistency(n=3)):
        lost = answer(tmp_path, strategy, ["?", "hm", "?"])
        assert (lost["value"], lost["correct"], lost["confidence"]) == (None, False, 0.0)
    assert majority_at_k([None, None, "a"], [0.0, 0.0, 1.0], [1, 2, 3]) == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_ties_go_to_the_first_drawn_whatever_the_letters(tmp_path: Path) -> None:
    assert answer(tmp_path, SelfConsistency(n=4), ["3", "0", "0", "3"])["value"] == "3"
    assert answer(tmp_path, SelfConsistency(n=4), ["0", "3", "3", "0"])["value"] == "0"
    assert answer(tmp_path, BestOfN(n=2, scorer={"kind": "length"}), ["3", "0"])["value"] == "3"  # type: ignore[arg-type]
    assert majority_at_k(["3", "0"], [0.0, 1.0], [2]) == [0.5], "the estimator averages over orders"


def test_ranking_by_the_truth_is_marked_a_ceiling_and_needs_saying_so(tmp_path: Path) -> None:
    row = answer(tmp_path, BestOfN(n=3, scorer=Oracle()), ["3", "1", "0"])
    assert (row["correct"], row["ceiling"], row["scorer"]) == (True, True, "oracle")
    row = answer(tmp_path, BestOfN(n=3), ["3", "1", "0"])
    assert (row["correct"], row["ceiling"]) == (False, False)


def test_samples_do_not_collapse_into_one(tmp_path: Path) -> None:
    row = answer(tmp_path, SelfConsistency(n=4), ["0", "1", "2", "3"])
    assert [c["text"] for c in row["candidates"]] == ["0", "1", "2", "3"]
    assert len({r["index"] for r in rows(tmp_path, "ledger")}) == 4


def test_discarded_and_banked_candidates_are_charged(tmp_path: Path) -> None:
    two = [SelfConsistency(n=4), BestOfN(n=4)]
    run_evaluate(tmp_path, two, engine=scripted(["0", "11", "222", "3333"]), tasks=[World(size=1)])
    assert [(r["completion_tokens"], r["requests"]) for r in rows(tmp_path)] == [(10, 4), (10, 4)]
    assert [r["served_from"] for r in rows(tmp_path, "ledger")] == ["engine"] * 4 + ["bank"] * 4


def test_n_means_samples_in_every_strategy(tmp_path: Path) -> None:
    for kind in (SelfConsistency, WeightedSelfConsistency, BestOfN):
        row = answer(tmp_path, kind(n=3), ["0", "1", "2"])
        assert (row["n"], len(row["candidates"]), row["requests"]) == (3, 3, 3)


def test_the_gold_is_really_what_decides() -> None:
    (problem,) = World(size=1).problems("test")
    assert problem.gold == f"{GOLD}0"
    assert LastNumber().check(problem, "it is 0.").correct is True
    assert LastNumber().check(problem, "it is 1.").correct is False
