"""Machine detection against made-up /proc and /sys trees, and on the machine the test runs on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab.system import machine
from lab.system.machine import Gpu, detect, parse_gpus


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_this_machine(tmp_path: Path) -> None:
    found = detect(tmp_path / "not" / "there")
    assert 1 <= found.physical_cores <= found.logical_cores
    assert 0 < found.memory_available <= found.memory_total
    assert found.disk_free > 0
    assert found.disk_path == str(tmp_path.resolve())
    assert found.cpu


def test_detect_never_imports_torch() -> None:
    code = "import sys; from lab.system.machine import detect; detect(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_hyperthreads_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    topology = "sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    plant(tmp_path, {topology.format(cpu): f"{cpu % 2},{cpu % 2 + 2}" for cpu in range(4)})
    monkeypatch.setattr(machine, "_affinity", lambda: [0, 1, 2, 3])
    found = detect(root=tmp_path)
    assert (found.cores, found.logical_cores) == ((0, 1), 4)


@pytest.mark.parametrize(
    "files",
    [
        {"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "250000 100000"},
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "250000",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    ],
)
def test_cpu_quota_of_a_parent_group_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]
) -> None:
    monkeypatch.setattr(machine, "_affinity", lambda: list(range(8)))
    found = detect(root=plant(tmp_path, files))
    assert (found.physical_cores, found.logical_cores) == (2, 2)


def test_a_quota_below_one_core_still_leaves_one(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000"})
    assert detect(root=tmp_path).physical_cores == 1


def test_no_quota_means_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000"})
    monkeypatch.setattr(machine, "_affinity", lambda: [0, 1, 2])
    assert detect(root=tmp_path).physical_cores == 3


@pytest.mark.parametrize(
    "files",
    [
        {
            "proc/self/cgroup": "0::/job\n",
            "sys/fs/cgroup/job/memory.max": "1000000",
            "sys/fs/cgroup/job/memory.current": "400000",
        },
        {
            "proc/self/cgroup": "4:memory:/job\n",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1000000",
            "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "400000",
        },
    ],
)
def test_memory_limit_of_the_group(tmp_path: Path, files: dict[str, str]) -> None:
    found = detect(root=plant(tmp_path, files))
    assert (found.memory_total, found.memory_available) == (1_000_000, 600_000)


def test_memory_of_the_node_bounds_what_is_available(tmp_path: Path) -> None:
    lines = "Node 0 MemTotal: 9 kB\nNode 0 MemFree: 5 kB\nNode 0 Inactive(file): 2 kB\n"
    plant(tmp_path, {"sys/devices/system/node/node0/meminfo": lines})
    assert detect(root=tmp_path).memory_available == 7 * 1024


def test_cpu_name_and_flags(tmp_path: Path) -> None:
    info = "processor : 0\nmodel name : Some CPU\nflags : sse2 avx512f amx_bf16 avx2\n"
    found = detect(root=plant(tmp_path, {"proc/cpuinfo": info}))
    assert (found.cpu, found.flags) == ("Some CPU", ("avx2", "avx512f", "amx_bf16"))


def test_gpus() -> None:
    text = "NVIDIA A100, PCIe, 40960, 8.0\nNVIDIA L4, 23034\nT4, 15360, 7.5\nnonsense\nNVIDIA X, [N/A]\n"
    assert parse_gpus(text) == (
        Gpu("NVIDIA A100, PCIe", 40960 << 20, (8, 0)),
        Gpu("NVIDIA L4", 23034 << 20),
        Gpu("T4", 15360 << 20, (7, 5)),
    )


@pytest.mark.parametrize("old", [False, True])
def test_a_driver_that_knows_no_compute_capability_still_tells_its_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: bool
) -> None:
    tool = tmp_path / "nvidia-smi"
    refuses = 'case "$*" in *compute_cap*) exit 2;; esac; echo "X, 100"' if old else 'echo "X, 100, 9.0"'
    tool.write_text(f"#!/bin/sh\n{refuses}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert detect(root=tmp_path).gpus == (Gpu("X", 100 << 20, None if old else (9, 0)),)


def test_a_broken_nvidia_smi_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho driver not loaded; exit 9\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert detect(root=tmp_path).gpus == ()
