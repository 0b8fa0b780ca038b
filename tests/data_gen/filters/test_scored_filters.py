"""Filters that have a model score each example: what is asked, noted, kept, charged and reported."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest
from data_gen_support import Sums, draft, make
from scripted import ScriptedEngine

from data_gen.filters.base import Context
from data_gen.filters.correctness.verified import Verified
from data_gen.filters.model_scores.judge_rating import JudgeRating
from data_gen.filters.model_scores.reward import RewardFilter
from data_gen.methods import RejectionSampling
from lab.core.types import Completion, Usage
from lab.engine.replies import scores_reply
from lab.errors import InputError
from lab.language.wording import DIGITS, RATE_IT, RUBRIC
from lab.run.recipe.recipe import loads

RECIPE = """
name: r
engine: {kind: vllm}
stages:
  corpus:
    kind: generate
    model: tiny
    tasks: [{kind: reasoning_gym, dataset: gcd, limit: 4}]
    method: {kind: rejection_sampling, samples: 3}
    models: {judge: {model: tiny, engine: ENGINE}}
    filters: [FILTER]
"""


class Judging(ScriptedEngine):
    """Answers with its sample's number; rates odd ones 7, even ones 3, and cannot judge sample 5."""

    def __init__(self):
        super().__init__(self.reply)
        self.asked = []

    def reply(self, request):
        self.asked.append(request)
        answered = [m["content"] for m in request.messages if m["role"] == "assistant"]
        if request.role == "policy":
            return f"I say {request.index}"
        number = int(answered[-1].split()[-1])
        if number == 5:
            return Completion("", "error", Usage(0, 0, 0), error="lost")
        if request.role == "reward":
            return scores_reply(9, (0.2, 0.7 if number % 2 else 0.3), 0.1, 0.1)
        logprobs = dict.fromkeys(DIGITS, -50.0) | {"7" if number % 2 else "3": 0.0}
        return Completion("7", "length", Usage(9, 0, 1), choices=logprobs)


FILTERS = [JudgeRating(), RewardFilter(model="", label_index=1)]


@pytest.mark.parametrize("filter", FILTERS, ids=lambda f: f.kind)
def test_the_score_decides_and_is_noted_charged_and_reported(filter, bank, flops, tmp_path):
    engine = Judging()
    out = make(
        tmp_path / "corpus", bank=bank, flops=flops, engine=engine, filters=[filter],
        method=RejectionSampling(samples=6), tasks=[Sums(size=3)],
    )  # fmt: skip
    rows = pq.read_table(out / "data").to_pylist()
    metas = [json.loads(row["meta"]) for row in rows]
    key = filter._key
    assert [meta["index"] for meta in metas] == [1, 3] * 3
    assert {meta[key] for meta in metas} == {0.75 if filter.kind == "judge_rating" else 0.7}
    report = json.loads((out / "audit.json").read_text())
    assert report["notes"]["numbers"][key]["count"] == 6
    (row,) = report["yield"]
    assert row["found"]["not_judged"] == 3
    assert sum(scores["count"] for scores in row["found"]["scores_by_verdict"].values()) == 15
    reasons = sorted({e["reason"] for e in row["examples"]})
    assert reasons[0] == f"no {key}: it could not be scored"
    assert reasons[1] == f"{key} {0.25 if filter.kind == 'judge_rating' else 0.3:.2f}, below 0.5"
    ledger = pq.read_table(out / "ledger.parquet").to_pylist()
    tag = "rate" if filter.kind == "judge_rating" else "score"
    assert sum(r["tag"] == tag for r in ledger) == 18, "every judgement is charged, the lost ones too"


def test_only_what_passed_the_filters_before_is_judged(bank, flops, tmp_path):
    engine = Judging()
    tasks = [Sums(size=3)]
    right = sum(1 <= i + i + 1 <= 5 for i in range(3))
    make(
        tmp_path / "c", bank=bank, flops=flops, engine=engine, tasks=tasks,
        filters=[Verified(), JudgeRating(threshold=0)], method=RejectionSampling(samples=6),
    )  # fmt: skip
    assert sum(r.role == "verifier" for r in engine.asked) == right == 3


def test_a_judge_is_asked_in_the_words_of_the_scorer_and_never_sees_the_gold(bank, flops, tmp_path):
    from eval.scorers.judges.rubric import Rubric
    from lab.core.types import Candidate, Question

    engine = Judging()
    problem = Sums(size=1).problems("train")[0]
    make(
        tmp_path / "c", bank=bank, flops=flops, engine=engine, tasks=[Sums(size=1)],
        filters=[JudgeRating(threshold=0)], method=RejectionSampling(samples=1),
    )  # fmt: skip
    (asked,) = [r for r in engine.asked if r.role == "verifier"]
    question = Question(problem.id, problem.messages)
    candidate = Candidate(Completion("I say 0", "stop", Usage(0, 0, 0)), None)
    (scored,) = next(Rubric().score(question, [candidate]))
    assert asked.messages == scored.messages
    assert asked.sampling.but(seed=None) == scored.sampling
    assert asked.messages[-1]["content"] == RATE_IT.format(rubric=RUBRIC)
    assert "GOLD" not in repr(asked)


def test_two_judges_do_not_overwrite_each_other():
    keys = {
        f._key
        for f in (JudgeRating(), JudgeRating(model="a"), JudgeRating(rubric="x"), JudgeRating(rubric="y"))
    }
    assert len(keys) == 4
    rated = draft("x")
    example = type(rated.example)("p", rated.example.prompt, "x", {"rating": 0.9, "rating_a": 0.1})
    rated = type(rated)("t", rated.problem, example, rated.verdict)
    assert JudgeRating().open(Context())([rated]) == [""]
    assert JudgeRating(model="a").open(Context())([rated]) == ["rating_a 0.10, below 0.5"]


@pytest.mark.parametrize(
    ("engine", "filter", "said"),
    [
        ("{kind: classifier}", "{kind: reward, model: judge}", ""),
        ("{kind: fake}", "{kind: reward, model: judge}", ""),
        ("{kind: vllm}", "{kind: reward, model: judge}", "needs engine kind 'classifier'"),
        ("{kind: classifier}", "{kind: reward}", "name one of the stage's `models`"),
        ("{kind: classifier}", "{kind: reward, model: jugde}", "Did you mean 'judge'"),
        ("{kind: vllm}", "{kind: judge_rating, model: jugde}", "Did you mean 'judge'"),
        ("{kind: vllm}", "{kind: judge_rating}", ""),
        ("{kind: vllm}", "{kind: embedding_overlap, embedding_model: minilm}", "all-minilm-l6-v2"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(engine, filter, said):
    text = RECIPE.replace("ENGINE", engine).replace("FILTER", filter)
    if not said:
        loads(text)
        return
    with pytest.raises(InputError) as error:
        loads(text)
    assert said in str(error.value)


def test_the_estimate_counts_the_judge():
    plain, judged_too = (
        loads(RECIPE.replace("ENGINE", "{kind: fake}").replace("FILTER", f)).stages["corpus"].demand()
        for f in ("{kind: verified}", "{kind: judge_rating, model: judge}")
    )
    assert plain.requests == 12
    assert judged_too.requests == 24
