"""How fast `generate` makes a corpus on the fake engine, that memory stays flat, and what a kill costs.

The baseline in the same run is a bare loop that draws the same completions from the same engine and writes
them as Parquet: the difference is the price of plans, bank, ledger, checking, filters and audit. All drawn
examples are kept, so the corpus has as many rows as were drawn.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

PROGRAM = """
    import json, os, resource, signal, sys, time
    from pathlib import Path
    import pyarrow as pa, pyarrow.parquet as pq
    from lab.formats.corpus import schema
    from data_gen.filters import ExactDuplicates, LengthFilter, Unfinished
    from data_gen.generate import generate
    from data_gen.generation.settings import CorpusSettings
    from data_gen.generation.work import Generation
    from data_gen.methods import RejectionSampling
    from lab.core.bank.store import Bank
    from lab.core.flops.model import FlopsModel
    from lab.system.progress import Quiet
    from lab.core.protocols import Checker
    from lab.core.types import Problem, Request, Sampling, Verdict
    from lab.engine.fake.engine import FakeEngine

    what, total, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    kill_after = int(sys.argv[4]) if len(sys.argv) > 4 else None
    SAMPLES = 8
    SAMPLING = Sampling(max_tokens=64)

    class Right(Checker):
        def check(self, problem, text):
            return Verdict(True, self.canonical(text))
        def canonical(self, text):
            return text.rstrip(".").rpartition(" ")[2]

    class Many:
        label, max_tokens, checker = "many", None, Right()
        def stream(self, split, *, seed=0):
            for i in range(total // SAMPLES):
                content = f"Question {i}: a farmer has {i % 97} cows and buys {i % 89} more. How many now?"
                yield Problem(f"many/train/{i}", ({"role": "user", "content": content},), "1")

    class Mortal(FakeEngine):
        def poll(self):
            if kill_after is not None and self.drawn >= kill_after:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().poll()

    def bare():
        engine, number, rows = FakeEngine(), 0, []
        with pq.ParquetWriter(folder / f"bare-{total}.parquet", schema(), compression="zstd") as writer:
            for problem in Many().stream("train"):
                for k in range(SAMPLES):
                    r = Request(problem.messages, SAMPLING.but(seed=number), tag="sample", index=k)
                    engine.submit(number, r, engine.render(r))
                    number += 1
                for _, c in engine.poll():
                    rows.append({
                        "problem_id": problem.id, "task": "many", "prompt": list(problem.messages),
                        "completion": [{"role": "assistant", "content": c.text}],
                        "answer": "1", "meta": "{}",
                        "prompt_tokens": c.usage.prompt_tokens,
                        "completion_tokens": c.usage.completion_tokens,
                    })
                if len(rows) >= 1000:
                    writer.write_table(pa.Table.from_pylist(rows, schema=schema()))
                    rows.clear()
            if rows:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema()))

    def lab():
        bank = Bank(folder / f"bank-{total}.sqlite")
        settings = CorpusSettings(
            run="bench", stage="corpus", model="fake", tasks=[Many()],
            method=RejectionSampling(samples=SAMPLES), filters=[Unfinished(), LengthFilter()],
            sampling=SAMPLING, test_tasks=(), run_seed=0,
        )
        flops = FlopsModel(1000, 100, 8, 2)
        out = folder / f"corpus-{total}"
        generate(Generation(settings), out, engine=Mortal(), bank=bank, flops=flops, progress=Quiet())
        bank.close()

    start = time.perf_counter()
    {"bare": bare, "lab": lab}[what]()
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"per_second": total / seconds, "seconds": seconds, "peak_mb": peak}))
"""


def measure(what: str, total: int, folder: Path, *more: object) -> dict[str, float]:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), what, str(total), str(folder), *map(str, more)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def shards(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.glob("data/*.parquet"))}


@pytest.mark.parametrize("total", [10_000, 100_000, 1_000_000])
def test_speed_and_memory(tmp_path, total):
    import pyarrow.parquet as pq

    small = measure("lab", 10_000, tmp_path / "small") if total > 10_000 else None
    bare, lab = measure("bare", total, tmp_path), measure("lab", total, tmp_path)
    print(
        f"\n{total:>9,} examples: bare {bare['per_second']:,.0f}/s {bare['peak_mb']:.0f} MB, "
        f"lab {lab['per_second']:,.0f}/s {lab['peak_mb']:.0f} MB"
    )
    found = tmp_path / f"corpus-{total}" / "data"
    assert sum(pq.read_metadata(p).num_rows for p in found.glob("*.parquet")) == total
    assert lab["per_second"] > 1_000
    if small:
        assert lab["peak_mb"] <= small["peak_mb"] + 96


@pytest.mark.parametrize("total", [100_000, 1_000_000])
def test_kill_9_in_the_middle_of_many_leaves_no_trace(tmp_path, total):
    after = 6 * total // 10
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    measure("lab", total, whole)
    with pytest.raises(subprocess.CalledProcessError) as killed:
        measure("lab", total, broken, after)
    assert killed.value.returncode == -9
    assert not (broken / f"corpus-{total}" / "data").exists()
    again = measure("lab", total, broken)
    assert shards(broken / f"corpus-{total}") == shards(whole / f"corpus-{total}")
    audits = [json.loads((f / f"corpus-{total}" / "audit.json").read_text()) for f in (whole, broken)]
    assert audits[0] == audits[1]
    print(f"\nkilled after {after:,} of {total:,}; the second run took {again['seconds']:.0f} s")
