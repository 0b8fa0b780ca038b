"""Engines run models and generate completions: auto, vllm, hf, openai (any server), classifier, fake.

A config says which engine and with which settings, `open` starts it for some weights, and `plan` says in
advance which settings it will use on a machine. Importing this package is fast: torch and vllm are imported
by `open`. The union is the registry.
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
