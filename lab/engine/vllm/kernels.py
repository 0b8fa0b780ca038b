"""Uses vLLM's C++ normalisation kernels on a CPU (imports torch and vLLM; used by `library` only).

The CPU build of vLLM has the kernels `rms_norm` and `fused_add_rms_norm`, but version 0.32 uses them on GPUs
only. Its eager CPU path computes each norm in half a dozen passes over float32 copies, which is a fifth of a
decoding step of SmolLM2. Here the kernels are registered as a provider of vLLM's IR, which is the intended
way to extend it. Compiled mode does not need them: inductor fuses the native form.
"""

from __future__ import annotations

from typing import Any

import torch
import vllm._custom_ops  # noqa: F401 (loads the operators)
from vllm import ir

PROVIDER = "lab_cpu"
LANES = 32
"""Hidden sizes must be a multiple of this for the vector instructions of the kernels."""
PRIORITY = {name: [PROVIDER, "native"] for name in ("rms_norm", "fused_add_rms_norm")}
"""The value of vLLM's `ir_op_priority` that prefers these kernels."""


def plain(x: Any, weight: Any, epsilon: float, variance_size: int | None = None) -> bool:
    """Whether the kernel supports this: contiguous rows, normalised completely, by a weight of the same
    type.
    """
    typed = weight is not None and weight.dtype == x.dtype
    return bool(variance_size is None and typed and x.is_contiguous() and x.shape[-1] % LANES == 0)


def both_plain(
    x: Any, x_residual: Any, weight: Any, epsilon: float, variance_size: int | None = None
) -> bool:
    """As `plain`, for the kernel that also adds a residual."""
    return plain(x, weight, epsilon, variance_size) and bool(x_residual.is_contiguous())


@ir.ops.rms_norm.register_impl(PROVIDER, supports_args=plain)  # type: ignore[untyped-decorator]
def rms_norm(
    x: torch.Tensor, weight: torch.Tensor | None, epsilon: float, variance_size: int | None = None
) -> torch.Tensor:
    """Root-mean-square norm of each row; any (..., hidden) shape."""
    output = torch.empty_like(x)
    torch.ops._C.rms_norm(output, x, weight, epsilon)
    return output


@ir.ops.fused_add_rms_norm.register_impl(  # type: ignore[untyped-decorator]
    PROVIDER, supports_args=both_plain, inplace=True
)
def fused_add_rms_norm(
    x: torch.Tensor,
    x_residual: torch.Tensor,
    weight: torch.Tensor | None,
    epsilon: float,
    variance_size: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """(norm of x + residual, x + residual), in place."""
    torch.ops._C.fused_add_rms_norm(x, x_residual, weight, epsilon)
    return x, x_residual
