"""The parent's side of a training: start the process, watch it, turn what it left into a result.

The process is started through accelerate and reports by files: metrics.jsonl grows a line a step (shown
as progress), a failure leaves failure.json. Its output goes to train.log. Its standard input is a pipe
that closes when this process ends, however that happens; the training then ends too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.core.errors import InputError, StageError
from lab.core.files import digest_file, write_atomic
from lab.core.flops import FlopsModel
from lab.core.ledger import Ledger, Row
from lab.core.machine import Machine, detect
from lab.core.progress import Progress
from lab.core.protocols import Weights
from lab.train.checkpoints import METRICS, read_metrics
from lab.train.corpus import shards_of
from lab.train.result import TrainResult
from lab.train.spec import Spec

if TYPE_CHECKING:
    from lab.train.sft import SFT

LOG = "train.log"
_POLL_SECONDS = 0.2
_SHOWN_LINES = 8


def launch(
    method: SFT,
    corpus: Path,
    weights: Weights,
    out: Path,
    *,
    seed: int,
    flops: FlopsModel,
    progress: Progress,
) -> TrainResult:
    """Train, or continue, or hand back what is finished; see `SFT.train`."""
    spec = _spec(method, shards_of(corpus), weights, out, seed, flops)
    if (done := TrainResult.load(out, spec.digest)) is not None:
        return done
    _prepare(spec)
    _run(spec, progress)
    result = _result(spec)
    _write_ledger(out, weights.name)
    result.save(out, spec.digest)
    if not method.keep_checkpoints:
        shutil.rmtree(spec.folder, ignore_errors=True)
    return result


def _spec(method: SFT, shards: list[Path], weights: Weights, out: Path, seed: int, flops: FlopsModel) -> Spec:
    digests = {"weights": weights.digest, **{p.name: digest_file(p) for p in shards}}
    if method.accelerate_config:
        digests["accelerate_config"] = digest_file(Path(method.accelerate_config).expanduser())
    return Spec(
        method=method.model_dump(mode="json"),
        model=str(weights.path),
        shards=[str(p.resolve()) for p in shards],
        out=str(out.resolve()),
        seed=seed,
        flops=asdict(flops),
        digests=digests,
    )


def _prepare(spec: Spec) -> None:
    """Make room for the training; checkpoints of another one are deleted."""
    try:
        if Spec.load(spec.path).digest != spec.digest:
            shutil.rmtree(spec.folder)
    except (OSError, ValueError, TypeError):
        shutil.rmtree(spec.folder, ignore_errors=True)
    for name in ("failure.json", "started.json", "finished.json"):
        (spec.folder / name).unlink(missing_ok=True)
    spec.save()


def _run(spec: Spec, progress: Progress) -> None:
    """Run the training process to its end; raises what its failure means."""
    with _process(spec) as process:
        _watch(process, spec, progress)
    if process.returncode or not (spec.folder / "finished.json").exists():
        raise _failure(spec, process.returncode)


@contextmanager
def _process(spec: Spec) -> Iterator[subprocess.Popen[bytes]]:
    machine = detect()
    with (Path(spec.out) / LOG).open("ab") as log:
        process = subprocess.Popen(
            _command(spec, machine),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(machine, spec),
        )
    try:
        yield process
    finally:
        assert process.stdin
        process.stdin.close()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _command(spec: Spec, machine: Machine) -> list[str]:
    """accelerate with the user's configuration, or with our own for one process on one device."""
    given = spec.method["accelerate_config"]
    path = Path(given).expanduser() if given else spec.folder / "accelerate.json"
    if not given:
        write_atomic(path, json.dumps({**_ONE_PROCESS, "use_cpu": not machine.gpus}))
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)]
    return [*launcher, "--module", "lab.train.worker", str(spec.path)]


def _environment(machine: Machine, spec: Spec) -> dict[str, str]:
    """All cores of the machine, one GPU unless an accelerate file says otherwise."""
    env = {**os.environ, "OMP_NUM_THREADS": str(machine.physical_cores), "TOKENIZERS_PARALLELISM": "false"}
    if not spec.method["accelerate_config"] and machine.gpus:
        env["CUDA_VISIBLE_DEVICES"] = env.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    return env


def _watch(process: subprocess.Popen[bytes], spec: Spec, progress: Progress) -> None:
    """Show each step that appears in metrics.jsonl until the process ends."""
    started, metrics = spec.folder / "started.json", Path(spec.out) / METRICS
    shown = -1
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        if not started.exists():
            continue
        if shown < 0:
            progress.start("training steps", int(json.loads(started.read_text())["steps"]))
            shown = 0
        rows = read_metrics(metrics)
        if len(rows) > shown:
            shown = len(rows)
            progress.update(int(rows[-1]["step"]), int(rows[-1]["tokens"]))
    progress.stop()


def _failure(spec: Spec, code: int) -> InputError | StageError:
    """The one message a person sees."""
    log = Path(spec.out) / LOG
    try:
        told: dict[str, Any] = json.loads((spec.folder / "failure.json").read_text())
    except (OSError, ValueError):
        told = {}
    if told.get("kind") == "input":
        return InputError(told["message"])
    if told:
        return StageError(f"{told['message']} (the full traceback is in {log})")
    text = log.read_text(errors="replace")[-20_000:]
    if code in (-9, 137) or "SIGKILL" in text:
        return StageError(KILLED.format(log=log))
    last = "\n".join(line for line in text.splitlines() if line.strip()).splitlines()[-_SHOWN_LINES:]
    return StageError(
        f"the training process ended with exit code {code}; the end of {log}:\n" + "\n".join(last)
    )


def _result(spec: Spec) -> TrainResult:
    out, rows = Path(spec.out), read_metrics(Path(spec.out) / METRICS)
    finished = json.loads((spec.folder / "finished.json").read_text())
    last = rows[-1]
    return TrainResult(
        model=out / "model",
        steps=int(last["step"]),
        examples=int(finished["examples"]),
        dropped=int(finished["dropped"]),
        tokens=int(last["tokens"]),
        trained_tokens=sum(int(row["trained_tokens"]) for row in rows),
        flops=sum(float(row["flops"]) for row in rows),
        loss=float(last["loss"]),
        seconds=float(last["seconds"]),
        peak_memory=int(finished["peak_memory"]),
    )


def _write_ledger(out: Path, model: str) -> None:
    """One row per optimiser step, role "train", tag "sft", `index` the step.

    `completion_tokens` bore loss, `prompt_tokens` are the rest of the step's real tokens; `seconds` is
    the step's wall time. Run and stage are read from the stage directory's name. Nothing is shared or
    cached in training, so the three FLOPs columns are equal.
    """
    stage = out.resolve().name.rpartition("-")[0] or out.resolve().name
    with Ledger(out / "ledger.parquet", run=out.resolve().parent.name, stage=stage, model=model) as ledger:
        before: dict[str, Any] = {"tokens": 0, "seconds": 0.0}
        for row in read_metrics(out / METRICS):
            ledger.extend([_row(row, before)])
            before = row


def _row(row: dict[str, Any], before: dict[str, Any]) -> Row:
    tokens, flops = row["tokens"] - before["tokens"], float(row["flops"])
    return Row(
        problem=f"step-{row['step']}",
        strategy="sft",
        role="train",
        tag="sft",
        index=int(row["step"]),
        prompt_tokens=tokens - row["trained_tokens"],
        shared_tokens=0,
        cached_tokens=0,
        completion_tokens=row["trained_tokens"],
        flops_logical=flops,
        flops_shared=flops,
        flops_engine=flops,
        seconds=row["seconds"] - before["seconds"],
        served_from="engine",
        finish_reason="stop",
    )


KILLED = (
    "the training process was killed, which usually means that the machine ran out of memory: lower "
    "batch_size (raise gradient_accumulation to keep the step) or max_length. The same command continues "
    "from the last checkpoint (its output is in {log})"
)

_ONE_PROCESS: dict[str, Any] = {
    "compute_environment": "LOCAL_MACHINE",
    "distributed_type": "NO",
    "mixed_precision": "no",
    "num_machines": 1,
    "num_processes": 1,
    "machine_rank": 0,
    "main_training_function": "main",
    "downcast_bf16": "no",
    "same_network": True,
    "rdzv_backend": "static",
}
