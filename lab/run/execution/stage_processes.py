"""The processes of stages: one for each stage that loads a model, one for consecutive light stages.

A stage that loads a model gets its own process, so that its memory is freed before the next stage begins. A
report, or an evaluation by a server or by the fake engine, loads none: its process is used for the next one,
which saves the start and the imports. A process that failed is never used again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any, Self

from lab.run.execution.channel import relay
from lab.system.machine import detect
from lab.system.processor import computing_environment
from lab.system.progress import Progress

_ENDS = ("done", "error")


class StageProcesses:
    """Runs assignments one after the other; a context manager, so that no process outlives it."""

    def __init__(self) -> None:
        self._staying: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._dismiss()

    def run(self, assignment: str, progress: Progress, *, light: bool) -> tuple[dict[str, Any], int]:
        """Runs one stage: its last event ({} if the process ended without one), and the exit code (0: the
        process stays).
        """
        if not light:
            self._dismiss()
        process = self._staying or _start()
        self._staying = None
        try:
            last = _send(process, assignment, progress, more=light)
            if light and last.get("event") == "done":
                self._staying = process
                return last, 0
            _close(process)
            return last, process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            progress.stop()

    def _dismiss(self) -> None:
        """Ends the process that waits for another stage."""
        if self._staying is not None:
            _close(self._staying)
            self._staying.wait()
            self._staying = None


def _start() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lab.run.execution.stage_process", str(os.getpid())]
    env = computing_environment(detect().physical_cores)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)


def _send(
    process: subprocess.Popen[str], assignment: str, progress: Progress, *, more: bool
) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(assignment + "\n")
        process.stdin.flush()
        if not more:
            process.stdin.close()
    except BrokenPipeError:  # it ended before it read anything; its exit code shows how
        return {}
    return next((event for event in relay(process.stdout, progress) if event["event"] in _ENDS), {})


def _close(process: subprocess.Popen[str]) -> None:
    """Tells a process that there are no more stages, and closes its pipes."""
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except BrokenPipeError:
            continue
