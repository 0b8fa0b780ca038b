"""Converts a kept draft into a row of the corpus (`lab.formats.corpus`)."""

from __future__ import annotations

from typing import Any

from data_gen.drafts import Draft, written_meta
from lab.core.types import Example, Message
from lab.formats.corpus import Shape
from lab.system.files import canonical_json


def row_of(draft: Draft, shape: Shape = "completion") -> dict[str, Any]:
    """A kept draft as a row. `answer` is the checker's canonical answer ("" if unparsed), `meta` is JSON.

    A gold `solution` and a document's text are left out of the problem's meta: a corpus contains what the
    model wrote and names its source.
    """
    known = written_meta(draft.problem)
    return {
        "problem_id": draft.problem.id,
        "task": draft.task,
        "prompt": [Message(role=m["role"], content=m["content"]) for m in draft.example.prompt],
        **_learned(draft.example, shape),
        "answer": draft.verdict.value or "",
        "meta": canonical_json({**draft.example.meta, "correct": draft.verdict.correct, "problem": known}),
        "prompt_tokens": draft.prompt_tokens,
        "completion_tokens": draft.completion_tokens,
    }


def _learned(example: Example, shape: Shape) -> dict[str, Any]:
    """The columns that a trainer learns from. Raises ValueError if the example lacks what its shape needs."""
    reply = [Message(role="assistant", content=example.completion)]
    if shape == "completion":
        return {"completion": reply}
    if shape == "labelled" and example.label is not None:
        return {"completion": reply, "label": example.label}
    if shape == "preference" and example.rejected is not None:
        return {"chosen": reply, "rejected": [Message(role="assistant", content=example.rejected)]}
    if shape == "steps" and example.steps and len(example.steps) == len(example.step_labels):
        return {"completions": list(example.steps), "labels": list(example.step_labels)}
    raise ValueError(
        f"an example of problem '{example.problem_id}' lacks a field that the shape '{shape}' needs"
    )
