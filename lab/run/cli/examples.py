"""The examples at the end of each command's help."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "run": (
        "lab run recipes/quickstart.yaml",
        "lab run recipes/quickstart.yaml seed=1 before.tasks.0.limit=8",
        "lab run recipes/gsm8k.yaml --dry-run",
    ),
    "check": (
        "lab check recipes/quickstart.yaml",
        "lab check recipes/quickstart.yaml before.sampling.max_tokens=64 --full",
        "lab check recipes",
    ),
    "estimate": (
        "lab estimate recipes/gsm8k.yaml",
        "lab estimate recipes/gsm8k.yaml --device h100",
    ),
    "generate": (
        "lab generate --model smollm2-135m --task reasoning_gym:gcd --limit 20",
        "lab generate --model smollm2-135m --task documents:path=mydocs --method grounded_qa",
    ),
    "train": ("lab train --model smollm2-135m --data runs/generate/generate-1234 --method sft:epochs=1",),
    "evaluate": (
        "lab evaluate --model smollm2-135m --task capitals --strategy self_consistency:n=8 --limit 50",
        "lab evaluate --model runs/quickstart/tuned-1234 --task reasoning_gym:gcd --strategy greedy",
        "lab evaluate --model mine --task jsonl:questions.jsonl,checker.kind=numeric --strategy greedy "
        "--engine openai:base_url=http://127.0.0.1:8000/v1",
    ),
    "report": ("lab report quickstart", "lab report quickstart/before other-run/before --out together"),
    "compare": (
        "lab compare quickstart/before quickstart/after",
        "lab compare quickstart/after --against greedy",
    ),
    "list": ("lab list", "lab list strategies", "lab list strategies mcts"),
    "show": ("lab show", "lab show quickstart", "lab show quickstart gcd/test/3"),
    "doctor": ("lab doctor", "lab doctor --deep"),
}


def epilog(command: str) -> str:
    """The examples of a command, one per line."""
    lines = EXAMPLES.get(command, ())
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines))) if lines else ""
