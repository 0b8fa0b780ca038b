"""A policy and a classifier as two vLLM engines of one process, polled in turn and closed one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from engine_contract import ask, draw
from having import needs_vllm

from lab.core.protocols import Weights
from lab.core.types import Completion, Request, Sampling
from lab.engine import ClassifierConfig, VllmConfig
from lab.models import resolve

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
ANSWERS = ["42", "It is 41. " * 8, "I do not know.", "The answer is 42."]
LENGTH = 256


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """SmolLM2 with a random one-label head."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder, source = tmp_path_factory.mktemp("judge"), str(resolve("smollm2-135m").path)
    torch.manual_seed(0)
    auto: Any = AutoModelForSequenceClassification
    model = auto.from_pretrained(source, num_labels=1, dtype=torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(source)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.score.weight.data.normal_(0, 0.2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Weights("judge", folder, "judge")


@pytest.fixture(scope="module")
def policy() -> Iterator[Any]:
    config = VllmConfig(max_model_len=LENGTH, max_num_seqs=8, kv_cache_gib=0.2, eager=True)
    opened = config.open(resolve("smollm2-135m"), expected_tokens=0)
    yield opened
    opened.close()


def open_judge(weights: Weights, backend: Any) -> Any:
    """In float32: in bfloat16 a random head differs by up to 0.13 between two batches of one engine."""
    config = ClassifierConfig(backend=backend, max_model_len=LENGTH, dtype="float32", kv_cache_gib=0.2)
    return config.open(weights, expected_tokens=0)


def verdict(answer: str) -> Request:
    messages = ({"role": "user", "content": "What is 12 + 30?"}, {"role": "assistant", "content": answer})
    return Request(messages, Sampling(seed=1), role="reward")  # type: ignore[arg-type]


def scores(found: list[Completion]) -> list[float]:
    return [c.scores[0] for c in found]


def both(policy: Any, classifier: Any, samples: list[Request], verdicts: list[Request]) -> tuple[Any, Any]:
    """Everything at once, the engines polled in turn."""
    for engine, requests in ((policy, samples), (classifier, verdicts)):
        for id, request in enumerate(requests):
            engine.submit(id, request, engine.render(request))
    drawn: dict[int, Completion] = {}
    judged: dict[int, Completion] = {}
    while len(drawn) < len(samples) or len(judged) < len(verdicts):
        drawn.update(policy.poll())
        judged.update(classifier.poll())
    return [drawn[i] for i in range(len(samples))], [judged[i] for i in range(len(verdicts))]


@needs_vllm
def test_two_vllm_engines_live_in_one_process(policy: Any, judge: Weights) -> None:
    samples, verdicts = [ask(seed=seed) for seed in range(4)], [verdict(a) for a in ANSWERS]
    draw(policy, samples)
    alone = [c.text for c in draw(policy, samples)]
    plain = open_judge(judge, "transformers")
    expected = scores(draw(plain, verdicts))
    plain.close()
    assert max(expected) - min(expected) > 0.05, "a head that tells answers apart"
    classifier = open_judge(judge, "vllm")
    drawn, judged = both(policy, classifier, samples, verdicts)
    assert [c.text for c in drawn] == alone
    assert scores(judged) == pytest.approx(expected, abs=0.01)
    assert all(c.usage.completion_tokens == 0 < c.usage.prompt_tokens and c.seconds > 0 for c in judged)
    good, long = draw(classifier, [verdict("42"), verdict("four " * 300)])
    assert (good.finish_reason, long.finish_reason) == ("stop", "error")
    classifier.close()
    assert [c.text for c in draw(policy, samples)] == alone, "the other goes on when one is closed"
    again = open_judge(judge, "vllm")
    assert scores(draw(again, verdicts)) == pytest.approx(expected, abs=0.01)
    again.close()
