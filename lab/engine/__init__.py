"""Engines draw completions: auto, vllm, hf, openai (any server), classifier, fake; the union is the registry.

A config says which and how, `open` starts it for some weights, `plan` says beforehand what it will be
tuned to on a machine. Importing this package is cheap: torch and vllm are imported by `open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.core.component import Registry, union_of

REGISTRY = Registry(
    "lab.engines",
    __name__,
    auto="AutoConfig",
    vllm="VllmConfig",
    hf="HfConfig",
    openai="OpenAIConfig",
    classifier="ClassifierConfig",
    fake="FakeConfig",
)

if TYPE_CHECKING:
    EngineConfig = Any
else:
    EngineConfig = union_of(REGISTRY)


def __getattr__(name: str) -> Any:
    """A member's class, imported when it is first asked for."""
    return REGISTRY.exported(name)


__all__ = [
    "AutoConfig",
    "ClassifierConfig",
    "EngineConfig",
    "FakeConfig",
    "HfConfig",
    "OpenAIConfig",
    "VllmConfig",
]
