"""What scheduler, bank and ledger cost per request on the fake engine, and that memory stays flat.

The baseline in the same run is the fake engine driven by a bare loop: the difference is the lab's own cost.
The limit for comparison: a vLLM step on two cores gives about 600 tokens a second, so a 50-token
completion costs about 80,000 microseconds of engine time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1800)]

PROGRAM = """
    import json, resource, sys, time
    from pathlib import Path
    import pyarrow, pyarrow.parquet
    from lab.core.bank.store import Bank
    from lab.core.flops.model import FlopsModel
    from lab.formats.ledger import LedgerWriter
    from lab.core.scheduling.scheduler import Job, run_plans
    from lab.core.types import Request, Sampling
    from lab.engine.fake.engine import FakeEngine

    total, folder, samples = int(sys.argv[1]), Path(sys.argv[2]), 16
    TEXT = " ".join(f"word{i}" for i in range(60))
    SAMPLING = Sampling(logprobs=True, max_tokens=64)

    def requests(i):
        messages = ({"role": "user", "content": f"problem {i}: {TEXT}"},)
        return [Request(messages, SAMPLING, tag="sample", index=k) for k in range(samples)]

    def plan(i):
        return len((yield requests(i)))

    def bare():
        engine, done = FakeEngine(), 0
        for i in range(total // samples):
            for k, r in enumerate(requests(i)):
                r = Request(r.messages, SAMPLING.but(seed=i * samples + k), tag="sample", index=k)
                engine.submit(i * samples + k, r, engine.render(r))
            done += len(engine.poll())
        return done

    def lab():
        bank = Bank(folder / f"bank-{total}.sqlite")
        flops = FlopsModel(1000, 100, 8, 2)
        jobs = (Job(f"p{i}", "x", plan(i)) for i in range(total // samples))
        with LedgerWriter(folder / f"ledger-{total}.parquet", run="r", stage="s", model="m") as ledger:
            outcomes = run_plans(jobs, FakeEngine(), bank=bank, ledger=ledger, flops=flops, run_seed=0)
            done = sum(o.result for o in outcomes)
        bank.close()
        return done

    found = {}
    for name, drive in (("bare", bare), ("lab", lab)):
        start = time.perf_counter()
        assert drive() == total // samples * samples
        found[name] = 1e6 * (time.perf_counter() - start) / total
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))
"""


def measure(total: int, folder: object) -> dict[str, float]:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(total), str(folder)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_overhead_and_memory(tmp_path):
    found = {total: measure(total, tmp_path) for total in (10_000, 100_000, 1_000_000)}
    print("\nrequests   bare us   lab us   overhead us   peak MB")
    for total, row in found.items():
        print(
            f"{total:>8,} {row['bare']:9.1f} {row['lab']:8.1f} "
            f"{row['lab'] - row['bare']:13.1f} {row['peak_mb']:9.0f}"
        )
    assert found[100_000]["lab"] - found[100_000]["bare"] <= 100
    assert found[1_000_000]["lab"] - found[1_000_000]["bare"] <= 100
    assert found[1_000_000]["peak_mb"] <= found[10_000]["peak_mb"] + 64
