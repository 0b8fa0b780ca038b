"""The process in which stages run; see `stage_processes` for which stages share one.

Started as `python -m lab.run.execution.stage_process PARENT`; reads one `Assignment` per line from its input.
Prints and warnings of libraries go to log.txt in the stage's directory; events go to the original standard
output. Ends with its parent. Exit code 0: finished, 1: failed, 2: the user's input is wrong.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from typing import IO

from lab.run.execution.assignment import Assignment, context_of
from lab.run.execution.channel import ChannelProgress, send
from lab.run.execution.cluster_stage import run_on_cluster
from lab.run.execution.failing import explain
from lab.run.stages.drawing import DrawingStage
from lab.system import process
from lab.system.imports import spare_pandas
from lab.system.process import end_with_parent
from lab.system.redact import Redacting, learn_environment, redacted


def main(parent: int) -> int:
    """Runs the stages that process `parent` assigns, one per line, until one fails; ends when the parent
    ends.
    """
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    learn_environment()
    sys.stdout, sys.stderr = Redacting(sys.stdout), Redacting(sys.stderr)
    for line in sys.stdin:
        if code := _run(Assignment.load(line), events):
            return code
    return 0


def _run(assignment: Assignment, events: IO[str]) -> int:
    """Runs one stage and reports how it ended; returns its exit code."""
    _open_log(assignment)
    process.forget_peak()
    process.again = assignment.again
    try:
        stage, context = context_of(assignment, ChannelProgress(events))
        if context.light:
            spare_pandas()
        if assignment.cluster and isinstance(stage, DrawingStage):
            run_on_cluster(stage, context, assignment)
        else:
            stage.run(context)
    except BaseException as error:
        traceback.print_exc()
        kind, message = explain(error, assignment)
        send(events, "error", kind=kind, message=redacted(message))
        return 2 if kind == "input" else 1
    send(events, "done", peak_memory=peak_memory())
    return 0


def peak_memory() -> int:
    """Peak resident bytes of this process and of the largest of its children."""
    return max(process.peak_memory(), process.peak_memory(resource.RUSAGE_CHILDREN))


def _open_log(assignment: Assignment) -> None:
    """Redirects descriptors 1 and 2 to the stage's log.txt."""
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(assignment.out / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    print(f"=== {stamp} stage {assignment.stage}, process {os.getpid()}", flush=True)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
