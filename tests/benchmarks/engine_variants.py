"""One way of generating the benchmark's samples, in a process of its own: `engine_variants.py WAY MODEL`.

The work is the same for all: 32 word problems x 8 samples of at most 100 tokens at temperature 0.8, prompts
as token ids, in the type of number that `dtype: auto` picks on this machine. Loading and a short warm-up are
not timed. Prints one line of JSON with the tokens generated and the seconds they took.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from lab.core.protocols import Weights
from lab.core.types import Message, Request, Sampling
from lab.engine.precision import best_dtype
from lab.system.machine import detect
from lab.system.processor import library_settings

os.environ.update(library_settings())  # before any of the libraries is loaded

PROBLEMS, SAMPLES, MAX_TOKENS = 32, 8, 100
TEXT = (
    "{name} has {a} boxes with {b} pencils in each box. {name} gives {c} pencils to a friend and buys {d} "
    "more. How many pencils does {name} have now? Think step by step and end with the answer."
)
NAMES = ("Ana", "Ben", "Chloe", "David", "Elif", "Femi", "Greta", "Hugo")


def messages(number: int) -> tuple[Message, ...]:
    values = {"a": 2 + number % 7, "b": 3 + number % 5, "c": 1 + number % 4, "d": 5 + number % 11}
    return ({"role": "user", "content": TEXT.format(name=NAMES[number % 8], **values)},)


def requests() -> list[Request]:
    """All samples, those of one problem together; `index` is the sample's number."""
    return [
        Request(messages(number), Sampling(0.8, max_tokens=MAX_TOKENS, seed=100 * number + k), index=k)
        for number in range(PROBLEMS)
        for k in range(SAMPLES)
    ]


def warm_up() -> list[Request]:
    return [Request(messages(1000 + k), Sampling(0.8, max_tokens=8, seed=k)) for k in range(4)]


def lab(weights: Weights, eager: bool) -> dict[str, Any]:
    """Everything the lab does: plans, scheduler, bank on disk, ledger, engine."""
    from lab.core.bank.store import Bank
    from lab.core.flops.reading import read_flops
    from lab.core.scheduling.scheduler import Job, run_plans
    from lab.formats.ledger import LedgerWriter

    def plan(number: int) -> Any:
        completions = yield [r for r in requests() if r.messages == messages(number)]
        return len(completions)

    engine = open_lab(weights, eager)
    work = [Job(str(number), "sample", plan(number)) for number in range(PROBLEMS)]
    flops = read_flops(json.loads((weights.path / "config.json").read_text()))
    with tempfile.TemporaryDirectory() as folder:
        bank = Bank(Path(folder) / "bank.sqlite")
        with LedgerWriter(Path(folder) / "ledger.parquet", run="r", stage="s", model="m") as ledger:
            started = time.perf_counter()
            outcomes = list(run_plans(work, engine, bank=bank, ledger=ledger, flops=flops, run_seed=0))
            seconds = time.perf_counter() - started
        bank.close()
    assert all(outcome.result == SAMPLES for outcome in outcomes), outcomes[0].error
    tokens = sum(outcome.cost.completion_tokens for outcome in outcomes)
    flops_engine = sum(outcome.cost.flops_engine for outcome in outcomes)
    return {"tokens": tokens, "seconds": seconds, "flops": flops_engine, "engine_seconds": engine.seconds}


def open_lab(weights: Weights, eager: bool) -> Any:
    from lab.engine import VllmConfig

    engine: Any = VllmConfig(eager=eager).open(weights, expected_tokens=0)
    for id, request in enumerate(warm_up()):
        engine.submit(id, request, engine.render(request))
    left = len(warm_up())
    while left:
        left -= len(engine.poll())
    engine.seconds = 0.0
    return engine


def loop(weights: Weights, eager: bool) -> dict[str, Any]:
    """A hand-written add_request/step loop on an engine with the very same settings."""
    from lab.engine.chat import ChatRenderer, load_tokenizer

    engine = open_lab(weights, eager)._engine
    from vllm.sampling_params import RequestOutputKind, SamplingParams

    renderer = ChatRenderer(load_tokenizer(weights.path))
    started = time.perf_counter()
    for id, r in enumerate(requests()):
        s = r.sampling
        params = SamplingParams(
            temperature=s.temperature,
            max_tokens=s.max_tokens,
            seed=s.seed,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        prompt = {"type": "token", "prompt_token_ids": list(renderer.render(r))}
        engine.add_request(str(id), prompt, params)
    tokens = 0
    while engine.has_unfinished_requests():
        tokens += sum(len(o.outputs[0].token_ids) for o in engine.step() if o.finished)
    return {"tokens": tokens, "seconds": time.perf_counter() - started}


def dtype() -> str:
    """What `auto` picks here."""
    return best_dtype(detect(), "cpu")[0]


def llm(weights: Weights, eager: bool) -> dict[str, Any]:
    """vllm.LLM with its defaults (seeds crash with them, so there are none) but for the type of number: its
    own, bfloat16, would take hours where that is computed in software."""
    from lab.engine.vllm.patches import keep_to_level

    keep_to_level()
    from vllm import LLM, SamplingParams

    from lab.engine.chat import ChatRenderer, load_tokenizer

    renderer = ChatRenderer(load_tokenizer(weights.path))
    settings: dict[str, Any] = {"enforce_eager": True} if eager else {}
    model = LLM(str(weights.path), dtype=dtype(), **settings)

    def generate(batch: list[Request]) -> int:
        prompts = [{"prompt_token_ids": list(renderer.render(r))} for r in batch]
        params = [SamplingParams(temperature=0.8, max_tokens=r.sampling.max_tokens) for r in batch]
        outputs = model.generate(prompts, params, use_tqdm=False)  # type: ignore[arg-type]
        return sum(len(output.outputs[0].token_ids) for output in outputs)

    generate(warm_up())
    started = time.perf_counter()
    tokens = generate(requests())
    return {"tokens": tokens, "seconds": time.perf_counter() - started}


def transformers(weights: Weights, eager: bool) -> dict[str, Any]:
    """transformers `generate`, one static batch of 64 (a quarter of the work, to save time)."""
    import torch
    from transformers import AutoModelForCausalLM

    from lab.engine.chat import ChatRenderer, load_tokenizer

    renderer = ChatRenderer(load_tokenizer(weights.path))
    model = AutoModelForCausalLM.from_pretrained(weights.path, dtype=getattr(torch, dtype()))
    batch = [renderer.render(r) for r in requests()[: PROBLEMS * SAMPLES // 4]]
    width = max(map(len, batch))
    ids = torch.tensor([[2] * (width - len(p)) + list(p) for p in batch])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in batch])
    started = time.perf_counter()
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=True,
        temperature=0.8,
        top_k=0,
        max_new_tokens=MAX_TOKENS,
    )
    seconds = time.perf_counter() - started
    ends = [(row == 2).nonzero() for row in out[:, width:]]
    tokens = sum(int(end[0, 0]) + 1 if len(end) else out.shape[1] - width for end in ends)
    return {"tokens": tokens, "seconds": seconds}


def gemm(weights: Weights, eager: bool) -> dict[str, Any]:
    """The machine's matrix product peak in that type, FLOP/s, on all cores."""
    import torch

    from lab.system.peak import gemm_peak

    torch.set_num_threads(detect().physical_cores)
    return {"tokens": 0, "seconds": 0.0, "flops": gemm_peak(dtype()), "dtype": dtype()}


WAYS = {"lab": lab, "loop": loop, "llm": llm, "transformers": transformers, "gemm": gemm}

if __name__ == "__main__":
    way, _, mode = sys.argv[1].partition("-")
    folder = Path(sys.argv[2])
    print(json.dumps(WAYS[way](Weights(folder.name, folder, "benchmark"), mode != "compiled")))
