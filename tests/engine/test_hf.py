"""The hf engine on a toy model with random weights: its loop against transformers' own, and the contract."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine_contract as contract
import pytest
from engine_contract import ask, draw

from lab.core.protocols import Weights
from lab.core.types import Message, Request, Sampling
from lab.engine import HfConfig

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch is imported: see vllm_library.DEFAULTS
LENGTHS = (1, 9, 40)
SPACED = (contract.stop_strings_cut, contract.stopped_names_the_stop_string)
"""These need spaces in what the model says."""
CHECKS = [check for check in contract.CHECKS if check not in SPACED]


def question(words: int) -> tuple[Message, ...]:
    return ({"role": "user", "content": "ab " * words},)


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    from lab.models.tiny import make_tiny

    folder = tmp_path_factory.mktemp("toy")
    make_tiny(folder)
    return Weights("toy", folder, "toy")


@pytest.fixture(scope="module")
def engine(toy: Weights) -> Iterator[Any]:
    engine = HfConfig(dtype="float32", batch=4, max_model_len=256, device="cpu").open(toy, expected_tokens=0)
    yield engine
    engine.close()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_contract(engine: Any, check: Any) -> None:
    check(engine)


def test_seconds_and_lengths(engine: Any) -> None:
    contract.seconds_add_up(engine)
    contract.overlong_prompt_fails_with_a_reason(engine, 300)


def test_a_padded_batch_decodes_what_transformers_decodes_alone(engine: Any) -> None:
    import torch

    requests = [Request(question(words), Sampling(0.0, max_tokens=12, seed=1)) for words in LENGTHS]
    for request, found in zip(requests, draw(engine, requests), strict=True):
        prompt = torch.tensor([engine.render(request)])
        alone = engine._model.generate(prompt, do_sample=False, max_new_tokens=12)[0, prompt.shape[1] :]
        assert found.token_ids == tuple(alone.tolist())


def test_logprobs_and_choices_are_the_models(engine: Any) -> None:
    import torch

    sampling = Sampling(0.7, max_tokens=6, seed=4, logprobs=True)
    pair = [Request(question(words), sampling) for words in LENGTHS]
    for request, found in zip(pair, draw(engine, pair), strict=True):
        ids = torch.tensor([engine.render(request) + found.token_ids])
        with torch.inference_mode():
            scores = torch.log_softmax(engine._model(ids).logits[0].float(), -1)
        start = ids.shape[1] - len(found.token_ids) - 1
        expected = [float(scores[start + at, token]) for at, token in enumerate(found.token_ids)]
        assert found.logprobs == pytest.approx(expected, abs=1e-3)


def test_a_scored_prefix_is_as_likely_as_the_model_alone_says(engine: Any) -> None:
    """In a padded batch with prompts of all lengths, beside requests that are only drawn."""
    import torch

    sampling = Sampling(0.0, max_tokens=1, seed=1, score_prefix=True)
    texts = ("b", "ab ab", "Rivers flow to the sea, all of them.")
    scored = [
        Request(question(words), sampling, prefix=text) for words, text in zip(LENGTHS, texts, strict=True)
    ]
    found = draw(engine, [*scored, ask(max_tokens=3)])
    for request, text, completion in zip(scored, texts, found, strict=False):
        ids = torch.tensor([engine.render(request)])
        with torch.inference_mode():
            scores = torch.log_softmax(engine._model(ids).logits[0].float(), -1)
        count = len(text.encode())  # the toy has one token a byte
        expected = [float(scores[at - 1, ids[0, at]]) for at in range(ids.shape[1] - count, ids.shape[1])]
        assert completion.prefix_logprobs == pytest.approx(expected, abs=1e-3)
    assert found[-1].prefix_logprobs == ()


def test_a_sample_does_not_depend_on_its_neighbours(engine: Any) -> None:
    alone = draw(engine, [ask(seed=5, temperature=1.0)])[0]
    crowd = draw(
        engine, [ask(seed=5, temperature=1.0), *(Request(question(n), Sampling(seed=n)) for n in LENGTHS)]
    )
    assert crowd[0].token_ids == alone.token_ids


def test_nucleus_sampling_leaves_the_tail_out(engine: Any) -> None:
    """With a tiny top_p only the likeliest token is left, whatever the seed."""
    greedy = draw(engine, [ask(temperature=0.0)])[0].token_ids
    for found in draw(engine, [ask(seed=seed, temperature=1.5, top_p=1e-6) for seed in range(4)]):
        assert found.token_ids == greedy


def test_stop_strings_cut_where_they_begin(engine: Any) -> None:
    whole = draw(engine, [ask(temperature=0.0)])[0]
    stop = whole.text[3:5]
    cut = draw(engine, [ask(temperature=0.0, stop=(stop,))])[0]
    assert cut.finish_reason == "stop"
    assert cut.text == whole.text[: whole.text.index(stop)]
    assert cut.stopped == stop
    assert whole.stopped == ""
    assert len(cut.token_ids) < len(whole.token_ids)


def test_identity_is_of_weights_and_dtype_not_of_batch(toy: Weights, engine: Any) -> None:
    assert engine.identity.startswith("toy:float32:hf")
    assert Path(toy.path).is_dir()
