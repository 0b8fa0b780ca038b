"""A toy model made in code, for tests and smoke recipes only: a Llama over bytes with random weights.

Its answers are noise, but it is a complete model: chat template, tokenizer, safetensors, and it trains in
seconds. The weights are drawn with numpy, whose generator gives the same numbers on every machine, so the
digest depends only on library versions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.models.saving import save_tokenizer

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


def make_tiny(folder: Path) -> None:
    """Writes the model and its tokenizer into `folder`; the same bytes every time."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        dtype=torch.bfloat16,
    )
    model = LlamaForCausalLM(config)
    _draw(model, scale=0.02)
    model.to(torch.bfloat16).save_pretrained(folder)
    save_tokenizer(tokenizer, folder)


def _draw(model: Any, *, scale: float) -> None:
    """Fills every matrix with normal numbers of this standard deviation; norm weights stay 1."""
    import numpy as np
    import torch

    generator = np.random.Generator(np.random.PCG64(0))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                drawn = generator.standard_normal(tuple(parameter.shape), dtype=np.float32)
                parameter.copy_(torch.from_numpy(drawn * scale))


def byte_tokenizer() -> Any:
    """A byte-level tokenizer without merges (one token a byte), with chat markers."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate((*SPECIAL, *alphabet))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(list(SPECIAL))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        model_max_length=2048,
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer
