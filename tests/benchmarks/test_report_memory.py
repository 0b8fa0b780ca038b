"""Memory and processor time of `lab report`, `lab compare` and `lab show`, by the number of problems.

Two stages of six strategies (pools of 16 samples, one scored by the model itself, one correction) are run on
the fake engine and then made larger (tests/support/enlarged.py). Each command runs in a process of its own;
its peak is what the kernel says, imports and pictures included.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from enlarged import enlarge

from lab.formats.manifest import manifest_of
from lab.run.folders.layout import finish, latest, record

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(7200)]

EVALUATED = 500
SIZES = (2_000, 20_000, 40_000)
GIB = 2**30
MOST = 0.5 * GIB
"""Of the report over 20,000 problems."""
RECIPE = """
name: mem
engine: {kind: fake}
stages:
  before: &evaluation
    kind: evaluate
    model: tiny
    sampling: {temperature: 0.8, max_tokens: 64}
    tasks:
      - {kind: reasoning_gym, dataset: chain_sum, limit: 250, options: {min_terms: 2, max_terms: 2}}
      - {kind: reasoning_gym, dataset: gcd, limit: 250}
    strategies:
      - {kind: greedy}
      - {kind: sample, n: 16}
      - {kind: self_consistency, n: 16}
      - {kind: best_of_n, n: 16, scorer: {kind: mean_logprob}}
      - {kind: best_of_n, n: 16, scorer: {kind: p_true}}
      - {kind: sequential_revision, rounds: 3}
  after: {<<: *evaluation, sampling: {temperature: 0.7, max_tokens: 64}}
"""


def measured(*arguments: str) -> tuple[float, float]:
    """(peak bytes, processor seconds) of one `lab` command."""
    process = subprocess.Popen([sys.executable, "-m", "lab", *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, arguments
    return used.ru_maxrss * 1024, used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder per size, `<size>/mem`."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "mem.yaml").write_text(RECIPE)
    measured("run", str(folder / "mem.yaml"), "--runs", str(folder / "small"))
    stages = latest(folder / "small" / "mem")
    for size in SIZES:
        mine = {name: folder / str(size) / "mem" / path.name for name, path in stages.items()}
        for name, path in stages.items():
            enlarge(path, mine[name], size // EVALUATED)
            finish(mine[name], manifest_of(path) or {})
        record(folder / str(size), "mem", mine)
    return folder


def _some_problem(run: Path) -> str:
    import pyarrow.parquet as pq

    folder = next(iter(latest(run).values()))
    return str(next(pq.ParquetFile(folder / "answers.parquet").iter_batches(1))["problem_id"][0])


def test_memory_of_a_report_hardly_grows(runs: Path) -> None:
    report = {}
    for size in SIZES:
        run, where = str(runs / str(size) / "mem"), ["--runs", str(runs / str(size))]
        report[size], seconds = measured("report", run, *where)
        page = (runs / str(size) / "mem" / "report" / "report.html").stat().st_size
        print(
            f"\n{size:,} problems: report {report[size] / GIB:.2f} GiB {seconds:.0f} s, {page / 1e6:.1f} MB"
        )
        for command in (["compare", run], ["show", run], ["show", run, _some_problem(Path(run))]):
            peak, seconds = measured(*command, *where)
            print(f"  {command[0]} {peak / GIB:.2f} GiB {seconds:.0f} s")
            assert peak < MOST
        shutil.rmtree(runs / str(size))
    assert report[20_000] < MOST
    assert report[40_000] < 1.5 * report[20_000]
