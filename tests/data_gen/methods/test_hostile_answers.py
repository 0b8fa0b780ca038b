"""Hostile answers before the filter `verified`: nothing runs, they are dropped, and the stage goes on."""

from __future__ import annotations

import json
from itertools import islice

import pytest
from data_gen_support import make
from scripted import ScriptedEngine

from data_gen.filters import Verified
from lab.core.types import Completion, Usage
from lab.tasks import ReasoningGym
from lab.tasks.checkers import Math, Numeric
from lab.tasks.jsonl import Jsonl
from tests.support.canary import Canary
from tests.support.hostile import attacks, bombs, huge

RIGHT = "So it is all of this.\nAnswer: "


@pytest.fixture
def canary(tmp_path):
    bird = Canary(tmp_path / "canary")
    yield bird
    bird.listener.close()


def own(checker, folder) -> Jsonl:
    """A task with one question."""
    (folder / "own.jsonl").write_text(json.dumps({"question": "What is a half of 106?", "answer": "53"}))
    return Jsonl(train=str(folder / "own.jsonl"), checker=checker)


@pytest.mark.parametrize("kind", ["spiral_matrix", "math", "numeric"])
def test_only_the_right_answer_gets_into_the_corpus(kind, canary, bank, flops, tmp_path):
    import pyarrow.parquet as pq

    if kind == "spiral_matrix":
        task = ReasoningGym(dataset=kind, limit=1)
    else:
        task = own(Math(seconds=0.5) if kind == "math" else Numeric(), tmp_path)
    (problem,) = task.problems("train")
    right = f"{RIGHT}{problem.gold}"
    every = 8 if kind == "math" else 2  # which starts a new child after each bomb
    feeds = attacks(canary.code), bombs(), huge()
    texts = [*(text for feed in feeds for text in islice(feed, 0, None, every)), right]
    script = (Completion(text, "stop", Usage(5, 0, 5)) for text in texts)
    engine = ScriptedEngine(lambda request: next(script))
    out = make(
        tmp_path / "corpus",
        bank=bank, flops=flops, engine=engine, tasks=[task], filters=[Verified()], samples=len(texts),
    )  # fmt: skip
    rows = pq.read_table(out / "data" / "train-00000.parquet").to_pylist()
    assert [row["completion"][0]["content"] for row in rows] == [right]
    assert not canary.sang()
    (dropped,) = json.loads((out / "audit.json").read_text())["yield"]
    assert dropped["dropped"] == len(texts) - 1
