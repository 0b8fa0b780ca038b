"""Where a finished stage comes from is data in its manifest; older ones are read only where they tell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lab.run.folders.lineage import Origin, origin_of

WAYS = {"strategies": [{"kind": "greedy"}]}


def stage(run: Path, name: str, inputs: tuple[str, ...] = (), model: str = "tiny", **manifest: Any) -> Path:
    """A finished stage, by its manifest alone."""
    folder = run / f"{name}-1"
    folder.mkdir()
    written = {"output": "x", "stage": name, "model": model, "inputs": {i: f"{i}-1" for i in inputs}}
    (folder / "manifest.json").write_text(json.dumps(written | manifest))
    return folder


def test_what_the_manifest_says_is_taken(tmp_path: Path) -> None:
    origin = Origin("self", seed=0, round=2)
    assert origin_of(stage(tmp_path, "anything.7", origin=origin.data())) == origin
    assert (origin.several, origin.seedless) == (True, "self.2")
    assert Origin("self", 0, 2, "corpus").seedless == "self.2.corpus"


@pytest.mark.parametrize("origin", [None, "self", 3, [1], {"stage": "self", "shard": 1}, {"seed": 1}])
def test_an_origin_of_another_version_is_left_aside(tmp_path: Path, origin: Any) -> None:
    assert origin_of(stage(tmp_path, "tuned", origin=origin)) == Origin("tuned")


def test_a_number_in_a_name_is_no_round(tmp_path: Path) -> None:
    new = stage(tmp_path, "llama-3.1", kind="train", origin=Origin("llama-3.1").data())
    assert origin_of(new) == Origin("llama-3.1")
    old = stage(tmp_path, "llama-3.2", kind="train", config={"seed": 0})
    assert origin_of(old) == Origin("llama-3.2")
    after = stage(tmp_path, "after.1", ("llama-3.2",), "llama-3.2", kind="evaluate", config=WAYS)
    assert origin_of(after) == Origin("after.1")
    untrained = stage(tmp_path, "qwen-2.5", kind="evaluate", config={**WAYS, "seed": 5})
    assert origin_of(untrained) == Origin("qwen-2.5")


@pytest.mark.parametrize(("own", "seed"), [("self", None), ("self.s3", 3)])
def test_a_round_from_before_is_known_by_its_corpus(tmp_path: Path, own: str, seed: int | None) -> None:
    stage(tmp_path, f"{own}.1.corpus", kind="generate", config={"seed": seed})
    model = stage(tmp_path, f"{own}.1", (f"{own}.1.corpus",), kind="train", config={"seed": seed})
    assert origin_of(model) == Origin("self", seed, 1)
    name = own.replace("self", "after") + ".1"
    after = stage(tmp_path, name, (f"{own}.1",), f"{own}.1", kind="evaluate", config=WAYS)
    assert origin_of(after) == Origin("after", seed, 1)


def test_a_seed_from_before_is_known_by_its_configuration(tmp_path: Path) -> None:
    tuned = stage(tmp_path, "tuned.s1", kind="train", config={"seed": 1})
    assert origin_of(tuned) == Origin("tuned", seed=1)
    assert origin_of(stage(tmp_path, "tuned.s2", kind="train", config={"seed": 0})) == Origin("tuned.s2")
    after = stage(tmp_path, "after.s1", ("tuned.s1",), "tuned.s1", kind="evaluate", config=WAYS)
    assert origin_of(after) == Origin("after", seed=1)
