"""Engines run models and generate completions: auto, vllm, hf, openai (any server), classifier, fake.

A config chooses an engine and its settings. `open` starts it for some weights, and `plan` shows in advance
which settings it will use on a machine. Importing this package is fast: `open` imports torch and vLLM.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import Registry

if TYPE_CHECKING:
    from lab.engine.base import EngineComponent

    EngineConfig = EngineComponent

REGISTRY = Registry(
    "lab.engines",
    __name__,
    "EngineConfig",
    "base:EngineComponent",
    auto="AutoConfig",
    vllm="vllm.config:VllmConfig",
    hf="hf.config:HfConfig",
    openai="openai.config:OpenAIConfig",
    classifier="classifier.config:ClassifierConfig",
    fake="fake.engine:FakeConfig",
)
__getattr__ = REGISTRY.exported
