"""The parent's side of a training: starts the process, monitors it, and returns the result.

The process is started through accelerate and reports by files: metrics.jsonl gets one line per step (shown as
progress), and failure.json describes a failure. Its output goes to train.log. Its standard input is a pipe
that closes when this process ends for any reason; the training then ends, too.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.errors import InputError, StageError
from lab.formats.training import METRICS, Tail
from lab.system.files import write_atomic
from lab.system.machine import Machine, detect
from lab.system.processor import computing_environment
from lab.system.progress import Progress
from lab.train.accounts import result_of, write_ledger
from lab.train.arguments import report_environment
from lab.train.result import TrainResult
from lab.train.spec import TrainingSpec

LOG = "train.log"
ATTEMPT = "=== training process started "
_POLL_SECONDS = 0.2
_SHOWN_LINES = 8


def launch(
    spec: TrainingSpec, *, model: str, keep_checkpoints: bool, lighter: str, progress: Progress
) -> TrainResult:
    """Trains, continues a training, or returns a finished one; see `TrainerBase.train`.

    `model` is the model's name in the ledger; `lighter` is advice for running out of memory.
    """
    if (done := TrainResult.load(Path(spec.out), spec.digest)) is not None:
        return done
    if not _is_trained(spec):
        _prepare(spec)
        _run(spec, lighter, progress)
    result = result_of(spec)
    write_ledger(spec, model)
    result.save(Path(spec.out), spec.digest)
    if not keep_checkpoints:
        shutil.rmtree(spec.folder, ignore_errors=True)
    return result


def _is_trained(spec: TrainingSpec) -> bool:
    """Whether the training is finished. finished.json is written after the model has its final name."""
    return (
        _is_begun(spec) and (spec.folder / "finished.json").exists() and (Path(spec.out) / "model").is_dir()
    )


def _is_begun(spec: TrainingSpec) -> bool:
    """Whether the files in the folder belong to this training."""
    try:
        return TrainingSpec.load(spec.path).digest == spec.digest
    except (OSError, ValueError, TypeError):
        return False


def _prepare(spec: TrainingSpec) -> None:
    """Prepares the folder; checkpoints of another training are deleted."""
    if not _is_begun(spec):
        shutil.rmtree(spec.folder, ignore_errors=True)
    for name in ("failure.json", "started.json", "finished.json"):
        (spec.folder / name).unlink(missing_ok=True)
    spec.save()


def _run(spec: TrainingSpec, lighter: str, progress: Progress) -> None:
    """Runs the training process to its end. Raises the error that describes its failure."""
    with _process(spec) as process:
        _watch(process, spec, progress)
    if process.returncode or not (spec.folder / "finished.json").exists():
        raise _failure(spec, process.returncode, lighter)


@contextmanager
def _process(spec: TrainingSpec) -> Iterator[subprocess.Popen[bytes]]:
    machine = detect()
    with (Path(spec.out) / LOG).open("ab") as log:
        log.write(f"{ATTEMPT}{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n".encode())
        log.flush()
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


def _command(spec: TrainingSpec, machine: Machine) -> list[str]:
    """The accelerate command, with the user's configuration or with ours for one process on one device."""
    given = spec.method["accelerate_config"]
    path = Path(given).expanduser() if given else spec.folder / "accelerate.json"
    if not given:
        write_atomic(path, json.dumps({**_ONE_PROCESS, "use_cpu": not machine.gpus}))
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(path)]
    return [*launcher, "--module", "lab.train.process.worker", str(spec.path)]


def _environment(machine: Machine, spec: TrainingSpec) -> dict[str, str]:
    """The environment: all cores, threads that sleep while they wait, and one GPU unless an accelerate file
    says otherwise.
    """
    env = {**computing_environment(machine.physical_cores), "TOKENIZERS_PARALLELISM": "false"}
    env |= report_environment(spec.method["report_to"], Path(spec.out))
    if not spec.method["accelerate_config"] and machine.gpus:
        env["CUDA_VISIBLE_DEVICES"] = env.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    return env


def _watch(process: subprocess.Popen[bytes], spec: TrainingSpec, progress: Progress) -> None:
    """Shows each step that appears in metrics.jsonl until the process ends."""
    started, tail = spec.folder / "started.json", Tail(Path(spec.out) / METRICS)
    total = 0
    while process.poll() is None:
        time.sleep(_POLL_SECONDS)
        if not started.exists():
            continue
        if not total:
            total = int(json.loads(started.read_text())["steps"])
            progress.start("training steps", total)
        for row in tail.new():
            progress.update(int(row["step"]), int(row["tokens"]))
    progress.stop()


def _failure(spec: TrainingSpec, code: int, lighter: str) -> InputError | StageError:
    """The message for the user."""
    log = Path(spec.out) / LOG
    try:
        told: dict[str, Any] = json.loads((spec.folder / "failure.json").read_text())
    except (OSError, ValueError):
        told = {}
    if told.get("kind") == "input":
        return InputError(told["message"])
    if told:
        return StageError(f"{told['message']} (the full traceback is in {log})")
    text = log.read_text(errors="replace").rpartition(ATTEMPT)[2].partition("\n")[2]
    if code in (-9, 137) or "SIGKILL" in text:
        return StageError(KILLED.format(lighter=lighter, log=log))
    last = "\n".join(line for line in text.splitlines() if line.strip()).splitlines()[-_SHOWN_LINES:]
    return StageError(
        f"the training process ended with exit code {code}; the end of {log}:\n" + "\n".join(last)
    )


KILLED = (
    "the training process was killed, usually because the machine ran out of memory: "
    "{lighter}. Run the same command again to continue from the last checkpoint (the output "
    "is in {log})"
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
