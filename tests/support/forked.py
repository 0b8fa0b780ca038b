"""The processes of stages and of trainings as forks of this one: imports are paid once.

For tests that start hundreds of them. `warm` imports what they import; `forking` puts `Forked` in the place
of `subprocess.Popen` where the lab starts them. Each is a process of its own all the same: it has its own
memory, can be killed, ends with its parent, and takes its orders through the same pipes.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from unittest import mock

from lab.run.execution import stage_processes
from lab.train import launch

PIPE, STDOUT, TimeoutExpired = -1, -2, TimeoutError


def warm() -> None:
    """Import what workers and trainings need, and make the toy model."""
    for name in _NEEDED:
        import_module(name)
    import trl

    from lab.models import resolve

    _ = trl.SFTTrainer, trl.SFTConfig  # both are loaded when first named
    resolve("tiny")


@contextmanager
def forking() -> Iterator[None]:
    """Workers and trainings are forks in this block."""
    shim = SimpleNamespace(Popen=Forked, PIPE=PIPE, STDOUT=STDOUT, TimeoutExpired=TimeoutExpired)
    with (
        mock.patch.object(stage_processes, "subprocess", shim),
        mock.patch.object(launch, "subprocess", shim),
    ):
        yield


class Forked:
    """As much of `subprocess.Popen` as the lab uses for its own processes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdin: int | None = None,
        stdout: Any = None,
        stderr: int | None = None,
        text: bool = False,
        env: dict[str, str] | None = None,
    ) -> None:
        orders, answers = os.pipe(), os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            output = answers[1] if stdout == PIPE else stdout.fileno()
            self._be(list(command), orders[0], output, env, errors=stderr == STDOUT)
        os.close(orders[0])
        os.close(answers[1])
        self.stdin = os.fdopen(orders[1], "w" if text else "wb")
        self.stdout = os.fdopen(answers[0], "r" if text else "rb")
        self.returncode: int | None = None

    @staticmethod
    def _be(command: list[str], stdin: int, stdout: int, env: dict[str, str] | None, *, errors: bool) -> None:
        """Become the process: its own descriptors and nothing else's, then the module's `main`."""
        code = 1
        try:
            os.dup2(stdin, 0)
            os.dup2(stdout, 1)
            if errors:
                os.dup2(1, 2)
            os.closerange(3, 4096)
            os.environ.update(env or {})
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, "rw"[n > 0], closefd=False) for n in range(3))
            code = _main(command)
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        if self.returncode is None:
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def kill(self) -> None:
        """kill -9."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *error: object) -> None:
        self.stdout.close()
        if not self.stdin.closed:
            self.stdin.close()
        self.wait()


def _main(command: list[str]) -> int:
    """The module that a command names, in this process."""
    if "lab.run.execution.stage_process" in command:
        from lab.run.execution.stage_process import main

        return main(*map(int, command[command.index("lab.run.execution.stage_process") + 1 :]))
    from lab.train.process.worker import main as train

    os.environ["ACCELERATE_USE_CPU"] = "true"
    return train(command[command.index("lab.train.process.worker") + 1])


_NEEDED = (
    "datasets",
    "matplotlib.backends.backend_agg",
    "pyarrow.parquet",
    "torch",
    "data_gen.generate",
    "eval.evaluate",
    "eval.report",
    "lab.run.stages.evaluate",
    "lab.run.stages.generate",
    "lab.run.stages.report",
    "lab.run.stages.train",
    "lab.run.execution.stage_process",
    "lab.train.process.build",
    "lab.train.process.export",
    "lab.train.process.step_log",
    "lab.train.process.worker",
)
