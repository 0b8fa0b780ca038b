"""Engines draw completions: auto, vllm, hf, openai (any server), classifier, fake; the union is the registry.

A config says which and how, `open` starts it for some weights, `plan` says beforehand what it will be
tuned to on a machine. Importing this package is cheap: torch and vllm are imported by `open`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.core.component import union_of
from lab.engine.auto import AutoConfig, settle
from lab.engine.classifier import ClassifierConfig
from lab.engine.fake import FakeConfig
from lab.engine.hf import HfConfig
from lab.engine.openai import OpenAIConfig
from lab.engine.vllm import VllmConfig

if TYPE_CHECKING:
    EngineConfig = AutoConfig | VllmConfig | HfConfig | OpenAIConfig | ClassifierConfig | FakeConfig
else:
    EngineConfig = union_of(
        "lab.engines", AutoConfig, VllmConfig, HfConfig, OpenAIConfig, ClassifierConfig, FakeConfig
    )

__all__ = [
    "AutoConfig",
    "ClassifierConfig",
    "EngineConfig",
    "FakeConfig",
    "HfConfig",
    "OpenAIConfig",
    "VllmConfig",
    "settle",
]
