"""Completions and stages for tests of banks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from lab.core.bank.cluster.places import attempt_folder
from lab.core.bank.cluster.worker_bank import ShardBank
from lab.core.bank.entry import Entry, entry_of
from lab.core.shards import Shard
from lab.core.types import Completion, Usage

RUN = "run"
STAGE = "stage-0123456789ab"
OWNER = f"{RUN}/{STAGE}"


def key_of(problem: str, sample: int = 0) -> bytes:
    return hashlib.blake2b(f"{problem}/{sample}".encode(), digest_size=16).digest()


def completion(text: str, tokens: int = 5, logprobs: bool = False) -> Completion:
    found = tuple(-0.5 for _ in range(tokens)) if logprobs else ()
    return Completion(text, "stop", Usage(9, 0, tokens), found, tuple(range(tokens)))


def entry(problem: str, sample: int = 0, text: str = "", owner: str = OWNER) -> Entry:
    done = completion(text or f"{problem}:{sample}")
    return entry_of(key_of(problem, sample), done, f"{owner}/{problem}", False, False)


def stage_in(runs: Path, run: str = RUN, name: str = STAGE) -> Path:
    folder = runs / run / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def problems_of(shard: Shard) -> list[str]:
    return [f"p/{number}" for number in range(shard.start, shard.end)]


def opened(bank: ShardBank, stage: Path, shard: Shard, worker: str = "w") -> Path:
    folder = attempt_folder(stage, shard, worker)
    bank.open_shard(shard, problems_of(shard), folder)
    return folder


def fill(
    bank: ShardBank,
    stage: Path,
    shard: Shard,
    samples: int = 2,
    text: Callable[[str, int], str] = "{}:{}".format,
) -> None:
    for problem in problems_of(shard):
        for sample in range(samples):
            owner = f"{stage.parent.name}/{stage.name}/{problem}"
            bank.put(key_of(problem, sample), completion(text(problem, sample)), owner)
    bank.commit()
