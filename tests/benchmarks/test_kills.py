"""A hundred times kill -9 at any moment of generating, training, evaluating and self-training in rounds.

After each kill the same command goes on; a run that gets to its end, however often it was killed, has the
bytes, the folder names and the bank of one that was left alone. What may differ is measured time: the ledger
of a training is compared by what it says apart from that.

    pytest -m benchmark -s tests/benchmarks/test_kills.py      (KILLS=100)
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
import traceback
from collections import Counter
from pathlib import Path

import pytest
from forked import forking, warm

from lab.run.execution.console import RunConsole
from lab.run.execution.runner import run_recipe
from lab.run.folders.contents import content_digest
from lab.run.folders.integrity import verified
from lab.run.folders.layout import products_of, result_files
from lab.run.recipe.recipe import loads
from lab.system.files import digest_file

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

RECIPE = """
name: kills
engine: {kind: fake, latency_order: shuffled}
stages:
  corpus:
    kind: generate
    model: tiny
    tasks: &sums [{kind: jsonl, train: TRAIN, test: TEST, dev_fraction: 0.25, checker: {kind: numeric}}]
    sampling: &drawn {temperature: 0.8, max_tokens: 48}
    method: {kind: rejection_sampling, samples: 8}
    filters: &filters [{kind: exact_duplicates}]
  tuned:
    kind: train
    model: tiny
    data: corpus
    method: &sft {kind: sft, examples: 48, save_steps: 1, batch_size: 8, gradient_accumulation: 1}
  after: &tests
    kind: evaluate
    model: tuned
    tasks: *sums
    sampling: *drawn
    strategies:
      - {kind: greedy}
      - {kind: self_consistency, n: 16}
      - {kind: best_of_n, n: 16, scorer: {kind: self_verify}}
  again:
    kind: rounds
    model: tiny
    rounds: 2
    corpus:
      tasks: *sums
      sampling: *drawn
      method: {kind: rejection_sampling, samples: 4}
      filters: *filters
    train: *sft
  last: {<<: *tests, model: again}
"""


def recipe_in(folder: Path) -> str:
    """The recipe on sums of small numbers, written into a folder."""
    text = RECIPE
    for name, numbers in (("train", range(1, 5)), ("test", range(5, 8))):
        sums = ({"question": f"What is {a} + {b}?", "answer": a + b} for a in numbers for b in range(1, 9))
        path = folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in sums))
        text = text.replace(name.upper(), str(path))
    return text


def start(recipe: str, runs: Path) -> int:
    """The run in a process group of its own; returns its process id."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        code = 1
        try:
            with forking():
                run_recipe(loads(recipe), runs=runs, console=RunConsole(quiet=True))
            code = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.setpgid(pid, pid)
    return pid


def ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] != 0


def kill_after(pid: int, seconds: float, *, group: bool) -> bool:
    """kill -9 the run alone or with its children; False if it had ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ended(pid):
            return False
        time.sleep(0.002)
    (os.killpg if group else os.kill)(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


def where(runs: Path) -> str:
    """The kind of stage that was under way: the newest without a manifest."""
    begun = [f for f in (runs / "kills").glob("*-*") if not (f / "manifest.json").exists()]
    newest = max(begun, key=lambda f: f.stat().st_mtime, default=None)
    if newest is None:
        return "between stages"
    if (newest / "train.log").exists():
        return "train"
    return (
        "generate" if "corpus" in newest.name else "evaluate" if (newest / "log.txt").exists() else "starting"
    )


def products(runs: Path) -> dict[str, str]:
    """Folder and file -> SHA-256 of its bytes; of what it says, for those that hold measured time."""
    found = {}
    stages = json.loads((runs / "kills" / "run.json").read_text())["stages"]
    for folder in (runs / "kills" / name for name in stages.values()):
        manifest = verified(folder)
        assert manifest
        timed = manifest["kind"] == "train"
        for name, path in result_files(folder, products_of(manifest), records=False).items():
            read = content_digest if timed and name == "ledger.parquet" else digest_file
            found[f"{folder.name}/{name}"] = read(path)
    return found


def banked(runs: Path) -> int:
    with sqlite3.connect(f"file:{runs / 'bank.sqlite'}?mode=ro", uri=True) as db:
        return int(db.execute("SELECT count(*) FROM completions").fetchone()[0])


def test_a_hundred_kills_change_nothing(tmp_path: Path) -> None:
    wanted, rng = int(os.environ.get("KILLS", "100")), random.Random(0)
    recipe = recipe_in(tmp_path)
    warm()
    began = time.monotonic()  # what a run takes alone bounds when it is killed
    pid = start(recipe, tmp_path / "whole")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    took = time.monotonic() - began
    expected, total = products(tmp_path / "whole"), banked(tmp_path / "whole")
    stages = len({name.split("/")[0] for name in expected})
    print(f"\nleft alone: {took:.0f} s, {len(expected)} files in {stages} stages")
    kills, runs, kinds = 0, 0, Counter[str]()
    while kills < wanted:
        runs, here, folder = runs + 1, 0, tmp_path / f"killed-{runs + 1}"
        began = time.monotonic()
        while kill_after(
            start(recipe, folder), rng.uniform(0, took * (0.2 + here / 20)), group=rng.random() < 0.5
        ):
            kills, here = kills + 1, here + 1
            kinds[where(folder)] += 1
        if not here:  # the first run of all had imports left to do
            took = min(took, time.monotonic() - began)
        assert products(folder) == expected, f"run {runs} after {kills} kills in all"
        assert banked(folder) == total, "nothing was drawn under another key"
        print(f"{kills} kills over {runs} runs: same bytes, same names, same bank; {dict(kinds)}", flush=True)
    assert {"generate", "train", "evaluate"} <= set(kinds)
