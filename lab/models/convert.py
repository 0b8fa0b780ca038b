"""Converts a built-in model from GGUF to a folder with bf16 safetensors, once, in a process of its own.

Run as `python -m lab.models.convert NAME FOLDER`. The SHA-256 of the GGUF file is checked before it is read.
Two problems are fixed on the way: transformers refuses to save a model loaded from GGUF until its
quantisation settings are removed, and the tokenizer in the Gemma GGUF does not add <bos>.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lab.errors import StageError
from lab.models.builtin import BUILTIN, BuiltinModel
from lab.models.saving import save_tokenizer
from lab.system.files import digest_file


def convert(name: str, folder: Path) -> None:
    """Writes the model and tokenizer of a built-in into `folder`. Raises StageError if the package is
    damaged.
    """
    from lab.models.tiny import make_tiny

    folder.mkdir(parents=True, exist_ok=True)
    if name == "tiny":
        make_tiny(folder)
    else:
        _from_package(BUILTIN[name], folder)
    for path in folder.iterdir():
        path.chmod(0o644)


def _from_package(model: BuiltinModel, folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        gguf = find_gguf(model, Path(scratch))
        check_gguf(model, gguf)
        _save(gguf, folder)


def find_gguf(model: BuiltinModel, scratch: Path) -> Path:
    """The GGUF file of a model's package. A file that ships in parts is joined in `scratch`. The package's
    code is not run.

    Raises StageError if a package is not installed or has no GGUF file.
    """
    if not model.parts:
        return _weights_in(model.package, "*.gguf")
    joined = scratch / "model.gguf"
    with joined.open("wb") as out:
        for part in range(1, model.parts + 1):
            with _weights_in(f"{model.package}_part{part}", "*.gguf.part*").open("rb") as piece:
                shutil.copyfileobj(piece, out, 2**20)
    return joined


def _weights_in(package: str, pattern: str) -> Path:
    """The matching file in an installed package. The package is located but not imported."""
    spec = find_spec(package)
    if spec is None:
        raise StageError(f"package {package} is not installed: run `make venv`")
    found = [path for folder in spec.submodule_search_locations or () for path in Path(folder).rglob(pattern)]
    if len(found) != 1:
        raise StageError(
            f"package {package} should have exactly one file {pattern}, but has {len(found)}: reinstall it"
        )
    return found[0]


def check_gguf(model: BuiltinModel, gguf: Path) -> None:
    """Raise StageError unless the file is the one whose sha256 is pinned."""
    if (found := digest_file(gguf)) != model.sha256:
        raise StageError(
            f"{gguf.name} of package {model.package} is damaged or changed: expected SHA-256 "
            f"{model.sha256}, found {found}; reinstall it (`make venv` installs the right version)"
        )


def _save(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = {"pretrained_model_name_or_path": str(gguf.parent), "gguf_file": gguf.name}
    model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32).to(torch.bfloat16)
    _forget_quantisation(model)
    model.config.dtype = torch.bfloat16
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(**source)
    _mend_bos(tokenizer, model.config)
    save_tokenizer(tokenizer, folder)


def _forget_quantisation(model: Any) -> None:
    for name in ("quantization_config", "_pre_quantization_dtype"):
        if hasattr(model.config, name):
            delattr(model.config, name)
    model.hf_quantizer, model.is_quantized = None, False


def _mend_bos(tokenizer: Any, config: Any) -> None:
    """Makes a Gemma tokenizer add <bos> by itself, as the original does."""
    if not str(config.model_type).startswith("gemma"):
        return
    from tokenizers.processors import TemplateProcessing

    tokenizer.add_bos_token = True
    bos = ("<bos>", tokenizer.convert_tokens_to_ids("<bos>"))
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[bos]
    )


if __name__ == "__main__":
    convert(sys.argv[1], Path(sys.argv[2]))
