"""No process works on when the one that started it is gone, however early that happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

CODE = """
import os, sys, time
from lab.system.process import end_with_parent
if sys.argv[2] == "elsewhere":
    import lab.system.process
    sys.platform = "darwin"
    lab.system.process._LOOK_SECONDS = 0.05
end_with_parent(int(sys.argv[1]))
print("alive", flush=True)
time.sleep(60)
"""


def child(parent: int, system: str = "here") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CODE, str(parent), system]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_parent_that_ended_before_the_call() -> None:
    for system in ("here", "elsewhere"):
        process = child(os.getpid() + 1, system)
        assert process.communicate(timeout=60)[0] == ""
        assert process.returncode == -signal.SIGKILL


def test_a_parent_that_ends_later() -> None:
    """A process between this one and the child is killed once the child lives."""
    between = f"""
import subprocess, sys, os
subprocess.Popen([sys.executable, "-c", {CODE!r}, str(os.getpid()), sys.argv[1]], stdout=1).wait()
"""
    for system in ("here", "elsewhere"):
        with subprocess.Popen(
            [sys.executable, "-c", between, system], stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == "alive\n"
            parent.kill()
            parent.wait()
            started = time.monotonic()
            assert parent.stdout.read() == "", "the pipe closes when the last process that holds it ends"
            assert time.monotonic() - started < 30


def test_the_worker_of_a_run_that_was_killed_meanwhile_ends_before_it_begins() -> None:
    command = [sys.executable, "-m", "lab.run.execution.stage_process", str(os.getpid() + 1)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
