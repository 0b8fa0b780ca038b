"""The hardware of this machine, examined without importing torch.

`detect` asks the operating system what this process may use: cores by the scheduler's affinity mask and the
control group's quota, memory by the control group's limit and the memory node, GPUs by `nvidia-smi`. Engines
choose their settings from the result, `lab doctor` shows it, and every run records it as provenance. All
sizes are bytes.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab.system.processor import usable

FLAGS = (
    "avx2",
    "fma",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_bf16",
    "amx_int8",
    "asimd",
    "bf16",
    "sve",
)
"""The CPU flags that determine the speed of matrix products, x86 and ARM."""

_UNLIMITED = 1 << 60


@dataclass(frozen=True, slots=True)
class Gpu:
    """One NVIDIA GPU: its name, total memory in bytes, and compute capability where it is known."""

    name: str
    memory: int
    capability: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """What this process may use; sizes in bytes.

    `cores` has one CPU number per usable physical core; `logical_cores` counts hardware threads. Both respect
    affinity, and a control-group quota reduces them (never below one). `memory_available` is the minimum of
    what the system, the control group and the CPU's memory node have left.
    """

    system: str
    python: str
    cpu: str
    flags: tuple[str, ...]
    logical_cores: int
    cores: tuple[int, ...]
    memory_total: int
    memory_available: int
    gpus: tuple[Gpu, ...]
    disk_path: str
    disk_free: int

    @property
    def physical_cores(self) -> int:
        """How many physical cores may be used."""
        return len(self.cores)


def detect(path: Path | str = ".", *, root: Path | str = "/") -> Machine:
    """Examines this machine; `path` is where free disk space is measured.

    `root` replaces "/" when reading /proc and /sys (for tests). If something cannot be read, Python's own
    value is used. Raises InputError only for a wrong LAB_CPU (see `processor`).
    """
    base = Path(root)
    cpus = _affinity()
    quota = _cpu_quota(base)
    cores = _one_per_core(cpus, base)
    total, available = _memory(base)
    existing = _existing(Path(path))
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        cpu=_cpu_name(base),
        flags=_flags(base),
        logical_cores=min(len(cpus), quota),
        cores=cores[:quota],
        memory_total=total,
        memory_available=available,
        gpus=_gpus(),
        disk_path=str(existing.resolve()),
        disk_free=shutil.disk_usage(existing).free,
    )


def _affinity() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _one_per_core(cpus: list[int], base: Path) -> tuple[int, ...]:
    """The first usable hardware thread of each physical core."""
    seen: dict[str, int] = {}
    for cpu in cpus:
        siblings = _read(base / f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        seen.setdefault(siblings or str(cpu), cpu)
    return tuple(seen.values())


def _cpu_quota(base: Path) -> int:
    """Whole cores the control group allows (version 2, then 1); a large number if it sets no limit."""
    limits = [_UNLIMITED]
    for folder in _cgroup_folders(base, ""):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        limits.append(_cores_of(quota, period))
    for folder in _cgroup_folders(base, "cpu"):
        quota, period = _read(folder / "cpu.cfs_quota_us"), _read(folder / "cpu.cfs_period_us")
        limits.append(_cores_of(quota, period))
    return min(limits)


def _cores_of(quota: str, period: str) -> int:
    microseconds, length = _number(quota), _number(period)
    if microseconds is None or microseconds <= 0 or not length:
        return _UNLIMITED
    return max(1, microseconds // length)


def _memory(base: Path) -> tuple[int, int]:
    """(total, available) in bytes."""
    import psutil

    system = psutil.virtual_memory()
    total, available = system.total, system.available
    pairs = [
        ("", "memory.max", "memory.current"),
        ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ]
    for controller, limit_file, usage_file in pairs:
        for folder in _cgroup_folders(base, controller):
            limit = _number(_read(folder / limit_file))
            if limit is not None and limit < _UNLIMITED:
                used = _number(_read(folder / usage_file)) or 0
                total, available = min(total, limit), min(available, max(0, limit - used))
    return total, min(available, _node_available(base))


def _node_available(base: Path) -> int:
    """What the memory nodes report as free or reclaimable: vLLM refuses a cache larger than its node has."""
    best = 0
    for node in (base / "sys/devices/system/node").glob("node[0-9]*"):
        sizes = {}
        for line in _read(node / "meminfo").splitlines():
            words = line.split()
            if len(words) >= 4:
                sizes[words[2].rstrip(":")] = (_number(words[3]) or 0) * 1024
        names = ("MemFree", "Active(file)", "Inactive(file)", "SReclaimable")
        best = max(best, sum(sizes.get(name, 0) for name in names))
    return best or _UNLIMITED


def _cgroup_folders(base: Path, controller: str) -> list[Path]:
    """This process's control group and its parents; `controller` "" is version 2."""
    mount = base / "sys/fs/cgroup" / controller
    for line in _read(base / "proc/self/cgroup").splitlines():
        _, names, path = (*line.split(":", 2), "", "")[:3]
        if (controller in names.split(",")) if controller else not names:
            here = mount / path.strip("/")
            return [p for p in (here, *here.parents) if p.is_relative_to(mount)]
    return []


def _cpu_name(base: Path) -> str:
    for line in _read(base / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model"}:
            return value.strip()
    return platform.processor() or platform.machine()


def _flags(base: Path) -> tuple[str, ...]:
    for line in _read(base / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"flags", "Features"}:
            present = set(value.split())
            return usable(flag for flag in FLAGS if flag in present)
    return ()


def _gpus() -> tuple[Gpu, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    for fields in ("name,memory.total,compute_cap", "name,memory.total"):  # old drivers lack compute_cap
        query = [tool, f"--query-gpu={fields}", "--format=csv,noheader,nounits"]
        try:
            text = subprocess.run(query, capture_output=True, text=True, timeout=20, check=True).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        return parse_gpus(text)
    return ()


GPU_LINE = re.compile(r"(?P<name>.+), *(?P<memory>\d+)(, *(?P<major>\d+)\.(?P<minor>\d+)| *|, *\[.*\])")
"""A line of `nvidia-smi`: a name (which may contain commas), MiB, and the compute capability if it is
reported.
"""


def parse_gpus(text: str) -> tuple[Gpu, ...]:
    """GPUs from `nvidia-smi`'s "name, MiB, capability" lines; lines in another format are left out."""
    found = []
    for line in text.splitlines():
        if match := GPU_LINE.fullmatch(line):
            major, minor = match["major"], match["minor"]
            capability = (int(major), int(minor)) if major else None
            found.append(Gpu(match["name"].strip(), int(match["memory"]) << 20, capability))
    return tuple(found)


def _existing(path: Path) -> Path:
    """The path itself or its nearest parent that exists."""
    return next((p for p in (path, *path.absolute().parents) if p.exists()), Path("."))


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _number(text: str) -> int | None:
    try:
        return int(text.strip())
    except ValueError:
        return None
