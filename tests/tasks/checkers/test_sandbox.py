"""The checking process: what it cannot do and by which layer, its limits, and that it outlives its calls."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.tasks.checkers.sandbox import Sandbox, SandboxBroken, SandboxError, SandboxTimeout, landlock, seccomp

HELD = {"landlock": landlock.abi() >= 6, "seccomp": seccomp.library() is not None}
NOT_BY_LANDLOCK = {
    "change a mode",
    "send a datagram",
    "connect in machine code",
    "start a process",
    "raise its own limits",
}
NOT_BY_SECCOMP = {
    "read a file of the user's",
    "list a folder of the user's",
    "read the parent's environment",
    "read it in machine code",
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    child = Sandbox()
    yield child
    child.close()


def inside(sandbox: Sandbox, code: str, seconds: float = 5.0) -> Any:
    """What `result` is after running code in the child, as if a check had let it in."""
    source = f"(space := {{}}, exec({code!r}, space), space['result'])[-1]"
    return sandbox.call("builtins:eval", source, seconds=seconds)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's layers are Linux's")
def test_what_each_layer_stops(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a key")
    (tmp_path / "victim").write_text("precious")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sets = [*(layer for layer, held in HELD.items() if held), "audit", "landlock+seccomp+audit"]
        command = [sys.executable, "-m", "tests.support.forbidden", str(tmp_path)]
        command += [str(listener.getsockname()[1]), *sets]
        done = subprocess.run(
            command, cwd=Path(__file__).parents[3], capture_output=True, check=True, timeout=120
        )
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    tried = json.loads(done.stdout)
    passed = {
        layers: {deed for deed, said in deeds.items() if said == "done"} for layers, deeds in tried.items()
    }
    assert all(len(deeds) == 23 for deeds in tried.values())
    assert passed.pop("landlock", set()) <= NOT_BY_LANDLOCK
    assert passed.pop("seccomp", set()) <= NOT_BY_SECCOMP
    assert passed == {"audit": set(), "landlock+seccomp+audit": set()}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["secret", "victim"]
    assert (tmp_path / "victim").read_text() == "precious"


def test_the_child_says_which_layers_hold(sandbox: Sandbox) -> None:
    assert sandbox.start() == {"landlock": landlock.abi() > 0, "seccomp": HELD["seccomp"], "audit": True}


def test_the_child_knows_no_secret_and_no_file(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-of-the-test")
    fresh = Sandbox()
    try:
        assert "secret-of-the-test" not in str(inside(fresh, "import os; result = dict(os.environ)"))
        assert inside(fresh, "import os; result = os.path.expanduser('~')") == "/nonexistent"
        assert inside(fresh, "import os; result = os.getcwd()") == "/"
        for code in ("open('/etc/passwd')", f"open({__file__!r})", "__import__('os').listdir('/')"):
            with pytest.raises(SandboxError, match="may not use this file"):
                inside(fresh, f"result = bool({code})")
    finally:
        fresh.close()


def test_the_child_inherits_no_descriptor() -> None:
    kept, other = os.pipe()
    os.set_inheritable(kept, True)
    fresh = Sandbox()
    code = "import os; result = [n for n in range(64) if os.path.exists(n)]"
    try:
        assert inside(fresh, code) == [0, 1, 2, 3]
    finally:
        fresh.close()
        os.close(kept)
        os.close(other)


def test_a_call_has_a_limit_of_processor_time(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxTimeout, match=r"0\.3 s of CPU time"):
        inside(sandbox, "while True: pass", seconds=0.3)
    with pytest.raises(SandboxTimeout):
        inside(sandbox, "9**9**9", seconds=0.3)
    assert inside(sandbox, "result = 5") == 5
    started = time.monotonic()
    assert inside(sandbox, "import time; time.sleep(0.6); result = 6", seconds=0.3) == 6
    assert time.monotonic() - started >= 0.6


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts data")
def test_memory_and_replies_are_bounded(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="MemoryError"):
        inside(sandbox, "result = len(bytearray(9 * 2**30))")
    with pytest.raises(SandboxError, match="too long"):
        inside(sandbox, "result = 'x' * (20 * 2**20)")
    assert inside(sandbox, "result = 'x' * 10") == "x" * 10


def test_a_child_that_was_killed_costs_one_call_nothing(sandbox: Sandbox) -> None:
    pid = inside(sandbox, "import os; result = os.getpid()")
    os.kill(pid, signal.SIGKILL)
    assert inside(sandbox, "result = 7") == 7
    with pytest.raises(SandboxError, match="process ended"):
        inside(sandbox, "import os, signal; os._exit(3)")
    assert inside(sandbox, "result = 8") == 8


def test_a_child_that_cannot_load_a_check_is_no_verdict(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxBroken, match="cannot load no_such_module"):
        sandbox.call("no_such_module:check", "x")
