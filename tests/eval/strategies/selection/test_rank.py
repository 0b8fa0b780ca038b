"""Ranking options by likelihood: shares by hand, what the budget and the ledger say, and a real toy model."""

from __future__ import annotations

import json
from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from driving import FAILED, REFUSED, drive, question, said
from eval_world import FLOPS, OPTIONS, World, completion, reply, rows, run_evaluate
from scripted import ScriptedEngine

from eval.evaluate import evaluate
from eval.evaluation.evaluation import Evaluation
from eval.strategies import Greedy, RankByLikelihood
from eval.strategies.selection.rank_by_likelihood import softmax
from lab.core.bank.store import Bank
from lab.core.protocols import Weights
from lab.core.types import Completion, Message, Problem, Request, Sampling
from lab.errors import CompletionError, InputError, NumbersError
from lab.system.progress import Quiet
from lab.tasks import Jsonl
from lab.tasks.checkers import Choice

ASKED = question(options=("two is 2", "4", "it is 5"))
LIKELY = {"two is 2": (-1.0, -1.0, -2.5), "4": (-3.0,), "it is 5": (-2.0, -2.0)}


def tell(request: Request) -> Completion:
    return said("so", end="length", prefix_logprobs=LIKELY[request.prefix])


def test_the_likeliest_option_by_sum_and_by_mean() -> None:
    answer, asked = drive(RankByLikelihood().solve(ASKED), tell)
    assert [r.prefix for r in asked] == list(ASKED.options)
    assert all(r.sampling.score_prefix and r.role == "verifier" for r in asked)
    assert (answer.text, answer.value) == ("4", "4")
    total = exp(-4.5) + exp(-3) + exp(-4)
    assert answer.confidence == pytest.approx(exp(-3) / total)
    assert answer.trace["masses"]["it is 5"] == pytest.approx(exp(-4) / total)
    assert answer.trace["logprobs"] == {"two is 2": -4.5, "4": -3.0, "it is 5": -4.0}
    assert [(c.text, c.value) for c in answer.candidates] == [("two is 2", "2"), ("4", "4"), ("it is 5", "5")]
    mean, _ = drive(RankByLikelihood(compare="mean").solve(ASKED), tell)
    assert (mean.text, mean.value) == ("two is 2", "2")


def test_labels_name_the_answer_and_a_tie_goes_to_the_first() -> None:
    asked = replace(ASKED, option_labels=("A", "B", "C"), canonical=Choice().canonical)
    answer, _ = drive(RankByLikelihood().solve(asked), tell)
    assert (answer.text, answer.value, set(answer.trace["masses"])) == ("B", "B", {"A", "B", "C"})
    equal, _ = drive(RankByLikelihood().solve(asked), lambda r: said("", prefix_logprobs=(-1.0,)))
    assert (equal.text, equal.confidence) == ("A", pytest.approx(1 / 3))


def test_options_that_cannot_be_read_are_not_chosen_and_named() -> None:
    replies = [tell(Request((), prefix="two is 2")), FAILED, REFUSED]
    answer, _ = drive(RankByLikelihood().solve(ASKED), replies)
    assert (answer.text, answer.confidence, answer.trace["lost"]) == ("two is 2", 1.0, ["4", "it is 5"])
    for lost in ([FAILED] * 3, [REFUSED] * 3):
        with pytest.raises(CompletionError):
            drive(RankByLikelihood().solve(ASKED), lost)
    with pytest.raises(NumbersError, match="returned no log-probabilities of a given text"):
        drive(RankByLikelihood().solve(ASKED), ["so"] * 3)
    with pytest.raises(ValueError, match="needs questions with options"):
        drive(RankByLikelihood().solve(question()), [])


def test_softmax_of_far_apart_and_of_impossible_scores() -> None:
    assert softmax([-2000.0, -2000.0 + log(3)]) == pytest.approx([0.25, 0.75])
    assert softmax([float("-inf"), -5.0]) == [0.0, 1.0]
    assert softmax([float("-inf")] * 2) == [0.5, 0.5]


def test_the_mass_of_right_options_is_added_by_the_grader(tmp_path: Path) -> None:
    """And by nobody else: the strategy sees no gold."""
    run_evaluate(tmp_path, [RankByLikelihood(), Greedy()])
    for row in rows(tmp_path):
        trace = json.loads(row["trace"])
        if row["strategy"] == "greedy":
            assert "right_mass" not in trace
            continue
        gold = OPTIONS[int(json.loads(row["gold"])[-1])]
        assert trace["right_mass"] == pytest.approx(trace["masses"][gold])
        assert sum(trace["masses"].values()) == pytest.approx(1)
        assert row["correct"] == (row["text"] == gold)


def test_every_scored_position_is_charged_and_equal_options_are_read_once(tmp_path: Path) -> None:
    """Prefill with the logits of the prefix's tokens and of the last position; no sample."""
    engine = run_evaluate(tmp_path, [RankByLikelihood()], tasks=[World(size=1)])
    ledger = pq.read_table(tmp_path / "ledger.parquet").to_pylist()
    assert len(ledger) == len(OPTIONS) == len(engine.submitted)
    assert {(r["role"], r["tag"], r["completion_tokens"]) for r in ledger} == {("verifier", "rank", 1)}
    for row, option in zip(ledger, OPTIONS, strict=True):
        assert row["flops_logical"] == FLOPS.prefill(row["prompt_tokens"], 0, 1 + len(option))
    first, second = ledger[:2]
    assert second["shared_tokens"] == first["prompt_tokens"] - 1, "all but the digit"
    assert second["flops_shared"] == FLOPS.prefill(second["prompt_tokens"], second["shared_tokens"], 8)


def test_a_budget_counts_the_logits_of_every_scored_position(tmp_path: Path) -> None:
    one = FLOPS.prefill(30, 0, 1)
    heavy = replace(FLOPS, head=100_000)
    engine = ScriptedEngine(reply)
    strategy = RankByLikelihood(budget_flops=heavy.prefill(50, 0, 10) + one)
    evaluate(
        Evaluation(
            run="r",
            stage="s",
            model="m",
            tasks=[World(size=2)],
            strategies=[strategy],
            sampling=Sampling(),
            seed=0,
            sizes={"": heavy},
        ),
        engine=engine,
        bank=Bank(":memory:"),
        out=tmp_path,
        progress=Quiet(),
    )
    answers = rows(tmp_path)
    assert [len(json.loads(r["trace"])["lost"]) for r in answers] == [4, 4]
    assert all(0 < r["flops_shared"] <= strategy.budget_flops for r in answers)  # type: ignore[operator]


class Unlisted(World):
    """Its options are not in the prompt."""

    def problems(self, split: Any, *, seed: int = 0) -> list[Problem]:
        found = super().problems(split, seed=seed)
        return [replace(p, meta={**p.meta, "options_shown": False}) for p in found]


class Open(World):
    """No options at all."""

    def problems(self, split: Any, *, seed: int = 0) -> list[Problem]:
        return [replace(p, meta={}) for p in super().problems(split, seed=seed)]


def test_tasks_and_strategies_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match="'rank_by_likelihood' ranks answer options, but task 'numbers' has none"
    ):
        run_evaluate(tmp_path, [RankByLikelihood()], tasks=[Open()])
    with pytest.raises(
        InputError, match=r"task 'numbers' does not show its options in the prompt.*'greedy' cannot"
    ):
        run_evaluate(tmp_path, [RankByLikelihood(), Greedy()], tasks=[Unlisted()])
    run_evaluate(tmp_path, [RankByLikelihood()], tasks=[Unlisted()])
    assert len(rows(tmp_path)) == 6


def test_a_real_toy_model_through_bank_and_ledger(tmp_path: Path) -> None:
    """A task from a file, the engine hf: the choice and its share equal a direct computation, twice."""
    import torch

    from lab.engine import HfConfig
    from lab.models.tiny import make_tiny

    make_tiny(tmp_path / "toy")
    data = tmp_path / "quiz.jsonl"
    asked = [("Sky?", ["blue", "a dog", "7"], "blue"), ("Sum of 1 and 1?", ["two", "three"], "two")]
    data.write_text(
        "".join(json.dumps({"question": q, "choices": c, "answer": a}) + "\n" for q, c, a in asked)
    )
    task = Jsonl(test=str(data), columns={"choices": "choices"}, checker=Choice())
    weights = Weights("toy", tmp_path / "toy", "toy")
    engine: Any = HfConfig(dtype="float32", batch=4, max_model_len=256, device="cpu").open(
        weights, expected_tokens=0
    )
    bank = Bank(":memory:")
    for out in (tmp_path / "a", tmp_path / "b"):
        out.mkdir()
        evaluate(
            Evaluation(
                run="r",
                stage="s",
                model="toy",
                tasks=[task],
                strategies=[RankByLikelihood()],
                sampling=Sampling(),
                seed=0,
                sizes={"": FLOPS},
            ),
            engine=engine,
            bank=bank,
            out=out,
            progress=Quiet(),
        )
    for (text, choices, _), row in zip(asked, rows(tmp_path / "a"), strict=True):
        turn: Message = {"role": "user", "content": text}
        expected = []
        for choice in choices:
            ids = torch.tensor([engine.render(Request((turn,), prefix=choice))])
            with torch.inference_mode():
                scores = torch.log_softmax(engine._model(ids).logits[0].float(), -1)
            start = ids.shape[1] - len(choice)
            expected.append(sum(float(scores[at - 1, ids[0, at]]) for at in range(start, ids.shape[1])))
        trace = json.loads(row["trace"])
        assert list(trace["masses"].values()) == pytest.approx(softmax(expected), abs=1e-4)
        assert row["text"] == "ABC"[max(range(len(choices)), key=expected.__getitem__)]
        assert row["confidence"] == pytest.approx(max(softmax(expected)), abs=1e-4)
    again = [{**row, "seconds": 0} for row in rows(tmp_path / "b")]
    assert again == [{**row, "seconds": 0} for row in rows(tmp_path / "a")]
    assert {r["served_from"] for r in rows(tmp_path / "a", "ledger")} == {"engine"}
    assert {r["served_from"] for r in rows(tmp_path / "b", "ledger")} == {"bank"}
    engine.close()


def test_the_scripted_world_gives_what_is_asked_for() -> None:
    scored = Request((), Sampling(max_tokens=1, score_prefix=True, seed=1), prefix="abc")
    assert len(reply(scored).prefix_logprobs) == 3
    assert completion(scored, "xyz").text == "x"
