"""Every change that the training process makes to other libraries, one function each.

Each has the version it is for and the reason. tests/train/process/test_patches.py fails when the installed
library no longer needs one; then delete it. No other module assigns into a library
(tests/project/test_patches.py).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from lab.engine.template_limits import BYTES, bounded
from lab.errors import InputError


def patch_drawing(*, use_vllm: bool) -> None:
    """Patches for trainers that generate samples; to be called before they are imported."""
    if not use_vllm:
        hide_vllm()
    project_answers_only()


def hide_vllm() -> None:
    """TRL 1.16.0: makes TRL believe that vLLM is not installed.

    trl.generation.vllm_generation imports vLLM whenever it is installed, even if it is not used. The import
    takes longer than a short training.
    """
    found: Any = import_module("trl.import_utils")
    found.is_vllm_available = lambda min_version=None: False


def project_answers_only() -> None:
    """TRL 1.16.0: on a CPU, projects only the positions that predict an answer's token onto the vocabulary.

    TRL does so on devices with Triton. Elsewhere it also projects the prompt's positions, because some
    accelerators compile again for every shape (see the comment in trl.trainer.utils). A CPU does not. The
    numbers are the same.
    """
    import torch

    if not torch.cuda.is_available():
        utils: Any = import_module("trl.trainer.utils")
        utils._use_triton = lambda device: True


@cache
def bound_templates() -> None:
    """transformers 5.19.0: limits every chat template that it renders in this process.

    A template comes with a model folder, and transformers limits neither its time nor its memory (see
    lab.engine.template_limits). Exceeding a limit is an InputError: the model's folder is at fault.
    """
    base: Any = import_module("transformers.tokenization_utils_base")
    plain = base.render_jinja_template

    def render(*given: Any, **options: Any) -> Any:
        try:
            with bounded():
                return plain(*given, **options)
        except (TimeoutError, MemoryError) as error:
            why = str(error) or f"it takes more than {BYTES >> 20} MiB of memory"
            raise InputError(f"the model's chat template cannot be rendered: {why}") from error

    base.render_jinja_template = render
