"""The reward model scorer: what it asks, which label it reads, and what it does with failures."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from eval_world import FLOPS, SAMPLING, World, broken, completion, reply, rows, run_evaluate
from one_plan import run
from scripted import ScriptedEngine
from toy_classifiers import toy_classifier

from eval.evaluate import evaluate
from eval.evaluation.evaluation import Evaluation
from eval.scorers import RewardModel
from eval.strategies import BestOfN
from lab.core.bank.store import Bank
from lab.core.flops.reading import read_flops
from lab.core.ledger import Backend
from lab.core.types import Candidate, Completion, Question, Request, Usage
from lab.engine import ClassifierConfig
from lab.errors import CompletionError
from lab.system.progress import Quiet

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS

QUESTION = Question("q", ({"role": "user", "content": "What is 2 + 2?"},))
CANDIDATES = [Candidate(Completion(text, "stop", Usage(5, 0, 1)), text) for text in ("4", "five", "22")]


def different_texts(folder: Path) -> int:
    """How many different texts the candidates of all problems have, problem by problem."""
    return sum(len({c["text"] for c in row["candidates"]}) for row in rows(folder, "answers"))


def test_it_asks_for_the_whole_conversation_once_a_candidate() -> None:
    engine = ScriptedEngine(lambda r: replace(completion(r, ""), scores=(0.2, 0.0, 0.7)))
    scores = run(RewardModel(label_index=2).score(QUESTION, CANDIDATES), engine)
    assert scores == [0.7] * 3
    assert [r.messages[-1] for r in engine.submitted] == [
        {"role": "assistant", "content": c.text} for c in CANDIDATES
    ]
    assert all(r.messages[:-1] == QUESTION.messages for r in engine.submitted)
    assert {(r.role, r.tag) for r in engine.submitted} == {("reward", "score")}


def test_a_lost_verdict_is_neutral_and_all_lost_raises() -> None:
    def half(request: Request) -> Completion:
        if request.messages[-1]["content"] == "five":
            return broken()
        return replace(completion(request, ""), scores=(0.9,))

    assert run(RewardModel().score(QUESTION, CANDIDATES), ScriptedEngine(half)) == [0.9, 0.5, 0.9]
    with pytest.raises(CompletionError, match="out of memory"):
        run(RewardModel().score(QUESTION, CANDIDATES), ScriptedEngine(lambda r: broken()))


def test_a_label_the_model_does_not_have_and_a_model_without_name() -> None:
    one = ScriptedEngine(lambda r: replace(completion(r, ""), scores=(0.9,)))
    with pytest.raises(ValueError, match="label_index is 1, but the model returned only 1"):
        run(RewardModel(label_index=1).score(QUESTION, CANDIDATES), one)
    generates = ScriptedEngine(lambda r: completion(r, "4"))
    with pytest.raises(ValueError, match="use an engine of kind 'classifier'"):
        run(RewardModel().score(QUESTION, CANDIDATES), generates)
    assert [field for field, _ in RewardModel().faults()] == ["model"]
    assert not list(RewardModel(model="judge").faults())


def test_it_is_charged_as_a_prefill_without_a_head(tmp_path: Path) -> None:
    run_evaluate(tmp_path, [BestOfN(n=3, scorer=RewardModel())], engine=ScriptedEngine(reply))
    judged = [r for r in rows(tmp_path, "ledger") if r["role"] == "reward"]
    assert 6 < len(judged) == different_texts(tmp_path), "equal answers are judged once"
    assert {r["tag"] for r in judged} == {"score"}
    assert all(r["flops_logical"] == FLOPS.classify(r["prompt_tokens"]) > 0 for r in judged)
    assert all(r["completion_tokens"] == 0 for r in judged)


def test_a_real_classifier_judges_what_another_model_wrote(tmp_path: Path) -> None:
    """A toy sequence classifier on transformers beside the policy: its scores, charged at its own size."""
    toy = toy_classifier(tmp_path / "toy", "sequence")
    judge = ClassifierConfig(dtype="float32", device="cpu").open(toy, expected_tokens=0)
    small = read_flops(json.loads((toy.path / "config.json").read_text()))
    evaluate(
        Evaluation(
            run="r",
            stage="s",
            model="policy",
            tasks=[World()],
            strategies=[BestOfN(n=3, scorer=RewardModel(model="judge"))],
            sampling=SAMPLING,
            seed=7,
            sizes={"": FLOPS, "judge": small},
        ),
        engine=ScriptedEngine(reply),
        bank=Bank(":memory:"),
        out=tmp_path,
        progress=Quiet(),
        models={"judge": Backend("judge", judge, small)},
    )
    judged = [r for r in rows(tmp_path, "ledger") if r["role"] == "reward"]
    assert 6 < len(judged) == different_texts(tmp_path)
    assert all(r["flops_logical"] == small.classify(r["prompt_tokens"]) for r in judged)
    assert {r["model"] for r in judged} == {"judge"}
    candidates = [c for row in rows(tmp_path) for c in row["candidates"]]
    question = replace(QUESTION, messages=World().problems("test")[0].messages)
    again = run(
        RewardModel().score(
            question, [Candidate(Completion(c["text"], "stop", Usage(5, 0, 1)), "") for c in candidates[:3]]
        ),
        judge,
    )
    assert [c["score"] for c in candidates[:3]] == pytest.approx(again, abs=1e-4)
    assert len({c["score"] for c in candidates}) > 6
    judge.close()
