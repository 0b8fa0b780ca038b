"""What a tuned model cost: every round it descends from, once, whoever had the samples drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.core.ledger import LedgerRow
from lab.formats.ledger import LedgerWriter
from lab.run.folders.fixed_cost import fixed_flops
from lab.run.folders.lineage import lineage

Drawn = tuple[str, int, float, str]
"""Model, sample index, FLOPs, who served it."""


def stage(
    run: Path, name: str, inputs: Mapping[str, str], drawn: list[Drawn], *, kind: str = "", model: str = ""
) -> Path:
    folder = run / name
    folder.mkdir(parents=True)
    with LedgerWriter(folder / "ledger.parquet", run=run.name, stage=name, model="") as ledger:
        ledger.extend([row(*d) for d in drawn])
    manifest = {"kind": kind, "inputs": dict(inputs), "model": model, "output": "x"}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def row(model: str, index: int, flops: float, served: str, tag: str = "sample") -> LedgerRow:
    costs = {"flops_logical": 9e9, "flops_shared": flops, "flops_engine": 9e9, "seconds": 1.0}
    head = {"model": model, "problem": "p", "strategy": "s", "role": "policy", "tag": tag}
    tokens = {"prompt_tokens": 5, "shared_tokens": 0, "cached_tokens": 0, "completion_tokens": 7}
    return LedgerRow(**head, index=index, **tokens, **costs, served_from=served, finish_reason="stop")


def rounds(run: Path, *, start: str, rounds: int = 3) -> dict[int, Path]:
    """A self-training, expanded: round r's corpus costs 10^r, its training 2 x 10^r."""
    found, last = {}, ""
    for r in range(1, rounds + 1):
        corpus, model = f"self.{r}.corpus", f"self.{r}"
        stage(run, corpus, {last: last} if last else {}, [(last or "base", 0, 10.0**r, "engine")])
        first = {last: last} if last and start == "last" else {}
        stage(run, model, {corpus: corpus} | first, [("x", r, 2 * 10.0**r, "engine")])
        stage(run, f"{model}.dev", {model: model}, [(model, 0, 1e9, "engine")], model=model)
        found[r] = stage(run, f"after.{r}", {model: model}, [(model, 0, 1e9, "engine")], model=model)
        last = model
    return found


@pytest.mark.parametrize("start", ["base", "last"])
def test_a_model_pays_for_every_round_it_descends_from_and_no_other(tmp_path: Path, start: str) -> None:
    after = rounds(tmp_path, start=start)
    assert [fixed_flops(after[r]) for r in (1, 2, 3)] == [30.0, 330.0, 3330.0]
    assert [p.name for p in lineage(tmp_path / "self.2")] == (
        ["self.1.corpus", "self.1", "self.2.corpus", "self.2"]
    )


def test_an_untrained_model_has_no_fixed_cost(tmp_path: Path) -> None:
    assert fixed_flops(stage(tmp_path, "base", {}, [("base", 0, 1.0, "engine")], model="base")) is None


def test_a_corpus_that_two_models_share_is_charged_to_both(tmp_path: Path) -> None:
    stage(tmp_path, "corpus", {}, [("base", 0, 5.0, "engine")])
    for name, flops in (("sft", 100.0), ("kto", 200.0)):
        stage(tmp_path, name, {"corpus": "corpus"}, [("x", 0, flops, "engine")])
        after = stage(tmp_path, f"after-{name}", {name: name}, [], model=name)
        assert fixed_flops(after) == 5.0 + flops


def test_what_a_trainer_drew_for_itself_is_charged(tmp_path: Path) -> None:
    folder = stage(tmp_path, "grpo", {}, [], kind="train")
    (folder / "ledger.parquet").unlink()
    with LedgerWriter(folder / "ledger.parquet", run="r", stage="grpo", model="x") as ledger:
        ledger.extend([row("x", 1, 3.0, "engine", "rollout"), row("x", 1, 5.0, "engine", "grpo")])
    assert fixed_flops(stage(tmp_path, "after", {"grpo": "grpo"}, [], model="grpo")) == 8.0


def test_samples_that_another_corpus_had_drawn_are_charged_too(tmp_path: Path) -> None:
    """Two corpora over the same samples: the bank serves the second, which would cost as much alone."""
    stage(tmp_path, "strict", {}, [("base", i, 5.0, "engine") for i in range(4)])
    stage(tmp_path, "loose", {}, [("base", i, 5.0, "bank") for i in range(4)])
    for name in ("strict", "loose"):
        stage(tmp_path, f"m-{name}", {name: name}, [("x", 0, 100.0, "engine")])
        assert fixed_flops(stage(tmp_path, f"a-{name}", {"m": f"m-{name}"}, [], model="m")) == 120.0


def test_a_model_trained_on_both_pays_for_shared_samples_once(tmp_path: Path) -> None:
    stage(tmp_path, "few", {}, [("base", i, 5.0, "engine") for i in range(2)])
    more = [("base", i, 5.0, "bank") for i in range(2)] + [("base", i, 5.0, "engine") for i in range(2, 4)]
    stage(tmp_path, "more", {}, more)
    stage(tmp_path, "m", {"few": "few", "more": "more"}, [("x", 0, 100.0, "engine")])
    assert fixed_flops(stage(tmp_path, "after", {"m": "m"}, [], model="m")) == 120.0


def test_alike_requests_of_a_stage_that_was_run_before_are_all_charged(tmp_path: Path) -> None:
    """A rerun that the bank serves whole: rows that cannot be told apart are still different completions."""
    stage(tmp_path, "corpus", {}, [("base", 0, 5.0, "bank")] * 3)
    stage(tmp_path, "m", {"corpus": "corpus"}, [("x", 0, 100.0, "engine")])
    assert fixed_flops(stage(tmp_path, "after", {"m": "m"}, [], model="m")) == 115.0
