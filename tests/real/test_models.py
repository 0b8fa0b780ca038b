"""Every built-in model after conversion: the right file, a model that knows English, nothing half-made."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from lab.models import BUILTIN, resolve
from lab.models.cache import entry_of
from lab.models.convert import check_gguf, find_gguf
from lab.models.digests import digest_model

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

PACKAGED = [name for name, model in BUILTIN.items() if model.package]

PARAGRAPH = (
    "The library opened at nine o'clock in the morning. Children came in after school to read books and do "
    "their homework, while older people sat by the window with a newspaper. In the evening the librarian "
    "put the books back on the shelves, turned off the lights, and locked the door."
)


def mean_log_likelihood(folder: Path) -> float:
    """Mean log-probability (nats) of the paragraph's tokens, begun as the tokenizer begins a text."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(PARAGRAPH, return_tensors="pt").input_ids
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        return -float(model(input_ids=ids, labels=ids).loss)


@pytest.mark.parametrize("name", PACKAGED)
def test_a_plain_paragraph_is_likely(name: str) -> None:
    """Nonsense weights score below -10, a forgotten <bos> or a wrong rotary base below -4."""
    assert mean_log_likelihood(resolve(name).path) > -3


@pytest.mark.parametrize("name", PACKAGED)
def test_size_licence_and_types_are_what_is_listed(name: str) -> None:
    from safetensors import safe_open

    weights, model = resolve(name), BUILTIN[name]
    config = json.loads((weights.path / "config.json").read_text())
    assert config["max_position_embeddings"] == model.context_length
    with safe_open(weights.path / "model.safetensors", "pt") as tensors:
        shapes = [tensors.get_slice(key) for key in tensors.keys()]  # noqa: SIM118 (not a mapping)
        assert {s.get_dtype() for s in shapes} == {"BF16"}
        sizes = [s.get_shape() for s in shapes]
    total = sum(s[0] * (s[1] if len(s) > 1 else 1) for s in sizes)
    assert total == model.parameters
    assert digest_model(weights.path, trust_times=False) == weights.digest


@pytest.mark.parametrize("name", PACKAGED)
def test_the_package_ships_the_pinned_file(name: str, tmp_path: Path) -> None:
    check_gguf(BUILTIN[name], find_gguf(BUILTIN[name], tmp_path))


def test_smollm2_keeps_its_chat_template_and_system_prompt() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve("smollm2-135m").path)
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert text == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_gemma_begins_with_bos_and_has_no_template() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(resolve("gemma3-270m").path)
    assert tokenizer("Hello").input_ids[0] == tokenizer.bos_token_id
    assert tokenizer.chat_template is None


def test_a_killed_conversion_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    code = f"import lab.models, pathlib; lab.models.resolve('tiny', cache=pathlib.Path({str(tmp_path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    entry = entry_of("tiny", tmp_path)
    while process.poll() is None and not list(entry.parent.glob(f".{entry.name}.*/model/config.json")):
        time.sleep(0.001)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert not entry.exists()
    good = resolve("tiny", cache=tmp_path)
    assert digest_model(good.path, trust_times=False) == good.digest
