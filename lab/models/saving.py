"""Saving a tokenizer so that its files, and with them the model's digest, depend on the tokenizer alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

RUN_TIME = {"local_files_only": False}
"""Settings of one process that transformers 5.19 saves in tokenizer_config.json, with their usual values."""


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Write a transformers tokenizer into `folder`: the same bytes with HF_HUB_OFFLINE set or not.

    Loading with the Hub switched off sets `local_files_only`, and saving writes it down. It says nothing
    about the tokenizer, so it gets the value that it has with the Hub switched on: digests of models that
    were saved before stay as they are.
    """
    given = tokenizer.init_kwargs
    given.update({name: value for name, value in RUN_TIME.items() if name in given})
    tokenizer.save_pretrained(folder)
