"""A tokenizer's files are the same whether the Hub was switched off while it was loaded or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.models import resolve
from lab.models.saving import save_tokenizer


def saved(folder: Path, *, offline: bool, plainly: bool = False) -> dict[str, bytes]:
    """The files of the toy model's tokenizer, loaded and saved with the Hub switched off or on."""
    from huggingface_hub import constants
    from transformers import AutoTokenizer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", offline)
        tokenizer = AutoTokenizer.from_pretrained(resolve("tiny").path)
        if plainly:
            tokenizer.save_pretrained(folder)
        else:
            save_tokenizer(tokenizer, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_files_do_not_depend_on_the_hub(tmp_path: Path) -> None:
    on, off = (saved(tmp_path / str(offline), offline=offline) for offline in (False, True))
    assert on == off
    assert on == saved(tmp_path / "plainly", offline=False, plainly=True), "as before, with the Hub on"


def test_transformers_still_writes_the_setting_down(tmp_path: Path) -> None:
    """Once it does not, `save_tokenizer` is no longer needed."""
    config = json.loads(saved(tmp_path / "saved", offline=True, plainly=True)["tokenizer_config.json"])
    assert config["local_files_only"] is True
