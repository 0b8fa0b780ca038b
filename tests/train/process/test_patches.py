"""Each change to a library of the training process is still needed, and does what it is for.

A failure here after an upgrade means: the library no longer needs the patch. Delete it from
lab/train/process/patches.py, and its test.
"""

from __future__ import annotations

import ast
import inspect
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from lab.models import resolve


def source(package: str, *path: str) -> str:
    """A file of an installed package, which is not imported."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin
    return Path(spec.origin).parent.joinpath(*path).read_text(encoding="utf-8")


def test_trl_imports_vllm_wherever_it_is_installed() -> None:
    """hide_vllm."""
    for node in ast.parse(source("trl", "generation", "vllm_generation.py")).body:
        if isinstance(node, ast.If) and "is_vllm_available" in ast.unparse(node.test):
            assert "from vllm import" in ast.unparse(node)
            break
    else:
        pytest.fail("TRL no longer imports vLLM with its trainers: hide_vllm can go")
    for trainer in ("grpo", "rloo", "distillation"):
        text = source("trl", "trainer", f"{trainer}_trainer.py")
        assert "\nfrom ..generation.vllm_generation import" in text, "hide_vllm can go"


def test_hidden_vllm_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    from trl import import_utils

    from lab.train.process.patches import hide_vllm

    monkeypatch.setattr(import_utils, "is_vllm_available", lambda min_version=None: True)
    hide_vllm()
    assert not import_utils.is_vllm_available()
    assert not import_utils.is_vllm_available(min_version="0.26.0")


def test_transformers_renders_templates_without_bounds() -> None:
    """bound_templates. That the patch bounds them is tested in test_templates."""
    from transformers import tokenization_utils_base
    from transformers.utils import chat_template_utils

    text = inspect.getsource(chat_template_utils)
    assert not any(word in text for word in ("setitimer", "timeout", "setrlimit")), "bound_templates can go"
    assert "render_jinja_template(" in inspect.getsource(tokenization_utils_base), "the patch hits nothing"


def test_trl_projects_prompts_on_a_cpu_and_the_patch_ends_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """project_answers_only: of 20 tokens, TRL projects 19; the patch, the 5 of the answer."""
    import torch
    from transformers import AutoModelForCausalLM
    from trl.trainer import utils

    from lab.train.process.patches import project_answers_only

    monkeypatch.setattr(utils, "_use_triton", utils._use_triton)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    projected, apply = [], utils._ChunkedLogProbFunction.apply
    spy = type("Spy", (), {"apply": lambda h, *more: projected.append(len(h)) or apply(h, *more)})
    monkeypatch.setattr(utils, "_ChunkedLogProbFunction", spy)
    model = AutoModelForCausalLM.from_pretrained(resolve("tiny").path, dtype=torch.float32)
    utils.add_fused_lm_head(model, temperature=0.7, outputs=("log_probs", "entropy"))
    ids = torch.arange(60).view(3, 20) % 50
    labels = ids.masked_fill(torch.arange(20) < 15, -100)

    def measured() -> tuple[Any, ...]:
        model.zero_grad()
        found = model(input_ids=ids, labels=labels, fused_lm_head=True)
        (found.log_probs.sum() + found.entropy.sum()).backward()
        return found.log_probs, found.entropy, *(p.grad.clone() for p in model.parameters())

    before = measured()
    project_answers_only()
    for mine, theirs in zip(measured(), before, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert projected == [3 * 19, 3 * 5]
