"""The whole analysis of two made-up stages: complete, deterministic, JSON, honest about the gold."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from analysis_world import write_stage

from eval.analysis import analyse
from lab.errors import InputError


def test_two_stages(tmp_path: Path) -> None:
    stages = [
        write_stage(tmp_path / "a", tasks=("one", "two")),
        write_stage(tmp_path / "b", name="tuned", lift=0.1, tasks=("one", "two")),
    ]
    found = analyse(stages, resamples=100, stated=[0.5], fixed={"tuned": 1e12})
    empty = [name for name, value in asdict(found).items() if value in ((), [])]
    assert empty == []
    json.dumps(asdict(found))
    assert found == analyse(stages, resamples=100, stated=[0.5], fixed={"tuned": 1e12})
    assert list(dict.fromkeys(c.task for c in found.curves)) == ["one", "two", "all"]
    ceilings = {m.id for m in found.methods if m.ceiling}
    assert ceilings == {"base/pass@k", "tuned/pass@k"}
    for rows in (found.front, found.ratios, found.compared, found.gaps):
        assert not ceilings & {row.method for row in rows}
    tuned = next(c for c in found.compared if c.method == "tuned/greedy" and c.reference == "base/greedy")
    assert tuned.difference == pytest.approx(0.1, abs=0.05)


def test_one_stage_without_a_file_or_with_an_unknown_cost(tmp_path: Path) -> None:
    stage = write_stage(tmp_path / "a", problems=8, n=4)
    with pytest.raises(InputError, match="unknown cost"):
        analyse([stage], cost="flops")
    (stage.folder / "outcomes.parquet").unlink()
    with pytest.raises(InputError, match="needs this file"):
        analyse([stage])
