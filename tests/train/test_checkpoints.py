"""Only whole checkpoints are continued from, and metrics have each step once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.formats.training import Tail, read_metrics
from lab.train.checkpoints import MARKER, cut_metrics, last_complete, mark_complete


def make(folder: Path, step: int, *, whole: bool = True) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    for name in ("model.safetensors", "optimizer.pt", "trainer_state.json"):
        (checkpoint / name).write_text(name * step)
    if whole:
        mark_complete(checkpoint)
    return checkpoint


def test_the_newest_whole_one_stays_and_the_others_go(tmp_path: Path) -> None:
    make(tmp_path, 5)
    good = make(tmp_path, 10)
    make(tmp_path, 15, whole=False)
    assert last_complete(tmp_path) == good
    assert list(tmp_path.iterdir()) == [good]


def test_none(tmp_path: Path) -> None:
    assert last_complete(tmp_path / "absent") is None
    make(tmp_path, 5, whole=False)
    assert last_complete(tmp_path) is None


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.pt", "trainer_state.json", MARKER])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_damage_is_seen(tmp_path: Path, name: str, damage: str) -> None:
    earlier, later = make(tmp_path, 5), make(tmp_path, 10)
    victim = later / name
    victim.write_bytes(victim.read_bytes()[:-3]) if damage == "cut" else victim.unlink()
    assert last_complete(tmp_path) == earlier


def test_metrics_are_cut_to_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps({"step": n}) + "\n" for n in range(1, 8)) + '{"step": 8, "lo')
    assert [row["step"] for row in read_metrics(path)] == list(range(1, 8))
    assert [row["step"] for row in cut_metrics(path, make(tmp_path, 5))] == [1, 2, 3, 4, 5]
    assert [row["step"] for row in read_metrics(path)] == [1, 2, 3, 4, 5]
    assert cut_metrics(path, None) == []
    assert path.read_text() == ""


def test_a_growing_file_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    tail = Tail(path)
    assert tail.new() == []
    path.write_text('{"step": 1}\n{"step": 2}\n{"ste')
    assert tail.new() == [{"step": 1}, {"step": 2}]
    assert tail.new() == []
    with path.open("a") as out:
        out.write('p": 3}\n')
    assert tail.new() == [{"step": 3}]
