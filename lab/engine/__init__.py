"""Engines draw completions: fake, vllm, hf, openai (any server), classifier; the union is the registry.

A config says which and how, `open` starts it for some weights, `plan` says beforehand what it will be
tuned to on a machine. Importing this package is cheap: torch and vllm are imported by `open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import union_of
from lab.engine.classifier import ClassifierConfig
from lab.engine.fake import FakeConfig
from lab.engine.hf import HfConfig
from lab.engine.openai import OpenAIConfig
from lab.engine.vllm import VllmConfig

if TYPE_CHECKING:
    EngineConfig = FakeConfig | HfConfig | OpenAIConfig | VllmConfig | ClassifierConfig
else:
    EngineConfig = union_of("lab.engines", FakeConfig, HfConfig, OpenAIConfig, VllmConfig, ClassifierConfig)

__all__ = ["ClassifierConfig", "EngineConfig", "FakeConfig", "HfConfig", "OpenAIConfig", "VllmConfig"]
