"""Toy classifiers with random weights over the byte tokenizer: whole models for the classifier engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from lab.core.protocols import Weights

LABELS = {"sequence": 1, "classes": 3, "token": 2}


def toy_classifier(folder: Path, head: Literal["sequence", "classes", "token"]) -> Weights:
    """A Llama of two layers with this head; deterministic."""
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification, LlamaForTokenClassification

    from lab.models.tiny import _draw, byte_tokenizer

    tokenizer = byte_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=LABELS[head],
        dtype=torch.float32,
    )
    kind: Any = LlamaForTokenClassification if head == "token" else LlamaForSequenceClassification
    model = kind(config)
    _draw(model, scale=0.3)
    if head == "token":
        model.score.bias.data.zero_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return Weights(f"toy-{head}", folder, f"toy-{head}")
