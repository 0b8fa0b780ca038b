"""A finished stage is what it was when it was finished, or one message says which file is not and what to do.

Equal results have equal digests, however long they took; other results have others.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lab.errors import StageError
from lab.formats.manifest import manifest_of
from lab.run.folders import integrity as module
from lab.run.folders import layout
from lab.run.folders.integrity import verified
from lab.run.stages import REGISTRY
from lab.run.stages.evaluate import EvaluateStage

KINDS = ("generate", "train", "evaluate", "report")


def table(path: Path, *, seconds: float = 0.5, text: str = "seven") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    candidates = [
        {"text": text, "score": None, "seconds": seconds},
        {"text": "é", "score": 1.5, "seconds": 1.0},
    ]
    rows = [
        {"text": f"{text} {i}", "candidates": candidates[: i % 3], "right": i % 2 == 0 if i % 5 else None,
         "tokens": i, "flops": i / 3 if i % 7 else None, "seconds": seconds}
        for i in range(700)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), path)


def write(folder: Path, kind: str, *, seconds: float = 0.5, text: str = "seven") -> None:
    """The files of a stage of this kind."""
    folder.mkdir(parents=True, exist_ok=True)
    table(folder / "ledger.parquet", seconds=seconds)
    if kind == "generate":
        table(folder / "data/train-00000.parquet", text=text)
        cost = {"logical": {"tokens": 5, "seconds": seconds}, "kept": [1, {"seconds": seconds}]}
        (folder / "audit.json").write_text(json.dumps({"cost": cost, "text": text}))
    elif kind == "train":
        (folder / "model").mkdir(exist_ok=True)
        (folder / "model" / "model.safetensors").write_bytes(text.encode() * 1000)
        (folder / "model" / "config.json").write_text('{"seconds": 3}')
        (folder / "metrics.jsonl").write_text(json.dumps({"step": 1, "seconds": seconds}) + "\n")
        (folder / "train.json").write_text(json.dumps({"seconds": seconds}))
    elif kind == "evaluate":
        table(folder / "answers.parquet", seconds=seconds, text=text)
        table(folder / "outcomes.parquet", seconds=seconds, text=text + "!")
        (folder / "points.csv").write_text(f'stage,accuracy,seconds,note\na,0.5,{seconds},"x,\n{text}"\n')
    else:
        (folder / "points.csv").write_text("accuracy\n0.5\n")
        (folder / "summary.json").write_text(json.dumps({"headline": text, "seconds": seconds}))
        (folder / "report.html").write_text("<html></html>")


def stage(folder: Path, kind: str, **more: Any) -> Path:
    """A finished one."""
    write(folder, kind, **more)
    known = REGISTRY.get(kind)
    products = {"products": known.products.data()} if known else {}
    layout.finish(folder, {"kind": kind, "stage": "mine", "started": "now", **products})
    return folder


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(path.stat().st_size))


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def swap(name: str) -> Callable[[Path], None]:
    """Another file of the same stage in its place."""
    return lambda path: path.write_bytes((path.parent / name).read_bytes()) and None


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def rewrite(**changes: Any) -> Callable[[Path], None]:
    return lambda path: path.write_text(json.dumps({**json.loads(path.read_text()), **changes})) and None


DAMAGES: list[tuple[str, str, Callable[[Path], None]]] = [
    ("generate", "data/train-00000.parquet", flip),
    ("generate", "data/train-00000.parquet", halve),
    ("generate", "data/train-00000.parquet", Path.unlink),
    ("generate", "audit.json", empty),
    ("generate", "ledger.parquet", garbage),
    ("train", "model/model.safetensors", flip),
    ("train", "model/model.safetensors", halve),
    ("train", "model/model.safetensors", Path.unlink),
    ("train", "model/config.json", append),
    ("train", "metrics.jsonl", halve),
    ("train", "train.json", empty),
    ("train", "ledger.parquet", flip),
    ("evaluate", "points.csv", flip),
    ("evaluate", "points.csv", Path.unlink),
    ("evaluate", "answers.parquet", halve),
    ("evaluate", "answers.parquet", swap("outcomes.parquet")),
    ("evaluate", "outcomes.parquet", garbage),
    ("evaluate", "outcomes.parquet", become_folder),
    ("evaluate", "ledger.parquet", empty),
    ("report", "summary.json", append),
    ("report", "report.html", halve),
    ("evaluate", "manifest.json", halve),
    ("evaluate", "manifest.json", empty),
    ("evaluate", "manifest.json", garbage),
    ("evaluate", "manifest.json", rewrite(seed=7)),
    ("train", "manifest.json", rewrite(output="0" * 64)),
    ("train", "manifest.json", lambda path: path.write_text("[" * 100_000) and None),
]


@pytest.mark.parametrize(("kind", "name", "damage"), DAMAGES)
def test_a_damaged_stage_is_one_message_that_names_the_file_and_what_to_do(
    kind: str, name: str, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = stage(tmp_path / "mine-0123456789ab", kind)
    assert verified(folder)
    damage(folder / name)
    with pytest.raises(StageError) as caught:
        verified(folder)
    message = str(caught.value)
    assert message.startswith(f"stage mine: {folder} was changed after the stage finished: {name} (")
    assert "--redo mine" in message
    assert len(message.splitlines()) == 1


def test_a_file_more_is_noticed(tmp_path: Path) -> None:
    folder = stage(tmp_path / "mine-0", "generate")
    table(folder / "data/train-00001.parquet")
    with pytest.raises(StageError, match=r"train-00001\.parquet \(unexpected\)"):
        verified(folder)


def test_a_stage_from_before_files_were_listed_is_checked_too(tmp_path: Path) -> None:
    folder = tmp_path / "mine-0"
    write(folder, "evaluate")
    products = layout.result_files(folder, EvaluateStage.products, records=False).values()
    output = layout.digest_of({p.name: layout.digest_file(p) for p in products})
    (folder / "manifest.json").write_text(json.dumps({"kind": "evaluate", "output": output}))
    assert verified(folder)
    flip(folder / "points.csv")
    with pytest.raises(StageError, match="one of its files"):
        verified(folder)


def test_unchanged_files_are_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, hashed = stage(tmp_path / "mine-0", "evaluate"), list[Path]()
    digest = module.digest_file
    monkeypatch.setattr(module, "digest_file", lambda path: hashed.append(path) or digest(path))
    assert verified(folder)
    assert len(hashed) == 4
    assert verified(folder)
    assert len(hashed) == 4
    (folder / "points.csv").touch()
    assert verified(folder)
    assert len(hashed) == 8


def test_an_unfinished_stage_is_not_a_damaged_one(tmp_path: Path) -> None:
    write(tmp_path / "mine-0", "evaluate")
    assert verified(tmp_path / "mine-0") is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_digest_of_a_result_knows_no_time_and_every_content(kind: str, tmp_path: Path) -> None:
    names = ("first", "slower", "other")
    for name, more in zip(names, ({}, {"seconds": 9.25}, {"text": "eight"}), strict=True):
        stage(tmp_path / name, kind, **more)
    first, slower, other = (manifest_of(tmp_path / name) or {} for name in names)
    assert first["output"] == slower["output"], "seconds are no result"
    assert first["output"] != other["output"]
    assert first["files"] != slower["files"], "but the files are kept safe byte by byte"


@pytest.mark.parametrize(
    "products",
    [
        None,
        3,
        [],
        {},
        {"results": ["a"]},
        {"results": ["/etc/*"], "records": []},
        {"results": ["model/*"], "records": ["../*/manifest.json"]},
    ],
)
def test_patterns_that_are_none_or_lead_out_are_left_aside(products: Any) -> None:
    assert layout.products_of({"products": products}) == layout.FORMER


def test_patterns_of_a_manifest_are_taken() -> None:
    own = layout.Products(("model/*",), ("notes.txt",))
    assert layout.products_of({"products": own.data()}) == own
