"""The message for a corpus without examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lab.formats.audit import FILE as AUDIT


def why_empty(report: Mapping[str, Any]) -> str:
    """Why the corpus is empty, and what to change."""
    problems = report["problems"]
    steps = [f"{row['step']} {row['in']} -> {row['out']}" for row in report["yield"]]
    message = f"no example was kept: {problems['asked']} problems, {report['drawn']} examples drawn"
    message += "".join(f", {step}" for step in steps)
    if problems["failed"]:
        message += f"; {problems['failed']} problems failed, first failure: {report['failures'][0]['error']}"
    emptied = [row for row in report["yield"] if row["in"] and not row["out"]]
    reasons = Counter(str(example["reason"]) for row in emptied[:1] for example in row["examples"])
    often = "".join(f" Most frequent reason: {reason}." for reason, _ in reasons.most_common(1))
    blamed = str(emptied[0]["step"]) if emptied else ""
    return f"{message}.{often} {_ADVICE.get(blamed, _ADVICE[''])} {AUDIT} has the details."


_ADVICE = {
    "": "Check the errors of the engine, and the order and limits of the filters.",
    "unfinished": "Every completion reached the token limit: raise sampling.max_tokens.",
    "verified": (
        "The model solved none of the problems: raise method.samples, or use easier "
        "problems or a better model. The dropped examples show whether the answers "
        "have the format that the checker expects."
    ),
    "not_wrong": (
        "No text of the model passed the method's own checks: generate more "
        "(method.questions or samples), lower the temperature, or use a better "
        "model."
    ),
    "embedding_overlap": (
        "Every example is too similar to the evaluation tasks: use other problems, or action: report."
    ),
    "judge_rating": (
        "The judge rates every example low: compare the ratings of right and "
        "wrong examples, lower threshold, or use another judge."
    ),
    "reward": (
        "The reward model gives every example a low score: compare the scores of right "
        "and wrong examples, lower threshold, or check label_index."
    ),
    "ngram_overlap": (
        "Every example overlaps with the evaluation tasks: use other problems, or action: report."
    ),
}
