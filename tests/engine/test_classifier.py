"""The classifier engine on toy models: its scores against transformers' own, batching, and bad requests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_contract import draw, seconds_add_up
from toy_classifiers import toy_classifier

from lab.core.protocols import Weights
from lab.core.types import Request, Sampling
from lab.engine import ClassifierConfig
from lab.engine.classifier.chat import steps_of
from lab.errors import EngineError

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS
Open = Callable[..., Any]


def judge(answer: str, question: str = "What is 2 + 2?") -> Request:
    messages = ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
    return Request(messages, Sampling(seed=1), role="reward")  # type: ignore[arg-type]


ANSWERS = ["4", "It is five." * 7, "Two and two\nmake four\n\nso 4", "", "one\ntwo"]


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weights]:
    folder = tmp_path_factory.mktemp("toys")
    return {head: toy_classifier(folder / head, head) for head in ("sequence", "classes", "token")}  # type: ignore[arg-type]


@pytest.fixture
def open_engine(toys: dict[str, Weights]) -> Iterator[Open]:
    opened = []

    def open_it(head: str, **fields: Any) -> Any:
        config = ClassifierConfig(**{"dtype": "float32", "batch": 2, "device": "cpu"} | fields)
        opened.append(config.open(toys[head], expected_tokens=0))
        return opened[-1]

    yield open_it
    for engine in opened:
        engine.close()
        engine.close()


@pytest.mark.parametrize("head", ["sequence", "classes"])
def test_padded_batches_score_what_the_model_scores_alone(open_engine: Open, head: str) -> None:
    import torch

    engine = open_engine(head)
    requests = [judge(answer) for answer in ANSWERS]
    for request, found in zip(requests, draw(engine, requests), strict=True):
        logits = engine._model(torch.tensor([engine.render(request)])).logits[0].detach()
        expected = logits.sigmoid() if head == "sequence" else logits.softmax(-1)
        assert found.scores == pytest.approx(expected.tolist(), abs=1e-4)
        assert (found.text, found.finish_reason, found.usage.completion_tokens) == ("", "stop", 0)
        assert found.usage.prompt_tokens == len(engine.render(request))
    assert len({c.scores for c in draw(engine, requests)}) == len(ANSWERS)


def test_a_token_classifier_scores_every_step_at_its_separator(open_engine: Open) -> None:
    import torch

    engine = open_engine("token")
    requests = [judge(answer) for answer in ANSWERS]
    assert [len(c.scores) for c in draw(engine, requests)] == [1, 1, 3, 1, 2]
    tokenizer = engine._renderer.tokenizer
    for request, found in zip(requests, draw(engine, requests), strict=True):
        prompt = engine.render(request)
        start = len(tokenizer.encode("<|im_start|>user\nWhat is 2 + 2?<|im_end|>\n<|im_start|>assistant\n"))
        newline = tokenizer.encode("\n")[0]
        at = [i for i, token in enumerate(prompt) if token == newline and i >= start][: len(found.scores)]
        expected = engine._model(torch.tensor([prompt])).logits[0].detach().softmax(-1)[at, 1]
        assert found.scores == pytest.approx(expected.tolist(), abs=1e-4)


def test_a_later_step_does_not_change_an_earlier_score(open_engine: Open) -> None:
    engine = open_engine("token")
    short, long = draw(engine, [judge("first\nsecond"), judge("first\nsecond\nthird")])
    assert long.scores[:2] == pytest.approx(short.scores, abs=1e-5)


def test_steps() -> None:
    assert steps_of("a\n\nb\n", "\n") == ["a", "b"]
    assert steps_of("a\n\nb\nc", "\n\n") == ["a", "b\nc"]
    assert steps_of("", "\n") == [""]


def test_overlong_and_empty_conversations_fail_alone(open_engine: Open) -> None:
    engine = open_engine("sequence", max_model_len=64)
    good, long = draw(engine, [judge("4"), judge("four " * 40)])
    assert (good.finish_reason, long.finish_reason) == ("stop", "error")
    assert "64" in long.error
    with pytest.raises(ValueError, match="no conversation"):
        engine.render(Request(()))


def test_seconds_add_up(open_engine: Open) -> None:
    seconds_add_up(open_engine("sequence"))


def test_trailing_padding_does_not_decide(open_engine: Open) -> None:
    """transformers judges at the last token that is not padding; so do we, on any backend."""
    engine = open_engine("sequence")
    engine._renderer.pad = engine._renderer.tokenizer.encode("\n")[0]
    assert engine._renderer.layout(judge("4")).ids[-1] != engine._renderer.pad


def test_a_model_without_a_padding_token_is_batched_all_the_same(open_engine: Open) -> None:
    engine, bare = open_engine("sequence"), open_engine("sequence")
    bare._pad = bare._renderer.pad = bare._model.config.pad_token_id = None
    requests = [judge(answer) for answer in ANSWERS]
    pairs = zip(draw(bare, requests), draw(engine, requests), strict=True)
    assert all(a.scores == pytest.approx(b.scores, abs=1e-4) for a, b in pairs)


def test_what_is_no_classifier_is_refused(tmp_path: Path) -> None:
    from lab.models.tiny import make_tiny

    make_tiny(tmp_path)
    weights = Weights("tiny", tmp_path, "t")
    with pytest.raises(EngineError, match=r"'tiny' is not a classifier.*LlamaForCausalLM"):
        ClassifierConfig().open(weights, expected_tokens=0)
    assert [field for field, _ in ClassifierConfig(backend="vllm", task="token").faults()] == ["backend"]


def test_identity_names_what_decides(open_engine: Open) -> None:
    one, other = open_engine("token"), open_engine("token", step="\n\n")
    assert one.identity != other.identity
    assert open_engine("sequence", batch=4).identity == open_engine("sequence").identity
