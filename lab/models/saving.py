"""Saves a tokenizer so that its files, and with them the model's digest, depend only on the tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

RUN_TIME = {"local_files_only": False}
"""Settings of one process that transformers 5.19 saves in tokenizer_config.json, with their usual values."""


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Writes a transformers tokenizer into `folder`: the same bytes with HF_HUB_OFFLINE set or not.

    Loading without the Hub sets `local_files_only`, which is saved. It is not a property of the tokenizer, so
    it gets the value that it has with the Hub: digests of models that were saved before do not change.
    """
    given = tokenizer.init_kwargs
    given.update({name: value for name, value in RUN_TIME.items() if name in given})
    tokenizer.save_pretrained(folder)
